import type { ComparisonOperator, Modifier } from "./ast.ts";
import type { Extracted } from "./field-access.ts";
import { compileGlob, lowerAscii } from "./glob.ts";
import { samePrefix } from "./parse-address.ts";
import type { Constant } from "./parse-value.ts";
import { compilePathPrefixes } from "./path-prefixes.ts";
import { compilePosixRegex } from "./posix-regex.ts";

/** Whether one value of a field satisfies a comparison. Values of another kind than the constant's never do. */
export type Match = (value: Extracted) => boolean;

const NEVER: Match = () => false;

/**
 * The test of a scalar value against the constants of a comparison. `in` and `intersects` ask for one of them, pmatch for
 * a prefix, modifiers count how many satisfy the operator; all others look at the first constant only.
 * Source: libs userspace/libsinsp/sinsp_filtercheck.cpp compare_rhs @48dfd53c.
 */
export function matchConstants(
  operator: ComparisonOperator,
  modifier: Modifier | undefined,
  constants: readonly Constant[],
): Match {
  if (operator === "in" || operator === "intersects") return matchAny(constants);
  if (operator === "pmatch") return matchPrefix(constants);
  if (modifier !== undefined) return matchWithModifier(operator, modifier, constants);
  const [first] = constants;
  return first === undefined ? NEVER : matchConstant(operator, first);
}

/** The test of a value against one constant. */
export function matchConstant(operator: ComparisonOperator, constant: Constant): Match {
  switch (constant.kind) {
    case "text":
      return matchText(operator, constant.text);
    case "number":
      return matchNumber(operator, constant.number);
    case "bool": {
      const { bool } = constant;
      return operator === "!=" ? (value) => value !== bool : (value) => value === bool;
    }
    case "bytes":
      return matchBytes(operator, constant.bytes);
    case "address":
      return negated(operator, (value) => value instanceof Uint8Array && sameBytes(value, constant.bytes));
    case "network": {
      const { bytes, prefix } = constant;
      return negated(operator, (value) => value instanceof Uint8Array && samePrefix(value, bytes, prefix));
    }
  }
}

function negated(operator: ComparisonOperator, match: Match): Match {
  return operator === "!=" ? (value) => !match(value) : match;
}

/** Equality with any of the constants, by hash where the kind allows it. */
function matchAny(constants: readonly Constant[]): Match {
  const [first] = constants;
  if (first === undefined) return NEVER;
  if (first.kind === "text") {
    const texts = new Set(constants.map((constant) => (constant.kind === "text" ? constant.text : "")));
    return (value) => texts.has(value as string);
  }
  if (first.kind === "number") {
    const numbers = new Set<number | bigint>();
    for (const constant of constants) if (constant.kind === "number") addNumber(numbers, constant.number);
    return (value) => numbers.has(value as number | bigint);
  }
  const matches = constants.map((constant) => matchConstant("=", constant));
  return (value) => matches.some((match) => match(value));
}

/** Both forms of a number that a field may be given in. */
function addNumber(numbers: Set<number | bigint>, number: bigint): void {
  numbers.add(number);
  const small = Number(number);
  if (Number.isSafeInteger(small)) numbers.add(small);
}

function matchPrefix(constants: readonly Constant[]): Match {
  const paths = compilePathPrefixes(constants.map((constant) => (constant.kind === "text" ? constant.text : "")));
  return (value) => typeof value === "string" && paths.matches(value);
}

function matchWithModifier(operator: ComparisonOperator, modifier: Modifier, constants: readonly Constant[]): Match {
  if (constants.length === 0) return NEVER;
  const isEqual = operator === "=" || operator === "==";
  // A hash of networks is asked for an address, which never is one.
  const hashed = constants[0]?.kind === "network" ? NEVER : matchAny(constants);
  if (modifier === "anyof" && isEqual) return hashed;
  if (modifier === "allof" && operator === "!=") return (value) => !hashed(value);
  const matches = constants.map((constant) => matchConstant(operator, constant));
  switch (modifier) {
    case "anyof":
      return (value) => matches.some((match) => match(value));
    case "allof":
      return (value) => matches.every((match) => match(value));
    case "oneof":
      return (value) => matches.filter((match) => match(value)).length === 1;
  }
}

function matchText(operator: ComparisonOperator, text: string): Match {
  switch (operator) {
    case "!=":
      return (value) => value !== text;
    case "contains":
      return (value) => typeof value === "string" && value.includes(text);
    case "icontains": {
      const lower = lowerAscii(text);
      return (value) => typeof value === "string" && lowerAscii(value).includes(lower);
    }
    case "startswith":
      return (value) => typeof value === "string" && value.startsWith(text);
    case "endswith":
      return (value) => typeof value === "string" && value.endsWith(text);
    case "glob":
    case "iglob": {
      const glob = compileGlob(text, operator === "iglob");
      return (value) => typeof value === "string" && glob.matches(value);
    }
    case "regex": {
      const regex = compilePosixRegex(text);
      return "message" in regex ? NEVER : (value) => typeof value === "string" && regex.matches(value);
    }
    case "<":
    case "<=":
    case ">":
    case ">=": {
      const fits = orderTest(operator);
      return (value) => typeof value === "string" && fits(compareTexts(value, text));
    }
    default:
      return (value) => value === text;
  }
}

/** Byte order, as strcmp has it. */
function compareTexts(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

function orderTest(operator: "<" | "<=" | ">" | ">="): (order: number) => boolean {
  switch (operator) {
    case "<":
      return (order) => order < 0;
    case "<=":
      return (order) => order <= 0;
    case ">":
      return (order) => order > 0;
    case ">=":
      return (order) => order >= 0;
  }
}

function isNumber(value: Extracted): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function matchNumber(operator: ComparisonOperator, number: bigint): Match {
  const small = Number(number);
  const exact = Number.isSafeInteger(small) ? small : Number.NaN;
  switch (operator) {
    case "!=":
      return (value) => value !== exact && value !== number;
    case "<":
      return (value) => isNumber(value) && value < number;
    case "<=":
      return (value) => isNumber(value) && value <= number;
    case ">":
      return (value) => isNumber(value) && value > number;
    case ">=":
      return (value) => isNumber(value) && value >= number;
    default:
      return (value) => value === exact || value === number;
  }
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) if (left[index] !== right[index]) return false;
  return true;
}

function matchBytes(operator: ComparisonOperator, bytes: Uint8Array): Match {
  const wanted = Buffer.from(bytes);
  const asBuffer = (value: Uint8Array): Buffer => Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  switch (operator) {
    case "!=":
      return (value) => value instanceof Uint8Array && !sameBytes(value, wanted);
    case "contains":
    case "bcontains":
      return (value) => value instanceof Uint8Array && asBuffer(value).includes(wanted);
    case "startswith":
    case "bstartswith":
      return (value) => value instanceof Uint8Array && sameBytes(value.subarray(0, wanted.length), wanted);
    case "endswith":
      return (value) =>
        value instanceof Uint8Array &&
        value.length >= wanted.length &&
        sameBytes(value.subarray(value.length - wanted.length), wanted);
    default:
      return (value) => value instanceof Uint8Array && sameBytes(value, wanted);
  }
}

/** The constant that a value found at run time stands for, when it is the right-hand side of a comparison. */
export function constantOf(value: Extracted): Constant | undefined {
  switch (typeof value) {
    case "string":
      return { kind: "text", text: value };
    case "boolean":
      return { kind: "bool", bool: value };
    case "bigint":
      return { kind: "number", number: value };
    case "number":
      return Number.isSafeInteger(value) ? { kind: "number", number: BigInt(value) } : undefined;
    default:
      return value instanceof Uint8Array ? { kind: "bytes", bytes: value } : undefined;
  }
}
