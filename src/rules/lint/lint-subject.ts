import type { Comparison, Exists, Node } from "../../condition/ast.ts";
import type { Span } from "../../text/span.ts";
import type { RuleFile } from "../load-rules.ts";
import type { Macro, Origin, Rule, RuleSet, Step } from "../rule-set.ts";
import type { LintCode } from "./lint-codes.ts";

/** A stretch of a rule file. */
export interface Place {
  readonly file: string;
  readonly span: Span;
}

/** A finding before its place is shown. */
export interface LintDraft {
  readonly code: LintCode;
  readonly message: string;
  readonly fix: string;
  readonly place: Place;
  readonly within: readonly string[];
}

/** A rule or macro whose own condition is looked at; what its macros say is their own affair. */
export interface Owner {
  readonly kind: "rule" | "macro";
  readonly name: string;
  /** Event source; for a macro that of the first rule that uses it. */
  readonly source: string;
  readonly item: Rule | Macro;
  /** `rule "x"` */
  readonly title: string;
}

export interface LintSubject {
  readonly ruleSet: RuleSet;
  readonly files: readonly RuleFile[];
  readonly owners: readonly Owner[];
  textOf(file: string): string;
}

export function lintSubject(ruleSet: RuleSet, files: readonly RuleFile[]): LintSubject {
  const texts = new Map(files.map(({ name, text }) => [name, text]));
  const sources = sourcesOfMacros(ruleSet);
  const owner = (kind: Owner["kind"], item: Rule | Macro, source: string): Owner => {
    return { kind, name: item.name, source, item, title: `${kind} ${JSON.stringify(item.name)}` };
  };
  return {
    ruleSet,
    files,
    owners: [
      ...ruleSet.macros.map((macro) => owner("macro", macro, sources.get(macro.name) ?? "syscall")),
      ...ruleSet.rules.map((rule) => owner("rule", rule, rule.source)),
    ],
    textOf: (file) => texts.get(file) ?? "",
  };
}

function sourcesOfMacros({ rules }: RuleSet): Map<string, string> {
  const sources = new Map<string, string>();
  const seen = new Set<Node>();
  const look = (node: Node, source: string): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === "and" || node.kind === "or") for (const child of node.children) look(child, source);
    else if (node.kind === "not") look(node.child, source);
    else if (node.kind === "expansion") {
      if (!sources.has(node.macro)) sources.set(node.macro, source);
      look(node.child, source);
    }
  };
  for (const { tree, source } of rules) look(tree, source);
  return sources;
}

/** One check of a condition; `negated` when it stands under an odd number of nots. */
export interface Check {
  readonly node: Comparison | Exists;
  readonly negated: boolean;
}

/** The checks written in a condition itself, not those of the macros it names. */
export function ownChecks(node: Node, negated = false): Check[] {
  switch (node.kind) {
    case "and":
    case "or":
      return node.children.flatMap((child) => ownChecks(child, negated));
    case "not":
      return ownChecks(node.child, !negated);
    case "comparison":
    case "exists":
      return [{ node, negated }];
    default:
      return [];
  }
}

/** Where a stretch of an owner's expanded condition stands; the owner's item where no file holds it. */
export function placeOfSpan({ item }: Owner, span: Span): Place {
  const start = item.conditionOrigin(span.start);
  if (start === undefined) return placeOfStep(item.history[0]);
  const end = item.conditionOrigin(Math.max(span.start, span.end - 1));
  const last = end !== undefined && end.file === start.file ? end.span.end : start.span.end;
  return { file: start.file, span: { start: start.span.start, end: Math.max(start.span.end, last) } };
}

/** Where a word first stands in the items that define or change something; the first of those items where it does not. */
export function placeOfWord(subject: LintSubject, history: readonly Step[], word: string): Place {
  for (const step of [...history].reverse()) {
    const text = subject.textOf(step.at.file);
    const start = text.indexOf(word, step.at.span.start);
    if (word !== "" && start !== -1 && start < endOfItem(subject, step.at)) {
      return { file: step.at.file, span: { start, end: start + word.length } };
    }
  }
  return placeOfStep(history[0]);
}

/** The first line of an item. */
export function placeOfStep(step: Step | undefined): Place {
  if (step === undefined) return { file: "", span: { start: 0, end: 0 } };
  return { file: step.at.file, span: step.at.span };
}

/** Offset behind an item: where the next item of its file begins. */
export function endOfItem(subject: LintSubject, at: Origin): number {
  const starts = itemStarts(subject, at.file);
  return starts.find((start) => start > at.span.start) ?? subject.textOf(at.file).length;
}

const startsBySubject = new WeakMap<LintSubject, Map<string, readonly number[]>>();

/** Offsets at which the items of a file begin, ascending. */
export function itemStarts(subject: LintSubject, file: string): readonly number[] {
  const known = startsBySubject.get(subject) ?? new Map<string, readonly number[]>();
  startsBySubject.set(subject, known);
  const cached = known.get(file);
  if (cached !== undefined) return cached;
  const { rules, macros, lists } = subject.ruleSet;
  const starts = [...rules, ...macros, ...lists]
    .flatMap(({ history }) => history)
    .flatMap(({ at }) => (at.file === file ? [at.span.start] : []));
  const sorted = [...new Set(starts)].sort((a, b) => a - b);
  known.set(file, sorted);
  return sorted;
}
