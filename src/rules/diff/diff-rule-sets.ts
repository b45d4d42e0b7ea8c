import { priorityNumber } from "../../alert/priority.ts";
import { parseOutput } from "../../condition/parse-output.ts";
import type { Rule, RuleSet } from "../rule-set.ts";
import { compareConditions } from "./compare-conditions.ts";

/**
 * What became of a rule. weakened: it raises an alert for less, or less urgently; strengthened: for more, or more urgently;
 * changed: for some more and some less, or what changed cannot be weighed; cosmetic: for exactly the same events.
 */
export type RuleChange = "added" | "removed" | "weakened" | "strengthened" | "changed" | "cosmetic";

export interface RuleDiff {
  readonly rule: string;
  readonly change: RuleChange;
  /** What changed, in words, the weightiest first. */
  readonly details: readonly string[];
  /** Checks that hold for an event that only the old rule caught, and that only the new one does. */
  readonly lost: readonly string[];
  readonly gained: readonly string[];
}

export interface RuleSetDiff {
  /** In the order of the new set, removed rules last. */
  readonly rules: readonly RuleDiff[];
  readonly unchanged: number;
  /** Rules whose order of evaluation changed against others': it matters under rule_matching: first. */
  readonly moved: readonly string[];
}

/** Two rule sets compared by what their rules catch: macros, lists, order of clauses and layout make no difference. */
export function diffRuleSets(before: RuleSet, after: RuleSet): RuleSetDiff {
  const old = new Map(before.rules.map((rule) => [rule.name, rule]));
  const now = new Set(after.rules.map(({ name }) => name));
  const rules: RuleDiff[] = [];
  let unchanged = 0;
  for (const rule of after.rules) {
    const earlier = old.get(rule.name);
    if (earlier === undefined) rules.push(plain(rule.name, "added", rule));
    else {
      const diff = diffRules(earlier, rule);
      if (diff === undefined) unchanged += 1;
      else rules.push(diff);
    }
  }
  for (const rule of before.rules) if (!now.has(rule.name)) rules.push(plain(rule.name, "removed", rule));
  return { rules, unchanged, moved: movedRules(before, after) };
}

function plain(rule: string, change: "added" | "removed", { priority, active, source }: Rule): RuleDiff {
  const details = [`${priority}, source ${source}${active ? "" : ", does not run"}`];
  return { rule, change, details, lost: [], gained: [] };
}

/** What became of one rule; undefined where nothing did. */
function diffRules(before: Rule, after: Rule): RuleDiff | undefined {
  const details: string[] = [];
  const weights = new Set<"less" | "more" | "other">();
  const { lost, gained } = compareWhatFires(before, after, details, weights);
  if (before.source !== after.source) {
    details.push(`source ${before.source} → ${after.source}`);
    weights.add("other");
  }
  if (before.priority !== after.priority) {
    details.push(`priority ${before.priority} → ${after.priority}`);
    weights.add(priorityNumber(after.priority) > priorityNumber(before.priority) ? "less" : "more");
  }
  details.push(...wording(before, after));
  if (details.length === 0) return undefined;
  return { rule: after.name, change: changeOf(weights), details, lost, gained };
}

function changeOf(weights: ReadonlySet<"less" | "more" | "other">): RuleChange {
  if (weights.has("other") || (weights.has("less") && weights.has("more"))) return "changed";
  if (weights.has("less")) return "weakened";
  return weights.has("more") ? "strengthened" : "cosmetic";
}

function compareWhatFires(
  before: Rule,
  after: Rule,
  details: string[],
  weights: Set<"less" | "more" | "other">,
): { lost: readonly string[]; gained: readonly string[] } {
  if (before.active !== after.active) {
    details.push(after.active ? "it runs now" : "it does not run any more");
    weights.add(after.active ? "more" : "less");
  }
  const { relation, lost, gained } =
    before.compiled === after.compiled
      ? ({ relation: "same", lost: [], gained: [] } as const)
      : compareConditions(before.tree, after.tree, after.source);
  switch (relation) {
    case "narrower":
      details.push("the condition matches less");
      weights.add("less");
      break;
    case "wider":
      details.push("the condition matches more");
      weights.add("more");
      break;
    case "different":
      details.push("the condition matches other events");
      weights.add("other");
      break;
    case "undecided":
      details.push("the condition is written differently; whether it matches the same could not be decided");
      weights.add("other");
      break;
    case "same":
      if (before.condition !== after.condition)
        details.push("the condition is written differently and matches the same");
  }
  return { lost, gained };
}

/** Differences that no event notices, but people may. */
function wording(before: Rule, after: Rule): string[] {
  const details: string[] = [];
  if (before.compiledOutput !== after.compiledOutput) {
    const [was, is] = [outputFields(before), outputFields(after)];
    const [gone, come] = [was.filter((name) => !is.includes(name)), is.filter((name) => !was.includes(name))];
    if (gone.length > 0) details.push(`the output no longer names ${gone.join(", ")}`);
    if (come.length > 0) details.push(`the output also names ${come.join(", ")}`);
    if (gone.length + come.length === 0) details.push("the output is worded differently");
  }
  const [was, is] = [new Set(before.tags), new Set(after.tags)];
  const gone = before.tags.filter((tag) => !is.has(tag));
  const come = after.tags.filter((tag) => !was.has(tag));
  if (gone.length > 0) details.push(`tags gone: ${gone.join(", ")}`);
  if (come.length > 0) details.push(`tags come: ${come.join(", ")}`);
  if (before.description !== after.description) details.push("the description is worded differently");
  if (before.capture !== after.capture || before.captureDurationMs !== after.captureDurationMs) {
    details.push(
      after.capture ? `it records a capture of ${after.captureDurationMs} ms` : "it records no capture any more",
    );
  }
  return details;
}

function outputFields({ compiledOutput, source }: Rule): string[] {
  const { output } = parseOutput(compiledOutput, { source });
  return [...new Set((output?.fields ?? []).map(({ name }) => name))];
}

/** The fewest rules that would have to be taken out for the order of the others to be the old one. */
function movedRules(before: RuleSet, after: RuleSet): string[] {
  const places = new Map(before.rules.map(({ name }, at) => [name, at]));
  const common = after.rules.flatMap(({ name }) => {
    const place = places.get(name);
    return place === undefined ? [] : [{ name, place }];
  });
  const staying = longestRise(common.map(({ place }) => place));
  return common.flatMap(({ name }, at) => (staying.has(at) ? [] : [name]));
}

/** Indexes of a longest rising subsequence, by patience sorting. */
function longestRise(numbers: readonly number[]): ReadonlySet<number> {
  const tops: number[] = [];
  const before: number[] = [];
  for (const [at, number] of numbers.entries()) {
    let low = 0;
    let high = tops.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((numbers[tops[middle] ?? 0] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    before[at] = low > 0 ? (tops[low - 1] ?? -1) : -1;
    tops[low] = at;
  }
  const kept = new Set<number>();
  for (let at = tops.at(-1) ?? -1; at >= 0; at = before[at] ?? -1) kept.add(at);
  return kept;
}
