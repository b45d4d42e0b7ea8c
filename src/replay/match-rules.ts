import type { Node } from "../condition/ast.ts";
import { compileCondition, type Test } from "../condition/compile-condition.ts";
import { eventTypesOf } from "../condition/event-types-of.ts";
import { type KnownFields, narrowCondition } from "../condition/narrow-condition.ts";
import type { ScapEvent } from "../event/event.ts";
import { EVENT_TYPES } from "../event/event-types.ts";
import type { Rule } from "../rules/rule-set.ts";
import type { CaptureFields } from "../state/capture-fields.ts";

/** `rule_matching` of falco.yaml: the first rule that matches an event gives the only alert, or each gives one. */
export type Matching = "first" | "all";

/** Calls `onMatch` for the rules that the current event matches, in the order of the rule set. */
type RuleMatcher = (event: ScapEvent, onMatch: (rule: Rule) => void) => void;

/** What an event of one type must fulfil for a rule: the first check of the rule's condition, then what is left of it. */
interface Candidate {
  readonly rule: Rule;
  readonly first: SharedTest;
  readonly rest: Test<ScapEvent> | undefined;
}

/** A test that several rules begin with; an event is asked once. */
interface SharedTest {
  readonly test: Test<ScapEvent>;
  eventNumber: number;
  holds: boolean;
}

/** Types whose `evt.type` differs from event to event: calls without a type of their own, events of plugins. */
const NAMED_BY_EVENT = new Set([1, 402]);

/**
 * The matcher of the active rules for system calls. Rules are looked at only for the types of events they can fire on, and
 * made ready for a type when its first event comes: few types of the hundreds ever do.
 */
export function ruleMatcher(rules: readonly Rule[], fields: CaptureFields, matching: Matching): RuleMatcher {
  const rulesByType: Rule[][] = EVENT_TYPES.map(() => []);
  for (const rule of rules) {
    if (!rule.active || rule.source !== "syscall") continue;
    const events = eventTypesOf(rule.tree);
    if ("message" in events) continue;
    for (const type of events.types) rulesByType[type]?.push(rule);
  }
  const ready: (readonly Candidate[] | undefined)[] = EVENT_TYPES.map((_, type) =>
    rulesByType[type]?.length === 0 ? [] : undefined,
  );
  return (event, onMatch) => {
    let candidates = ready[event.type];
    if (candidates === undefined) {
      candidates = candidatesOf(event.type, rulesByType[event.type] ?? [], fields);
      ready[event.type] = candidates;
    }
    if (candidates.length === 0) return;
    for (const { rule, first, rest } of candidates) {
      if (!holdsFor(event, first) || (rest !== undefined && !rest(event))) continue;
      onMatch(rule);
      if (matching === "first") return;
    }
  };
}

function holdsFor(event: ScapEvent, shared: SharedTest): boolean {
  if (shared.eventNumber !== event.number) {
    shared.eventNumber = event.number;
    shared.holds = shared.test(event);
  }
  return shared.holds;
}

/** Rules as they stand for one type of event: without what the type already decides, and without those it rules out. */
function candidatesOf(type: number, rules: readonly Rule[], fields: CaptureFields): readonly Candidate[] {
  const name = EVENT_TYPES[type]?.name;
  const known: KnownFields = name === undefined || NAMED_BY_EVENT.has(type) ? {} : { "evt.type": name };
  const shared = new Map<Node, SharedTest>();
  return rules.flatMap((rule) => {
    const tree = narrowCondition(rule.tree, known);
    if (tree === false) return [];
    const context = { source: rule.source };
    if (tree === true) return [{ rule, first: ALWAYS, rest: undefined }];
    const { first, rest } = firstCheck(tree);
    let test = shared.get(first);
    if (test === undefined) {
      test = { test: compileCondition(first, fields, context), eventNumber: -1, holds: false };
      shared.set(first, test);
    }
    return [{ rule, first: test, rest: rest && compileCondition(rest, fields, context) }];
  });
}

const ALWAYS: SharedTest = { test: () => true, eventNumber: -1, holds: true };

/** The first part of a condition whose parts must all hold, and the others. */
function firstCheck(tree: Node): { readonly first: Node; readonly rest: Node | undefined } {
  const whole = withoutName(tree);
  if (whole.kind !== "and") return { first: whole, rest: undefined };
  const [first = whole, ...others] = whole.children;
  const [second] = others;
  const rest = others.length > 1 ? Object.freeze({ ...whole, children: others }) : second;
  return { first: withoutName(first), rest };
}

/** What a macro stands for: rules share it, while each has its own mention of the macro. */
function withoutName(node: Node): Node {
  return node.kind === "expansion" ? withoutName(node.child) : node;
}
