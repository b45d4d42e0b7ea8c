import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { parseInteger } from "../fields/parse-number.ts";
import type { Comparison, ComparisonOperator, Exists, Field, Node } from "./ast.ts";
import { extractorOf, referenceOf } from "./extract.ts";
import type { Extracted, FieldReader, FieldReference, FieldSource } from "./field-access.ts";
import { constantOf, matchConstant, matchConstants } from "./match-value.ts";
import { type CheckContext, CheckFault, type Operand, operandOf } from "./operand.ts";
import { aroundTest, looksAtAncestors, ownComparison, type Test } from "./own-comparison.ts";
import { type Constant, parseConstant } from "./parse-value.ts";

export type { Test } from "./own-comparison.ts";

/**
 * A function that tells whether a resolved condition holds for an event, with Falco's semantics: checks from left to right
 * only as far as needed, and a field that the event lacks makes its check false whatever the operator.
 * Compiling twice over the same source shares readers, and tests of shared sub-trees such as macros.
 * Throws CONDITION_NOT_COMPILED for a condition in which checkCondition finds an error.
 */
export function compileCondition<Event>(node: Node, source: FieldSource<Event>, context: CheckContext): Test<Event> {
  const known = shared.get(source) as Shared<Event> | undefined;
  const compiler = known ?? newShared(source);
  if (known === undefined) shared.set(source, compiler as Shared<unknown>);
  try {
    return compileNode(node, compiler, context);
  } catch (thrown) {
    if (!(thrown instanceof CheckFault)) throw thrown;
    throw new FalcoSkillsError("CONDITION_NOT_COMPILED", thrown.message, {
      fix: "Correct the condition; load_rules shows where it is wrong.",
    });
  }
}

/** What conditions over one source have in common. */
interface Shared<Event> {
  /** The source, giving each reader once. */
  readonly source: FieldSource<Event>;
  /** Tests of nodes, by event source: trees never change. */
  readonly tests: Map<string, WeakMap<Node, Test<Event>>>;
}

const shared = new WeakMap<object, Shared<unknown>>();

function newShared<Event>(source: FieldSource<Event>): Shared<Event> {
  const readers = new Map<string, FieldReader<Event>>();
  const reader = (field: FieldReference): FieldReader<Event> => {
    const key = field.argument === undefined ? field.name : `${field.name}[${field.argument}]`;
    const known = readers.get(key) ?? source.reader(field);
    readers.set(key, known);
    return known;
  };
  return { source: { reader }, tests: new Map() };
}

function compileNode<Event>(node: Node, compiler: Shared<Event>, context: CheckContext): Test<Event> {
  let tests = compiler.tests.get(context.source);
  if (tests === undefined) {
    tests = new WeakMap();
    compiler.tests.set(context.source, tests);
  }
  const known = tests.get(node);
  if (known !== undefined) return known;
  const test = compileFresh(node, compiler, context);
  tests.set(node, test);
  return test;
}

function compileFresh<Event>(node: Node, compiler: Shared<Event>, context: CheckContext): Test<Event> {
  switch (node.kind) {
    case "and":
      return allOf(node.children.map((child) => compileNode(child, compiler, context)));
    case "or":
      return anyOf(node.children.map((child) => compileNode(child, compiler, context)));
    case "not": {
      const test = compileNode(node.child, compiler, context);
      return (event) => !test(event);
    }
    case "expansion":
      return compileNode(node.child, compiler, context);
    case "macro":
      throw new CheckFault("unknown-field", `filter error: unexpected identifier '${node.name}'`, node.span);
    case "exists":
      return compileExists(node, compiler.source, context);
    case "comparison":
      return compileComparison(node, compiler.source, context);
  }
}

function allOf<Event>(tests: readonly Test<Event>[]): Test<Event> {
  const [first, second, third] = tests;
  if (first !== undefined && second !== undefined && tests.length === 2)
    return (event) => first(event) && second(event);
  if (first !== undefined && second !== undefined && third !== undefined && tests.length === 3) {
    return (event) => first(event) && second(event) && third(event);
  }
  return (event) => {
    for (const test of tests) if (!test(event)) return false;
    return true;
  };
}

function anyOf<Event>(tests: readonly Test<Event>[]): Test<Event> {
  const [first, second, third] = tests;
  if (first !== undefined && second !== undefined && tests.length === 2)
    return (event) => first(event) || second(event);
  if (first !== undefined && second !== undefined && third !== undefined && tests.length === 3) {
    return (event) => first(event) || second(event) || third(event);
  }
  return (event) => {
    for (const test of tests) if (test(event)) return true;
    return false;
  };
}

function compileExists<Event>({ left }: Exists, source: FieldSource<Event>, context: CheckContext): Test<Event> {
  operandOf(left, context);
  if (left.kind === "field" && left.name === "evt.around") {
    return aroundTest(source, parseInteger(left.argument ?? "", false, 64) ?? 0n, 0n);
  }
  const reader = left.kind === "field" ? source.reader(askedFor(left)) : extractorOf(left, source);
  return (event) => reader(event) !== undefined;
}

/** What the engine looks for when it is asked whether a field exists. */
function askedFor(field: Field): FieldReference {
  // A host name exists wherever there is a descriptor to look at.
  if (field.name.endsWith("ip.name")) return { name: "fd.ip" };
  return looksAtAncestors(field) ? { name: field.name } : referenceOf(field);
}

function compileComparison<Event>(check: Comparison, source: FieldSource<Event>, context: CheckContext): Test<Event> {
  const operand = operandOf(check.left, context);
  if (check.right.kind === "transformer") {
    return compareSides(check.operator, extractorOf(check.left, source), extractorOf(check.right, source));
  }
  const constants = constantsOf(check, operand);
  if (check.left.kind === "field") {
    const own = ownComparison({ check, field: check.left, operand, constants, source });
    if (own !== undefined) return own;
  }
  const reader = extractorOf(check.left, source);
  return operand.isList ? compareList(check.operator, reader, constants) : compareScalar(check, reader, constants);
}

function constantsOf({ operator, right }: Comparison, operand: Operand): readonly Constant[] {
  if (right.kind === "transformer") return [];
  return (right.kind === "list" ? right.values : [right]).map((value) => {
    const constant = parseConstant(value.text, operator, operand.type, operand.row?.name === "evt.rawarg");
    if ("message" in constant) throw new CheckFault("value", constant.message, value.span);
    return constant;
  });
}

function compareScalar<Event>(
  { operator, modifier }: Comparison,
  reader: FieldReader<Event>,
  constants: readonly Constant[],
): Test<Event> {
  const [first] = constants;
  // The most common check of all gets by with one call.
  if ((operator === "=" || operator === "==") && modifier === undefined && first?.kind === "text") {
    const { text } = first;
    return (event) => reader(event) === text;
  }
  const match = matchConstants(operator, modifier, constants);
  return (event) => {
    const value = reader(event);
    return value !== undefined && match(value);
  };
}

/** Lists know `in` (all values among the constants) and `intersects` (any value). */
function compareList<Event>(
  operator: ComparisonOperator,
  reader: FieldReader<Event>,
  constants: readonly Constant[],
): Test<Event> {
  const match = matchConstants("in", undefined, constants);
  return (event) => {
    const values = reader(event);
    return Array.isArray(values) && (operator === "in" ? values.every(match) : values.some(match));
  };
}

/** Both sides are read from the event; either absent makes the check false. */
function compareSides<Event>(
  operator: ComparisonOperator,
  left: FieldReader<Event>,
  right: FieldReader<Event>,
): Test<Event> {
  return (event) => {
    const value = left(event);
    if (value === undefined) return false;
    const other = right(event);
    if (other === undefined) return false;
    if (!Array.isArray(value)) return compareValues(operator, value, other);
    if (!Array.isArray(other)) return false;
    const isAmong = (item: Extracted): boolean => other.some((candidate) => compareValues("=", item, candidate));
    return operator === "in" ? value.every(isAmong) : value.some(isAmong);
  };
}

function compareValues(operator: ComparisonOperator, value: Extracted, other: Extracted): boolean {
  const equals = operator === "in" || operator === "intersects" ? "=" : operator;
  if (typeof value === "number" && typeof other === "number") return compareNumbers(equals, value, other);
  const constant = constantOf(other);
  return constant !== undefined && matchConstant(equals, constant)(value);
}

function compareNumbers(operator: ComparisonOperator, left: number, right: number): boolean {
  switch (operator) {
    case "!=":
      return left !== right;
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    default:
      return left === right;
  }
}
