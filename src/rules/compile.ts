import type { Diagnostic, FalcoPosition, Node } from "../condition/ast.ts";
import { falcoPositionAt } from "../condition/falco-position.ts";
import { type Output, parseOutput } from "../condition/parse-output.ts";
import { type AnalysisMemory, analyseCondition, type ConditionAnalysis } from "./analyse-condition.ts";
import type { CollectedMacro, CollectedRule } from "./collected.ts";
import type { Collector } from "./collector.ts";
import { type CompiledList, compileLists } from "./compile-lists.ts";
import {
  type CompiledMacro,
  type CompileMemory,
  type ConditionSources,
  parseExpanded,
  resolveExpanded,
} from "./compile-macros.ts";
import { compiledOutput, reportDeprecatedOutput } from "./compile-output.ts";
import { conditionWithExceptions } from "./exception-condition.ts";
import type { Report } from "./item-messages.ts";
import { expressionContext, ItemRejected, type LoadContext, type LoadFinding } from "./load-context.ts";
import type { AppendedOutput } from "./load-options.ts";
import type { RuleDraft } from "./read-draft.ts";
import { placeInSources, type SourcedText } from "./sourced-text.ts";
import { createListTable, type ExpandedText, placeInExpanded } from "./substitute-lists.ts";

export interface CompiledRule {
  readonly collected: CollectedRule;
  readonly expanded: ExpandedText;
  readonly tree: Node;
  /** Names of the macros put in directly. */
  readonly macros: ReadonlySet<string>;
  readonly output: string;
  readonly outputParts: Output;
  readonly analysis: ConditionAnalysis;
}

export interface Compilation {
  readonly lists: readonly CompiledList[];
  readonly macros: ReadonlyMap<string, CompiledMacro>;
  readonly rules: readonly CompiledRule[];
}

export interface CompileOptions {
  readonly appendOutput: readonly AppendedOutput[];
  readonly sources: ReadonlySet<string>;
  /** Minor of the engine version 0.x. */
  readonly engine: number;
  /** Falco's way: the first error ends it. Else every rule has its turn. */
  readonly stopAtFirst: boolean;
  readonly report: Report;
  /** Rules that could not be read: only their errors are wanted. */
  readonly drafts: RuleDraft[];
  /** Takes the names of macros that cannot be compiled. */
  readonly brokenMacros: Set<string>;
  readonly memory: CompileMemory & {
    readonly analyses: AnalysisMemory;
    /** By source. */
    readonly outputs: Map<string, Map<string, ReturnType<typeof parseOutput>>>;
  };
}

/** Falco ends without a result: what it writes to stderr. */
export class FatalLoad extends Error {}

/** More event types than this and Falco warns that a rule is costly. */
const MANY_EVENT_TYPES = 100;

/**
 * Compiles all that is collected: lists, then macros in the order of definition, then rules. Everything is reported;
 * undefined where an error ended it (only with `stopAtFirst`).
 * Source: falco userspace/engine/rule_loader_compiler.cpp @13074749.
 */
export function compile(collector: Collector, options: CompileOptions): Compilation | undefined {
  try {
    const lists = compileLists(collector.lists);
    const sources: ConditionSources = { lists: createListTable(lists), macros: new Map(), memory: options.memory };
    const usedLists = new Set<string>();
    compileMacros([...collector.macros.values()], sources, usedLists, options);
    const rules: CompiledRule[] = [];
    for (const rule of collector.rules.values()) {
      if (rule.unknownSource) continue;
      const compiled = attempt(options, () => compileRule(rule, sources, usedLists, options));
      if (compiled !== undefined) rules.push(compiled);
    }
    for (const draft of options.drafts) checkDraft(draft, sources, options);
    for (const list of lists) list.used ||= usedLists.has(list.name);
    reportUnused(lists, sources.macros, options.report);
    return { lists, macros: sources.macros, rules };
  } catch (thrown) {
    if (!(thrown instanceof ItemRejected)) throw thrown;
    options.report(thrown.findings[0]);
    return undefined;
  }
}

/** Does the work; an error in it is reported, and ends everything only where the first error is to. */
function attempt<Result>(
  { stopAtFirst, report, brokenMacros }: CompileOptions,
  work: () => Result,
): Result | undefined {
  try {
    return work();
  } catch (thrown) {
    if (stopAtFirst || !(thrown instanceof ItemRejected)) throw thrown;
    for (const finding of thrown.findings) {
      // Told by what was broken before: a macro that names itself is broken by this finding alone.
      const follows = finding.macro !== undefined && brokenMacros.has(finding.macro);
      report(follows ? { ...finding, follows } : finding);
    }
    return undefined;
  }
}

function compileMacros(
  collected: readonly CollectedMacro[],
  sources: ConditionSources,
  usedLists: Set<string>,
  options: CompileOptions,
): void {
  const { macros } = sources;
  for (const macro of collected) {
    options.brokenMacros.delete(macro.name);
    attempt(options, () => {
      const { expanded, tree } = parseExpanded(macro.condition, macro.conditionContext, sources);
      macros.set(macro.name, { collected: macro, expanded, tree, macros: new Set(), used: false });
      for (const name of expanded.lists) usedLists.add(name);
    });
    if (!macros.has(macro.name)) options.brokenMacros.add(macro.name);
  }
  for (const macro of [...macros.values()]) {
    const {
      expanded,
      collected: { visibility, context },
    } = macro;
    const resolved = attempt(options, () =>
      resolveExpanded({ tree: macro.tree, expanded, visibility, context }, sources),
    );
    if (resolved === undefined) {
      // Its errors are told here; whoever uses it is not told them again.
      macros.delete(macro.collected.name);
      options.brokenMacros.add(macro.collected.name);
      continue;
    }
    macro.tree = resolved.tree;
    macro.macros = resolved.macros;
    markUsed(resolved.macros, macros);
  }
}

function markUsed(names: ReadonlySet<string>, macros: ReadonlyMap<string, CompiledMacro>): void {
  for (const name of names) {
    const macro = macros.get(name);
    if (macro !== undefined) macro.used = true;
  }
}

function compileRule(
  rule: CollectedRule,
  sources: ConditionSources,
  usedLists: Set<string>,
  options: CompileOptions,
): CompiledRule | undefined {
  const condition = conditionWithExceptions(rule.condition, rule.exceptions);
  const output = compiledOutput(rule, options);
  const outputParts = both(
    options,
    () => readOutput(rule, output, options),
    () => compileCondition(rule, condition, sources, usedLists, options),
  );
  if (outputParts === undefined) return undefined;
  reportDeprecatedOutput(rule, output, options.report);
  const compiled = compileCondition(rule, condition, sources, usedLists, options);
  if (compiled === undefined) return undefined;
  const { expanded, tree, macros, analysis } = compiled;
  return { collected: rule, expanded, tree, macros, output, outputParts, analysis };
}

/** Reports the errors of what there is of a rule that could not be read, and nothing else. */
function checkDraft(draft: RuleDraft, sources: ConditionSources, options: CompileOptions): void {
  if (!options.sources.has(draft.source)) return;
  const quiet: CompileOptions = {
    ...options,
    report: (finding) => {
      if (finding.severity === "error") options.report(finding);
    },
  };
  if (draft.output.text !== "") attempt(quiet, () => readOutput(draft, draft.output.text, quiet));
  if (draft.condition.text === "") return;
  attempt(quiet, () => compileCondition(draft, draft.condition, sources, new Set(), quiet));
}

/** The first work's result; where it fails and every error is wanted, the second's errors are added to it. */
function both<Result>({ stopAtFirst }: CompileOptions, work: () => Result, other: () => unknown): Result {
  try {
    return work();
  } catch (failure) {
    if (stopAtFirst || !(failure instanceof ItemRejected)) throw failure;
    try {
      other();
    } catch (more) {
      if (!(more instanceof ItemRejected)) throw more;
      throw new ItemRejected(...failure.findings, ...more.findings);
    }
    throw failure;
  }
}

function compileCondition(
  rule: RuleDraft,
  condition: SourcedText,
  sources: ConditionSources,
  usedLists: Set<string>,
  options: CompileOptions,
): Pick<CompiledRule, "expanded" | "tree" | "macros" | "analysis"> | undefined {
  const { expanded, tree } = parseExpanded(condition, rule.conditionContext, sources);
  for (const name of expanded.lists) usedLists.add(name);
  const visibility = Number.POSITIVE_INFINITY;
  const resolved = resolveExpanded({ tree, expanded, visibility, context: rule.context }, sources);
  markUsed(resolved.macros, sources.macros);
  const { engine, stopAtFirst, memory } = options;
  memory.budget.spendTree(resolved.tree, rule.context);
  const wanted = { source: rule.source, engine, all: !stopAtFirst };
  const analysis = analyseCondition(resolved.tree, wanted, memory.analyses);
  if (!reportCondition({ rule, expanded, analysis, macros: sources.macros }, options)) return undefined;
  if (rule.source === "syscall") {
    const { fault, count } = analysis.events();
    if (fault !== undefined) throw fatal(fault, rule, stopAtFirst);
    if (count > MANY_EVENT_TYPES && rule.warnEventTypes) {
      const message = "Rule matches too many evt.type values. This has a significant performance penalty.";
      options.report({ severity: "warning", code: "LOAD_NO_EVTTYPE", message, context: rule.context });
    }
  }
  return { expanded, tree: resolved.tree, macros: resolved.macros, analysis };
}

/** Falco ends over such a rule; where every rule is to have its turn it is an error like others. */
function fatal(message: string, rule: RuleDraft, stopAtFirst: boolean): Error {
  const words = fatalWords(message);
  if (stopAtFirst) return new FatalLoad(words);
  return new ItemRejected({ severity: "error", code: "RULES_FATAL", message: words, context: rule.conditionContext });
}

/** The output's parts; undefined where the rule is to be skipped with a warning. Throws where it cannot be formatted. */
function readOutput(rule: RuleDraft, text: string, options: CompileOptions): Output | undefined {
  const { engine, memory, report } = options;
  const known = memory.outputs.get(rule.source) ?? new Map<string, ReturnType<typeof parseOutput>>();
  memory.outputs.set(rule.source, known);
  const parsed = known.get(text) ?? parseOutput(text, { source: rule.source, engine });
  known.set(text, parsed);
  if (parsed.output !== undefined) return parsed.output;
  const { message, span } = parsed.error;
  const place = text.startsWith(rule.output.text) ? placeInSources(rule.output, span.start, span.end) : undefined;
  const finding = { message, context: rule.outputContext, ...(place === undefined ? {} : { place }) };
  if (rule.skipIfUnknownFilter && isUnknownFilter(message)) {
    report({ ...finding, severity: "warning", code: "LOAD_UNKNOWN_FILTER" });
    return undefined;
  }
  throw new ItemRejected({ ...finding, severity: "error", code: "LOAD_ERR_COMPILE_OUTPUT" });
}

/** Falco tells by their words which faults skip-if-unknown-filter forgives. */
function isUnknownFilter(message: string): boolean {
  const words = ["nonexistent field", "invalid formatting token", "unknown event type", "unknown filter:"];
  return words.some((word) => message.includes(word));
}

interface AnalysedRule {
  readonly rule: RuleDraft;
  readonly expanded: ExpandedText;
  readonly analysis: ConditionAnalysis;
  readonly macros: ReadonlyMap<string, CompiledMacro>;
}

/** Reports what the checks of a condition found; false where the rule is to be skipped. Throws for the first error. */
function reportCondition(analysed: AnalysedRule, { report, stopAtFirst }: CompileOptions): boolean {
  const { rule, analysis } = analysed;
  if (analysis.early.length + analysis.errors.length + analysis.late.length === 0) return true;
  const finding = (diagnostic: Diagnostic): Pick<LoadFinding, "message" | "context" | "macros" | "place"> => {
    const { macros: path, span } = diagnostic;
    const last = path.at(-1);
    const expanded = (last === undefined ? undefined : analysed.macros.get(last)?.expanded) ?? analysed.expanded;
    const place = placeInExpanded(expanded, span.start, span.end);
    const context = conditionContext(analysed, falcoPositionAt(expanded.text, diagnostic.falcoOffset));
    return { message: diagnostic.message, context, macros: path, ...(place === undefined ? {} : { place }) };
  };
  const atStart = conditionContext(analysed, { line: 0, column: 0, offset: 0 });
  for (const diagnostic of analysis.early) {
    const { kind, deprecatedField } = diagnostic;
    const code = kind === "deprecated-field" ? "LOAD_DEPRECATED_ITEM" : "LOAD_UNSAFE_NA_CHECK";
    const early: LoadFinding = { ...finding(diagnostic), severity: "warning", code, context: atStart };
    report(deprecatedField === undefined ? early : { ...early, deprecatedField });
  }
  const [error, ...others] = analysis.errors;
  if (error !== undefined) {
    if (rule.skipIfUnknownFilter && isUnknownFilter(error.message)) {
      report({ ...finding(error), severity: "warning", code: "LOAD_UNKNOWN_FILTER" });
      return false;
    }
    if (error.kind === "fatal" && stopAtFirst) throw new FatalLoad(fatalWords(error.message));
    const [first, ...rest] = [error, ...others].map((diagnostic) => conditionError(diagnostic, finding(diagnostic)));
    if (first !== undefined) throw new ItemRejected(first, ...rest);
  }
  for (const warning of analysis.late) {
    report({ ...finding(warning), severity: "warning", code: "LOAD_COMPILE_CONDITION" });
  }
  return true;
}

function conditionError({ kind, message }: Diagnostic, finding: Pick<LoadFinding, "message" | "context">): LoadFinding {
  if (kind !== "fatal") return { ...finding, severity: "error", code: "LOAD_ERR_COMPILE_CONDITION" };
  return { ...finding, severity: "error", code: "RULES_FATAL", message: fatalWords(message) };
}

function fatalWords(message: string): string {
  return `Runtime error: ${message}. Exiting.`;
}

function conditionContext({ rule, expanded }: AnalysedRule, position: FalcoPosition): LoadContext {
  return expressionContext(expanded.source.text, position, rule.conditionContext);
}

function reportUnused(
  lists: readonly CompiledList[],
  macros: ReadonlyMap<string, CompiledMacro>,
  report: Report,
): void {
  for (const {
    used,
    collected: { context },
  } of macros.values()) {
    const message = "Macro not referred to by any other rule/macro";
    if (!used) report({ severity: "warning", code: "LOAD_UNUSED_MACRO", message, context });
  }
  for (const {
    used,
    collected: { context },
  } of lists) {
    const message = "List not referred to by any other rule/macro";
    if (!used) report({ severity: "warning", code: "LOAD_UNUSED_LIST", message, context });
  }
}
