import { compileCondition, type Test } from "../condition/compile-condition.ts";
import { eventTypesOf } from "../condition/event-types-of.ts";
import type { ScapEvent } from "../event/event.ts";
import { EVENT_TYPES } from "../event/event-types.ts";
import type { Rule } from "../rules/rule-set.ts";
import type { CaptureFields } from "../state/capture-fields.ts";

/** `rule_matching` of falco.yaml: the first rule that matches an event gives the only alert, or each gives one. */
export type Matching = "first" | "all";

/** Calls `onMatch` for the rules that the current event matches, in the order of the rule set. */
type RuleMatcher = (event: ScapEvent, onMatch: (rule: Rule) => void) => void;

interface Candidate {
  readonly rule: Rule;
  readonly test: Test<ScapEvent>;
}

/** The matcher of the active rules for system calls; rules are looked at only for the types of events they can fire on. */
export function ruleMatcher(rules: readonly Rule[], fields: CaptureFields, matching: Matching): RuleMatcher {
  const byType: Candidate[][] = EVENT_TYPES.map(() => []);
  for (const rule of rules) {
    if (!rule.active || rule.source !== "syscall") continue;
    const events = eventTypesOf(rule.tree);
    if ("message" in events) continue;
    const candidate = { rule, test: compileCondition(rule.tree, fields, { source: rule.source }) };
    for (const type of events.types) byType[type]?.push(candidate);
  }
  return (event, onMatch) => {
    const candidates = byType[event.type];
    if (candidates === undefined) return;
    for (const { rule, test } of candidates) {
      if (!test(event)) continue;
      onMatch(rule);
      if (matching === "first") return;
    }
  };
}
