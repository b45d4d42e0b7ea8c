import { EVENT_TYPES, type ParamInfo } from "../event/event-types.ts";
import type { ValueType } from "../fields/look-up-field.ts";
import { parseInteger } from "../fields/parse-number.ts";
import type { Comparison, Field, Value } from "./ast.ts";
import { referenceOf } from "./extract.ts";
import type { Extracted, FieldReader, FieldSource } from "./field-access.ts";
import { type Match, matchConstant, matchConstants } from "./match-value.ts";
import type { Operand } from "./operand.ts";
import { type Constant, numberForm } from "./parse-value.ts";

export type Test<Event> = (event: Event) => boolean;

/** A comparison with its constants. */
interface Compared {
  readonly check: Comparison;
  readonly constants: readonly Constant[];
}

/** What the comparisons below need of a check. */
export interface OwnCheck<Event> extends Compared {
  readonly field: Field;
  readonly operand: Operand;
  readonly source: FieldSource<Event>;
}

const ANCESTORS: ReadonlySet<string> = new Set([
  "proc.aname",
  "proc.aexe",
  "proc.aexepath",
  "proc.acmdline",
  "proc.apid",
  "proc.aenv",
]);

const NAMES_OF_ADDRESSES: ReadonlySet<string> = new Set(["fd.cip.name", "fd.sip.name", "fd.lip.name", "fd.rip.name"]);

/** True for an ancestor field that looks at all ancestors: proc.aenv does with an index too. */
export function looksAtAncestors({ name, argument }: Field): boolean {
  return ANCESTORS.has(name) && (argument === undefined || (name === "proc.aenv" && /^\d*$/.test(argument)));
}

/**
 * The test of a field that the engine compares in its own way, or undefined for any other field. Where the engine would
 * end with an error at the first socket ("unsupported port comparison operator") the test is false.
 * Source: libs userspace/libsinsp/sinsp_filtercheck_{fd,thread,event}.cpp compare_nocache @48dfd53c.
 */
export function ownComparison<Event>(own: OwnCheck<Event>): Test<Event> | undefined {
  const { field, check, operand } = own;
  if (looksAtAncestors(field)) return anyAncestor(own);
  switch (operand.row?.name) {
    case "fd.ip":
      return eitherEnd(own, ipEnds(own));
    case "fd.port":
    case "fd.proto":
      return eitherEnd(own, portEnds(own));
    case "fd.net":
      return eitherEnd(own, netEnds(own));
    case "evt.around":
      return check.right.kind === "transformer" ? undefined : around(own);
    case "evt.rawarg":
      return rawArgument(own);
    default:
      return NAMES_OF_ADDRESSES.has(field.name) ? nameOfAddress(own) : undefined;
  }
}

/** The operator without its modifier on the first constant: all that comparisons of one bare value look at. */
function firstOnly({ check, constants }: Compared): Match {
  const [first] = constants;
  return first === undefined ? () => false : matchConstant(check.operator, first);
}

/** Comparisons that do not know their value's length find no number and no address in a set. */
function bareMatch(own: Compared): Match {
  const { operator } = own.check;
  const isSet = operator === "in" || operator === "intersects" || operator === "pmatch";
  if (!isSet && operator !== "regex") return firstOnly(own);
  const isText = own.constants.every(({ kind }) => kind === "text");
  return isText ? matchConstants(operator, undefined, own.constants) : () => false;
}

function readerOf<Event>({ field, source }: OwnCheck<Event>): FieldReader<Event> {
  return source.reader(referenceOf(field));
}

function anyAncestor<Event>(own: OwnCheck<Event>): Test<Event> {
  const reader = own.source.reader({ name: own.field.name });
  const match = bareMatch(own);
  return (event) => {
    const values = reader(event);
    return Array.isArray(values) && values.some((value: Extracted) => match(value));
  };
}

/** How the ends of a socket are judged: one end for a listening socket, two for a connection. */
type EndsTest = (first: Extracted, second: Extracted | undefined) => boolean;

function eitherEnd<Event>(own: OwnCheck<Event>, test: EndsTest): Test<Event> {
  const reader = readerOf(own);
  return (event) => {
    const ends = reader(event);
    if (!Array.isArray(ends) || ends.length === 0) return false;
    return test(ends[0] as Extracted, ends[1]);
  };
}

function both(match: Match): EndsTest {
  return (first, second) => match(first) && (second === undefined || match(second));
}

function either(match: Match): EndsTest {
  return (first, second) => match(first) || (second !== undefined && match(second));
}

function ipEnds(own: Compared): EndsTest {
  switch (own.check.operator) {
    case "=":
    case "==":
      return either(firstOnly(own));
    case "!=":
      return both(firstOnly(own));
    default:
      return () => false;
  }
}

function portEnds(own: Compared): EndsTest {
  switch (own.check.operator) {
    case "in":
      return either(matchConstants("in", undefined, own.constants));
    case "!=":
      return both(firstOnly(own));
    case "intersects":
      return () => false;
    default:
      return either(firstOnly(own));
  }
}

function netEnds(own: Compared): EndsTest {
  const { operator } = own.check;
  const [network] = own.constants;
  if (network?.kind !== "network") return () => false;
  if (operator === "!=") return both(matchConstant("!=", network));
  const inside = either(matchConstant("=", network));
  // Of several networks only the first counts, and intersects knows listening sockets only.
  return operator === "intersects" ? (first, second) => second === undefined && inside(first, undefined) : inside;
}

/** `evt.around[T] = D`: within D milliseconds of the nanosecond T; of several D the last. */
function around<Event>({ check, field, source }: OwnCheck<Event>): Test<Event> {
  const moment = parseInteger(field.argument ?? "", false, 64) ?? 0n;
  const values: readonly Value[] =
    check.right.kind === "list" ? check.right.values : check.right.kind === "value" ? [check.right] : [];
  const distance = (parseInteger(values.at(-1)?.text ?? "0", false, 64) ?? 0n) * 1_000_000n;
  return aroundTest(source, moment, distance);
}

/** Whether an event's time is within a distance of a moment, both in nanoseconds; unsigned as in the engine. */
export function aroundTest<Event>(source: FieldSource<Event>, moment: bigint, distance: bigint): Test<Event> {
  const time = source.reader({ name: "evt.rawtime" });
  return (event) => {
    const now = time(event);
    if (typeof now !== "bigint" && !Number.isSafeInteger(now)) return false;
    const at = BigInt(now as bigint | number);
    return moment >= BigInt.asUintN(64, at - distance) && moment <= BigInt.asUintN(64, at + distance);
  };
}

/**
 * An argument is compared as the type that its own event gives it, and a number's constant with it, bit by bit: beside an
 * unsigned argument `-1` is the largest number.
 */
function rawArgument<Event>(own: OwnCheck<Event>): Test<Event> {
  const { field, operand, constants, source } = own;
  const reader = readerOf(own);
  const usual = bareMatch(own);
  const parameters = parametersByEvent(field.name.slice("evt.rawarg.".length));
  const matches = new Map<string, Match>();
  for (const [event, { type }] of parameters) {
    if (type === operand.type) continue;
    matches.set(event, bareMatch({ ...own, constants: constants.map((one) => castConstant(one, operand.type, type)) }));
  }
  if (matches.size === 0) {
    return (event) => {
      const value = reader(event);
      return value !== undefined && usual(value);
    };
  }
  const name = source.reader({ name: "evt.type" });
  return (event) => {
    const value = reader(event);
    if (value === undefined) return false;
    const match = matches.get(name(event) as string) ?? usual;
    return match(value);
  };
}

/** Parameters of a name by event name, of the newest version of each event. */
export function parametersByEvent(parameter: string): ReadonlyMap<string, ParamInfo> {
  const found = new Map<string, ParamInfo>();
  for (const { name, params } of EVENT_TYPES) {
    const info = params.find((param) => param.name === parameter);
    if (info !== undefined) found.set(name, info);
  }
  return found;
}

/** The constant as another number type reads the bytes it is kept in; what has no more bytes is filled with zeros. */
function castConstant(constant: Constant, from: ValueType, to: ValueType): Constant {
  const kept = numberForm(from);
  const read = numberForm(to);
  if (constant.kind !== "number" || kept === undefined || read === undefined) return constant;
  const bits = BigInt.asUintN(Math.min(kept.bits, read.bits), constant.number);
  return { kind: "number", number: read.signed ? BigInt.asIntN(read.bits, bits) : bits };
}

/** A known name is compared as a text; an address without one differs from every name. */
function nameOfAddress<Event>(own: OwnCheck<Event>): Test<Event> {
  const reader = readerOf(own);
  const { operator, modifier } = own.check;
  const match = matchConstants(operator, modifier, own.constants);
  return (event) => {
    const value = reader(event);
    if (value === undefined) return false;
    return value === "" ? operator === "!=" : match(value);
  };
}
