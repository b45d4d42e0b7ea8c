import type { Node, Part } from "./ast.ts";
import { fieldText } from "./operand.ts";

/** What a condition names, as `falco -L` lists it: sorted, each once. */
export interface ConditionFacts {
  /** With their arguments, as in `proc.aname[2]`. */
  readonly fields: readonly string[];
  /** Modifiers belong to their operators: `startswith anyof`. */
  readonly operators: readonly string[];
  /** List names among the values. */
  readonly lists: readonly string[];
  readonly macros: readonly string[];
  /** Values that evt.type and evt.asynctype are compared with. */
  readonly eventNames: readonly string[];
  readonly transformers: readonly string[];
}

/** Falco's text where describing ends without a result: "Runtime error: <message>. Exiting." */
export interface FactsFault {
  readonly message: string;
}

export interface KnownNames {
  readonly macros?: ReadonlySet<string>;
  readonly lists?: ReadonlySet<string>;
}

/**
 * What a condition names. For macros and lists give it the condition as written (parsed without list substitution), for
 * everything else the resolved one; only known macros and lists are listed.
 * A comparison between constants alone has no field, which Falco cannot describe.
 * Source: falco userspace/engine/filter_details_resolver.cpp @13074749.
 */
export function conditionFacts(node: Node, known: KnownNames = {}): ConditionFacts | FactsFault {
  const found: Found = {
    known,
    fields: new Set(),
    operators: new Set(),
    lists: new Set(),
    macros: new Set(),
    eventNames: new Set(),
    transformers: new Set(),
    fault: undefined,
  };
  look(node, found);
  if (found.fault !== undefined) return { message: found.fault };
  return {
    fields: sorted(found.fields),
    operators: sorted(found.operators),
    lists: sorted(found.lists),
    macros: sorted(found.macros),
    eventNames: sorted(found.eventNames),
    transformers: sorted(found.transformers),
  };
}

interface Found {
  readonly known: KnownNames;
  readonly fields: Set<string>;
  readonly operators: Set<string>;
  readonly lists: Set<string>;
  readonly macros: Set<string>;
  readonly eventNames: Set<string>;
  readonly transformers: Set<string>;
  fault: string | undefined;
}

function sorted(names: ReadonlySet<string>): string[] {
  return [...names].sort();
}

function look(node: Node, found: Found): void {
  switch (node.kind) {
    case "and":
    case "or":
      for (const child of node.children) look(child, found);
      return;
    case "not":
    case "expansion":
      look(node.child, found);
      return;
    case "macro":
      if (found.known.macros?.has(node.name)) found.macros.add(node.name);
      return;
    case "exists":
      if (lookAtOperand(node.left, found) === undefined) {
        found.fault ??= "can't find field info in unary check expression";
      }
      found.operators.add("exists");
      return;
    case "comparison": {
      const last = lookAtOperand(node.left, found);
      if (last === undefined) {
        found.fault ??= "can't find field info in binary check expression";
        return;
      }
      found.operators.add(node.modifier === undefined ? node.operator : `${node.operator} ${node.modifier}`);
      lookAtRight(node.right, last === "evt.type" || last === "evt.asynctype", found);
    }
  }
}

/** The field named last on a side, arguments included; undefined when it names none. */
function lookAtOperand(part: Part, found: Found): string | undefined {
  switch (part.kind) {
    case "field": {
      const text = part.argument === "" ? part.name : fieldText(part);
      found.fields.add(text);
      return text;
    }
    case "transformer":
      found.transformers.add(part.name);
      return lookAtEach(part.values, found);
    case "transformer-list":
      return lookAtEach(part.items, found);
    default:
      return undefined;
  }
}

function lookAtEach(parts: readonly Part[], found: Found): string | undefined {
  let last: string | undefined;
  for (const part of parts) last = lookAtOperand(part, found) ?? last;
  return last;
}

function lookAtRight(right: Part, isEventName: boolean, found: Found): void {
  if (right.kind === "value") {
    if (isEventName) found.eventNames.add(right.text);
    return;
  }
  if (right.kind !== "list") {
    lookAtOperand(right, found);
    return;
  }
  for (const { text } of right.values) {
    if (found.known.lists?.has(text)) found.lists.add(text);
    else if (isEventName) found.eventNames.add(text);
  }
}
