import type { Comparison, Node } from "../../condition/ast.ts";
import { type ConditionLogic, createConditionLogic } from "./condition-logic.ts";
import { type Literal, satisfy } from "./satisfy.ts";

/**
 * How what two conditions match relates. same: every event matches both or neither; narrower: the second matches less;
 * wider: it matches more; different: each matches something the other does not; undecided: too large to tell.
 */
export type Relation = "same" | "narrower" | "wider" | "different" | "undecided";

export interface ConditionComparison {
  readonly relation: Relation;
  /** Checks of an event that only the first matches, that only the second matches; empty where there is none. */
  readonly lost: readonly string[];
  readonly gained: readonly string[];
}

/** Looks at clauses per question; a rule of the official set needs some thousand. */
const MAX_STEPS = 400_000;
/** Checks shown of an event. */
const MAX_SHOWN = 8;

/**
 * How two conditions (macros resolved) of one source relate, whatever their form: order, brackets, lists or single
 * values, macros or their text make no difference. undefined stands for a rule that does not run. Checks by regex, glob
 * or of fields with several values are compared as they are written, so that two forms of those count as different.
 */
export function compareConditions(
  before: Node | undefined,
  after: Node | undefined,
  source: string,
): ConditionComparison {
  const logic = createConditionLogic(source);
  const nothing = -logic.encode(EVERYTHING);
  const first = before === undefined ? nothing : logic.encode(before);
  const second = after === undefined ? nothing : logic.encode(after);
  if (first === second) return { relation: "same", lost: [], gained: [] };
  const clauses = logic.clauses();
  const lost = onlyIn(first, second, logic, clauses);
  const gained = onlyIn(second, first, logic, clauses);
  if (lost === undefined || gained === undefined) {
    return { relation: "undecided", lost: lost ?? [], gained: gained ?? [] };
  }
  const relation =
    lost.length > 0 ? (gained.length > 0 ? "different" : "narrower") : gained.length > 0 ? "wider" : "same";
  return { relation, lost, gained };
}

/** Whether every event that the inner condition matches is matched by the outer one too; false when it cannot be told. */
export function covers(outer: Node, inner: Node, source: string, maxSteps = 50_000): boolean {
  const logic = createConditionLogic(source);
  const [whole, part] = [logic.encode(outer), logic.encode(inner)];
  return satisfy(logic.clauses(), [part, -whole], logic.order(), maxSteps).kind === "contradiction";
}

/** Whether no event can match, be it that the rule is switched off. */
export function neverHolds(node: Node, source: string): boolean {
  const logic = createConditionLogic(source);
  const literal = logic.encode(node);
  return satisfy(logic.clauses(), [literal], logic.order(), MAX_STEPS).kind === "contradiction";
}

/**
 * Whether no event can match, other than by the switches that rules are turned off with: `evt.num = 0`, its negation and
 * `in ()` count as whatever lets most events through.
 */
export function isContradiction(node: Node, source: string): boolean {
  return neverHolds(switchedOn(node, false, [new Map(), new Map()]), source);
}

/** The condition with its switches turned so that they let most through. `known` holds what is done, plain and negated. */
function switchedOn(node: Node, negated: boolean, known: readonly [Map<Node, Node>, Map<Node, Node>]): Node {
  const done = known[negated ? 1 : 0];
  const found = done.get(node) ?? switchOn(node, negated, known);
  done.set(node, found);
  return found;
}

function switchOn(node: Node, negated: boolean, known: readonly [Map<Node, Node>, Map<Node, Node>]): Node {
  switch (node.kind) {
    case "and":
    case "or":
      return { ...node, children: node.children.map((child) => switchedOn(child, negated, known)) };
    case "not":
      return { ...node, child: switchedOn(node.child, !negated, known) };
    case "expansion":
      return switchedOn(node.child, negated, known);
    case "comparison":
      return isSwitch(node) ? (negated ? NOTHING : EVERYTHING) : node;
    default:
      return node;
  }
}

function isSwitch({ left, right }: Comparison): boolean {
  return (left.kind === "field" && left.name === "evt.num") || (right.kind === "list" && right.values.length === 0);
}

const EVERYTHING: Node = { kind: "and", span: { start: 0, end: 0 }, children: [] };
const NOTHING: Node = { kind: "or", span: { start: 0, end: 0 }, children: [] };

/** The checks that hold for an event that matches the one and not the other; [] when there is no such event. */
function onlyIn(
  one: Literal,
  other: Literal,
  logic: ConditionLogic,
  clauses: readonly (readonly Literal[])[],
): readonly string[] | undefined {
  const found = satisfy(clauses, [one, -other], logic.order(), MAX_STEPS);
  if (found.kind === "unknown") return undefined;
  if (found.kind === "contradiction") return [];
  const holding = found.model.flatMap((value, variable) => (value === true ? (logic.textOf(variable) ?? []) : []));
  const telling = holding.filter((text) => !text.endsWith(" exists"));
  const shown = telling.length > 0 ? telling : holding;
  return shown.length > 0 ? shown.slice(0, MAX_SHOWN) : ["an event for which none of the named checks holds"];
}
