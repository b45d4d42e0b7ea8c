import type { Comparison, Exists, Field, Node, Transformer, TransformerArgument } from "../../condition/ast.ts";
import { ALL_EVENTS, eventsNamed, type Mask } from "../../condition/event-sets.ts";
import { eventTypesOf } from "../../condition/event-types-of.ts";
import { EVENT_TYPES } from "../../event/event-types.ts";

/** Flags of event types: makes, closes or uses a file descriptor (libs driver/ppm_events_public.h @48dfd53c). */
const CONCERNS_DESCRIPTOR = 0b111;

const OPENS = ["open", "openat", "openat2", "open_by_handle_at", "creat"];

const withDescriptor = maskOf(({ flags }) => (flags & CONCERNS_DESCRIPTOR) !== 0);
const opens = OPENS.reduce((mask, name) => mask | eventsNamed(name), 0n);
const byParameter = new Map<string, Mask>();

function maskOf(has: (type: (typeof EVENT_TYPES)[number]) => boolean): Mask {
  return EVENT_TYPES.reduce((mask, type) => (has(type) ? mask | (1n << BigInt(type.id)) : mask), 0n);
}

/** The event types that carry a field at all; undefined where that is not known. */
function carriersOf(field: Field): Mask | undefined {
  if (field.name.startsWith("fd.") && field.name !== "fd.types") return withDescriptor;
  const argument = /^evt\.(?:raw)?arg\.(.+)$/.exec(field.name)?.[1];
  if (argument !== undefined) {
    const mask = byParameter.get(argument) ?? maskOf(({ params }) => params.some(({ name }) => name === argument));
    byParameter.set(argument, mask);
    return mask;
  }
  return undefined;
}

function fieldsOf(part: Field | Transformer | TransformerArgument): readonly Field[] {
  if (part.kind === "field") return [part];
  if (part.kind === "transformer") return part.values.flatMap(fieldsOf);
  return part.kind === "transformer-list" ? part.items.flatMap(fieldsOf) : [];
}

export interface Carriers {
  /** Event types for which the check can be true, as far as its fields decide it. */
  readonly mask: Mask;
  /** The field that decides it. */
  readonly field?: string;
}

/** The event types whose events have all fields of a check. */
export function carriersOfCheck(check: Comparison | Exists): Carriers {
  const right = check.kind === "comparison" && check.right.kind === "transformer" ? fieldsOf(check.right) : [];
  let found: Carriers = { mask: onlyOpens(check) ? opens : ALL_EVENTS };
  if (found.mask !== ALL_EVENTS && check.left.kind === "field") found = { ...found, field: check.left.name };
  for (const field of [...fieldsOf(check.left), ...right]) {
    const mask = carriersOf(field);
    if (mask !== undefined) found = { mask: found.mask & mask, field: field.name };
  }
  return found;
}

/** evt.is_open_read = true and its like: false for everything that opens no file. */
function onlyOpens({ left, ...check }: Comparison | Exists): boolean {
  if (left.kind !== "field" || !/^evt\.is_open_(?:read|write|exec|create)$/.test(left.name)) return false;
  return (
    check.kind === "comparison" &&
    check.right.kind === "value" &&
    check.operator !== "!=" &&
    check.right.text === "true"
  );
}

/** Event types that Falco itself allows for a condition. */
export function allowedEvents(node: Node): Mask {
  return remembered(allowed, node, () => {
    const events = eventTypesOf(node);
    if ("message" in events) return ALL_EVENTS;
    return events.types.reduce((mask, id) => mask | (1n << BigInt(id)), 0n) & ~injected;
  });
}

/** Trees never change, and macros that are used often are one and the same tree in many places. */
const allowed = new WeakMap<Node, Mask>();
const possible = new WeakMap<Node, Mask>();
const possibleNegated = new WeakMap<Node, Mask>();

function remembered(known: WeakMap<Node, Mask>, node: Node, find: () => Mask): Mask {
  const mask = known.get(node) ?? find();
  known.set(node, mask);
  return mask;
}

/** Added to every rule, whatever its condition says. */
const injected = eventsNamed("asyncevent");

/** Event types for which a condition can be true: Falco's, less those that lack a field it needs. */
export function possibleEvents(node: Node, negated = false): Mask {
  return remembered(negated ? possibleNegated : possible, node, () => findPossible(node, negated));
}

function findPossible(node: Node, negated: boolean): Mask {
  switch (node.kind) {
    case "and":
    case "or": {
      const joins = (node.kind === "or") !== negated;
      return node.children
        .map((child) => possibleEvents(child, negated))
        .reduce((all, mask) => (joins ? all | mask : all & mask), joins ? 0n : ALL_EVENTS);
    }
    case "not":
      return possibleEvents(node.child, !negated);
    case "expansion":
      return possibleEvents(node.child, negated);
    case "macro":
      return ALL_EVENTS;
    default: {
      if (negated) return allowedEvents({ kind: "not", span: node.span, child: node });
      return allowedEvents(node) & carriersOfCheck(node).mask;
    }
  }
}
