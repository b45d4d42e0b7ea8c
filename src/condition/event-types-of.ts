import { parseInteger } from "../fields/parse-number.ts";
import type { Comparison, Node, Part, TransformerArgument } from "./ast.ts";
import {
  ALL_CALLS,
  ALL_EVENTS,
  callsNamed,
  eventsNamed,
  type Mask,
  membersOf,
  namesOf,
  sizeOf,
  withAsyncEvent,
} from "./event-sets.ts";

/** The events that can make a condition true. */
export interface ConditionEvents {
  /** Numeric types, ascending, for indexing rules by event; always with that of injected events. */
  readonly types: readonly number[];
  /** Names, sorted, as `falco -L` lists them. */
  readonly names: readonly string[];
  /** How many types the condition itself allows: Falco warns (LOAD_NO_EVTTYPE) above 100. */
  readonly count: number;
}

/** Falco's text where it ends without a result: "Runtime error: <message>. Exiting." */
export interface EventTypesFault {
  readonly message: string;
}

/**
 * The events for which a resolved condition of source syscall can hold, by set algebra over its checks of evt.type,
 * syscall.type and evt.num; every other check allows all. Rules of plugin sources see their plugin's events only, which
 * is the caller's business.
 * Source: libs userspace/libsinsp/filter/ppm_codes.cpp @48dfd53c, falco_engine.cpp get_json_evt_types @13074749.
 */
export function eventTypesOf(node: Node): ConditionEvents | EventTypesFault {
  try {
    const { events, calls } = setsOf(node, false);
    const all = withAsyncEvent(events);
    const known = resultsBySets.get(events)?.get(calls);
    if (known !== undefined) return known;
    const result = lazyEvents(all, calls, sizeOf(events));
    remember(events, calls, result);
    return result;
  } catch (thrown) {
    if (!(thrown instanceof SearchStop)) throw thrown;
    return { message: thrown.message };
  }
}

function lazyEvents(events: Mask, calls: Mask, count: number): ConditionEvents {
  let types: readonly number[] | undefined;
  let names: readonly string[] | undefined;
  return {
    count,
    get types() {
      types ??= membersOf(events);
      return types;
    },
    get names() {
      names ??= namesOf(events, calls);
      return names;
    },
  };
}

/** Most rules of a set allow the same few sets of events. */
const resultsBySets = new Map<Mask, Map<Mask, ConditionEvents>>();

function remember(events: Mask, calls: Mask, result: ConditionEvents): void {
  if (resultsBySets.size > 1_000) resultsBySets.clear();
  const byCalls = resultsBySets.get(events) ?? new Map<Mask, ConditionEvents>();
  byCalls.set(calls, result);
  resultsBySets.set(events, byCalls);
}

class SearchStop extends Error {
  override readonly name = "SearchStop";
}

interface Sets {
  readonly events: Mask;
  readonly calls: Mask;
}

const ALL: Sets = { events: ALL_EVENTS, calls: ALL_CALLS };
const NONE: Sets = { events: 0n, calls: 0n };

// Most checks say nothing about events: what is joined with all or none need not be worked out.

function union(a: Sets, b: Sets): Sets {
  if (a === NONE || b === ALL) return b;
  if (b === NONE || a === ALL) return a;
  return { events: a.events | b.events, calls: a.calls | b.calls };
}

function intersection(a: Sets, b: Sets): Sets {
  if (a === ALL || b === NONE) return b;
  if (b === ALL || a === NONE) return a;
  return { events: a.events & b.events, calls: a.calls & b.calls };
}

function invert({ events, calls }: Sets): Sets {
  return { events: ALL_EVENTS & ~events, calls: ALL_CALLS & ~calls };
}

/** Negation is pushed down to the checks, since a check that says nothing about events says as little when negated. */
function setsOf(node: Node, negated: boolean): Sets {
  switch (node.kind) {
    case "and":
    case "or": {
      const joins = (node.kind === "or") !== negated;
      let sets = joins ? NONE : ALL;
      for (const child of node.children) {
        const others = setsOf(child, negated);
        sets = joins ? union(sets, others) : intersection(sets, others);
      }
      return sets;
    }
    case "not":
      return setsOf(node.child, !negated);
    case "expansion":
      return setsOfMacro(node.child, negated);
    case "macro":
      return ALL;
    case "exists":
      return isEventType(node.left) && negated ? NONE : ALL;
    case "comparison":
      return setsOfComparison(node, negated);
  }
}

/** Most rules of a set share their macros, and trees never change. */
const plainMacros = new WeakMap<Node, Sets>();
const negatedMacros = new WeakMap<Node, Sets>();

function setsOfMacro(macro: Node, negated: boolean): Sets {
  const known = negated ? negatedMacros : plainMacros;
  const sets = known.get(macro) ?? setsOf(macro, negated);
  known.set(macro, sets);
  return sets;
}

const PLAIN_OPERATORS: readonly string[] = ["=", "==", "!=", "in"];

function setsOfComparison(check: Comparison, negated: boolean): Sets {
  const known = knownOutcome(check);
  if (known !== undefined) return known !== negated ? ALL : NONE;
  const plain = check.modifier === undefined && PLAIN_OPERATORS.includes(check.operator);
  if (!plain || !isEventType(check.left)) return ALL;
  const { right } = check;
  if (right.kind === "transformer") {
    isEventType(right);
    throw new SearchStop(
      "right-hand field comparisons on `evt.type`/`syscall.type` checks are not supported by event code search",
    );
  }
  const names = right.kind === "list" ? right.values.map(({ text }) => text) : [right.text];
  let events = 0n;
  let calls = 0n;
  for (const name of names) {
    events |= eventsNamed(name);
    calls |= callsNamed(name);
  }
  const sets = { events, calls };
  return (check.operator === "!=") !== negated ? invert(sets) : sets;
}

/** True for a bare evt.type or syscall.type; with a transformer around one Falco gives up. */
function isEventType(part: Part): boolean {
  if (part.kind === "field") {
    return (part.name === "evt.type" || part.name === "syscall.type") && part.argument === undefined;
  }
  if (part.kind === "transformer" && part.values.some(endsInEventType)) {
    throw new SearchStop("event code search does not support `evt.type` checks with transformers");
  }
  return false;
}

/** Of a list in a transformer only the last element is looked at. */
function endsInEventType(value: TransformerArgument): boolean {
  if (value.kind !== "transformer-list") return isEventType(value);
  return value.items.map(isEventType).at(-1) ?? false;
}

/** What is known of a check without any event: evt.num begins with 1. undefined where nothing is. */
function knownOutcome({ left, operator, modifier, right }: Comparison): boolean | undefined {
  if (left.kind !== "field" || left.name !== "evt.num" || left.argument !== undefined) return undefined;
  if (modifier !== undefined) return undefined;
  if (operator === "in") {
    if (right.kind !== "list") return undefined;
    return right.values.every(({ text }) => parseInteger(text, false, 64) === 0n) ? false : undefined;
  }
  if (right.kind !== "value") return undefined;
  const number = parseInteger(right.text, false, 64);
  if (number === undefined) return undefined;
  switch (operator) {
    case "=":
    case "==":
      return number === 0n ? false : undefined;
    case "!=":
      return number === 0n ? true : undefined;
    case "<":
      return number <= 1n ? false : undefined;
    case "<=":
      return number === 0n ? false : undefined;
    case ">":
      return number === 0n ? true : undefined;
    case ">=":
      return number <= 1n ? true : undefined;
    default:
      return undefined;
  }
}
