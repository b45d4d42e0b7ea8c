import type { Comparison, Field, Transformer } from "../../condition/ast.ts";
import { printCondition } from "../../condition/print-condition.ts";
import { lookUpField, type ValueType } from "../../fields/look-up-field.ts";

/** A field as the logic of conditions sees it. */
export interface AtomField {
  /** As it is written: `proc.aname[2]`, `tolower(proc.name)`. */
  readonly text: string;
  /** One value an event at most, and every operator means what it says. */
  readonly isSingle: boolean;
  readonly type: ValueType;
}

/** A check of one field that the logic does not look into, beside `=`. */
export interface Check {
  readonly operator: string;
  readonly value: string;
}

/** Compared on both ends of a connection, each operator in its own way. */
const BOTH_ENDS: ReadonlySet<string> = new Set(["fd.ip", "fd.net", "fd.port", "fd.proto", "fd.ip.name"]);
/** Without a number they stand for every ancestor at once. */
const ANCESTORS = /^proc\.a(?:name|exe|exepath|cmdline|args|pid|env)$/;
/** Networks hold addresses: two that differ can both fit one address. */
const NETWORKS: ReadonlySet<string> = new Set(["fd.net", "fd.cnet", "fd.snet", "fd.lnet", "fd.rnet"]);

/** What the logic has to know of the left side of a check in a rule of that source. */
export function atomField(left: Field | Transformer, source: string): AtomField {
  const text = printCondition(left);
  if (left.kind === "transformer") return { text, isSingle: true, type: left.name === "len" ? "UINT64" : "CHARBUF" };
  const found = lookUpField(text, source);
  const row = found.kind === "found" ? found.field.row : undefined;
  const many = BOTH_ENDS.has(left.name) || NETWORKS.has(left.name) || ANCESTORS.test(text) || row?.isList === true;
  return { text, isSingle: !many, type: found.kind === "found" ? found.field.type : "CHARBUF" };
}

/** Bits of the types that hold whole numbers; a negative number in one without sign wraps, as `user.uid != -1` does. */
const UNSIGNED_BITS: Readonly<Partial<Record<ValueType, number>>> = { UINT32: 32, UINT64: 64, PORT: 16 };
const SIGNED: ReadonlySet<ValueType> = new Set(["INT16", "INT32", "INT64", "RELTIME", "ABSTIME"]);
const TEXTS: ReadonlySet<ValueType> = new Set(["CHARBUF", "FSPATH", "FSRELPATH", "BOOL"]);

/**
 * The value in the one form in which it equals itself. distinct: two such values that differ are never equal; false for
 * service names, addresses with several spellings and the like.
 */
export function canonicalValue({ type }: AtomField, value: string): { text: string; distinct: boolean } {
  if (TEXTS.has(type)) return { text: value, distinct: true };
  if (type === "IPADDR") return { text: value, distinct: /^[0-9.]+$/.test(value) };
  const bits = UNSIGNED_BITS[type];
  if ((bits === undefined && !SIGNED.has(type)) || !/^[+-]?\d{1,20}$/.test(value))
    return { text: value, distinct: false };
  const number = BigInt(value.replace(/^\+/, ""));
  return { text: String(bits !== undefined && number < 0n ? BigInt.asUintN(bits, number) : number), distinct: true };
}

/** The constants on the right side; undefined where another field stands there. */
export function constantsOf({ right }: Comparison): readonly string[] | undefined {
  if (right.kind === "value") return [right.text];
  return right.kind === "list" ? right.values.map(({ text }) => text) : undefined;
}

/** Whether the check holds for a field with this value; undefined where that is not decided here. */
export function holdsFor({ operator, value }: Check, actual: string): boolean | undefined {
  switch (operator) {
    case "startswith":
      return actual.startsWith(value);
    case "endswith":
      return actual.endsWith(value);
    case "contains":
      return actual.includes(value);
    case "icontains":
      return lower(actual).includes(lower(value));
    case "pmatch":
      return /[*?[\]\\]/.test(value) ? undefined : isPathPrefix(value, actual);
    case "<":
    case "<=":
    case ">":
    case ">=":
      return compareNumbers(operator, actual, value);
    default:
      return undefined;
  }
}

/** Whether every value for which the first check holds also passes the second. */
export function implies(first: Check, second: Check): boolean {
  if (first.operator === second.operator && first.value === second.value) return true;
  const known = literalPart(first);
  switch (second.operator) {
    case "startswith":
      return known.start?.startsWith(second.value) === true;
    case "endswith":
      return known.end?.endsWith(second.value) === true;
    case "contains":
      return known.inside?.includes(second.value) === true;
    case "icontains":
      return known.inside !== undefined && lower(known.inside).includes(lower(second.value));
    case "pmatch":
      return first.operator === "pmatch" && !/[*?[\]\\]/.test(second.value) && isPathPrefix(second.value, first.value);
    case "<":
    case "<=":
    case ">":
    case ">=":
      return numberImplies(first, second);
    default:
      return false;
  }
}

/** Whether no value passes both checks. */
export function exclude(first: Check, second: Check): boolean {
  if (first.operator === "startswith" && second.operator === "startswith") {
    return !first.value.startsWith(second.value) && !second.value.startsWith(first.value);
  }
  if (first.operator === "endswith" && second.operator === "endswith") {
    return !first.value.endsWith(second.value) && !second.value.endsWith(first.value);
  }
  const opposite = OPPOSITE[second.operator];
  return opposite !== undefined && numberImplies(first, { operator: opposite, value: second.value });
}

const OPPOSITE: Readonly<Record<string, string>> = { "<": ">=", "<=": ">", ">": "<=", ">=": "<" };

/** What a value that passes the check is known to begin with, end with and hold. */
function literalPart({ operator, value }: Check): { start?: string; end?: string; inside?: string } {
  if (operator === "startswith") return { start: value, inside: value };
  if (operator === "endswith") return { end: value, inside: value };
  if (operator === "contains") return { inside: value };
  if (operator !== "glob" || /[[\]\\?]/.test(value)) return {};
  const parts = value.split("*");
  const inside = parts.reduce((longest, part) => (part.length > longest.length ? part : longest), "");
  return { start: parts[0] ?? "", end: parts.at(-1) ?? "", inside };
}

function isPathPrefix(prefix: string, path: string): boolean {
  const wanted = prefix.split("/").filter((part) => part !== "");
  const parts = path.split("/").filter((part) => part !== "");
  return wanted.every((part, at) => part === parts[at]);
}

function compareNumbers(operator: string, left: string, right: string): boolean | undefined {
  const [a, b] = [Number(left), Number(right)];
  if (left === "" || right === "" || !Number.isFinite(a) || !Number.isFinite(b)) return undefined;
  if (operator === "<") return a < b;
  if (operator === "<=") return a <= b;
  return operator === ">" ? a > b : a >= b;
}

/** For real numbers: right for whole ones too, only sometimes weaker. */
function numberImplies(first: Check, second: Check): boolean {
  const up = first.operator === ">" || first.operator === ">=";
  const down = first.operator === "<" || first.operator === "<=";
  if (up && (second.operator === ">" || second.operator === ">=")) {
    const strict = second.operator === ">" && first.operator === ">=";
    return compareNumbers(strict ? ">" : ">=", first.value, second.value) === true;
  }
  if (down && (second.operator === "<" || second.operator === "<=")) {
    const strict = second.operator === "<" && first.operator === "<=";
    return compareNumbers(strict ? "<" : "<=", first.value, second.value) === true;
  }
  return false;
}

const lower = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
