import type { Comparison, Exists, Field, List, Node, Value } from "./ast.ts";
import { fieldText } from "./operand.ts";
import { type SideVisitor, walkCondition, walkSide } from "./walk-condition.ts";

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
  const sides: SideVisitor = {
    field: (field) => found.fields.add(nameOf(field)),
    transformer: ({ name }) => found.transformers.add(name),
  };
  walkCondition(node, {
    check: (check) => lookAtCheck(check, sides, found),
    reference({ name }) {
      if (known.macros?.has(name)) found.macros.add(name);
    },
  });
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

function nameOf(field: Field): string {
  return field.argument === "" ? field.name : fieldText(field);
}

function lookAtCheck(check: Exists | Comparison, sides: SideVisitor, found: Found): void {
  const last = walkSide(check.left, sides);
  if (check.kind === "exists") {
    if (last === undefined) found.fault ??= "can't find field info in unary check expression";
    found.operators.add("exists");
    return;
  }
  if (last === undefined) {
    found.fault ??= "can't find field info in binary check expression";
    return;
  }
  found.operators.add(check.modifier === undefined ? check.operator : `${check.operator} ${check.modifier}`);
  const name = nameOf(last);
  if (check.right.kind === "transformer") walkSide(check.right, sides);
  else lookAtValues(check.right, name === "evt.type" || name === "evt.asynctype", found);
}

function lookAtValues(right: Value | List, isEventName: boolean, found: Found): void {
  if (right.kind === "value") {
    if (isEventName) found.eventNames.add(right.text);
    return;
  }
  for (const { text } of right.values) {
    if (found.known.lists?.has(text)) found.lists.add(text);
    else if (isEventName) found.eventNames.add(text);
  }
}
