import { type LoadOptions, loadRules } from "../load-rules.ts";
import type { RuleSet, Step } from "../rule-set.ts";
import { type LintDraft, type LintSubject, placeOfStep } from "./lint-subject.ts";

/** More files than this are not loaded again one by one. */
const MAX_FILES = 30;

/** Macros and lists to which a later file gives another meaning, with how many rules of earlier files that changes. */
export function lintRedefinitions(subject: LintSubject, options: LoadOptions): LintDraft[] {
  const { macros, lists } = subject.ruleSet;
  const items = [
    ...macros.map(({ name, history }) => ({ kind: "macro" as const, name, history })),
    ...lists.map(({ name, history }) => ({ kind: "list" as const, name, history })),
  ].filter(({ history }) => history.some(isRedefinition(history)));
  if (items.length === 0 || subject.files.length > MAX_FILES) return [];
  const loads = new Map<number, RuleSet>();
  const upTo = (count: number): RuleSet => {
    const known = loads.get(count) ?? loadRules(subject.files.slice(0, count), options).ruleSet;
    loads.set(count, known);
    return known;
  };
  return items.flatMap(({ kind, name, history }) =>
    history.filter(isRedefinition(history)).flatMap((step): LintDraft[] => {
      const at = subject.files.findIndex((file) => file.name === step.at.file);
      const [before, after] = [upTo(at), upTo(at + 1)];
      if (meaningOf(before, kind, name) === meaningOf(after, kind, name)) return [];
      const changed = changedRules(before, after, step.at.file);
      const first = history[0]?.at;
      const count = changed.length === 1 ? "1 rule" : `${changed.length} rules`;
      const which = changed.length === 0 ? "" : `, among them ${JSON.stringify(changed[0])}`;
      return [
        {
          code: kind === "macro" ? "LINT_REDEFINED_MACRO" : "LINT_REDEFINED_LIST",
          message: `${kind} ${name} of ${first?.file ?? "an earlier file"}:${first?.line ?? 0} gets another meaning; this file's redefinitions change ${count} of earlier files${which}`,
          fix: `Give the ${kind} a name of its own, or write override: {${kind === "macro" ? "condition" : "items"}: append} if it is meant for all rules.`,
          place: placeOfStep(step),
          within: [`${kind} ${JSON.stringify(name)}`],
        },
      ];
    }),
  );
}

/** Said by override is meant: only a definition that does not know of the first one is told of. */
function isRedefinition(history: readonly Step[]): (step: Step) => boolean {
  return ({ action, at }) => action === "redefine" && at.file !== history[0]?.at.file;
}

function meaningOf({ macros, lists }: RuleSet, kind: "macro" | "list", name: string): string | undefined {
  if (kind === "macro") return macros.find((macro) => macro.name === name)?.compiled;
  const items = lists.find((list) => list.name === name)?.expandedItems;
  return items === undefined ? undefined : JSON.stringify([...new Set(items)].sort());
}

/** Rules that compile to something else although the file does not name them. */
function changedRules(before: RuleSet, after: RuleSet, file: string): string[] {
  const now = new Map(after.rules.map((rule) => [rule.name, rule]));
  return before.rules.flatMap(({ name, compiled }) => {
    const rule = now.get(name);
    if (rule === undefined || rule.history.some(({ at }) => at.file === file)) return [];
    return rule.compiled === compiled ? [] : [name];
  });
}
