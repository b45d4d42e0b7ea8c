import type { FieldRow } from "../fields/field-row.ts";
import { lookUpField, type ValueType } from "../fields/look-up-field.ts";
import { TRANSFORMERS } from "../fields/operators.ts";
import type { Span } from "../text/span.ts";
import type {
  DiagnosticKind,
  Field,
  List,
  Transformer,
  TransformerArgument,
  TransformerList,
  TransformerName,
  Value,
} from "./ast.ts";
import { byteLengthOf } from "./byte-text.ts";

/** What a condition is checked for. */
export interface CheckContext {
  /** Event source of the rule: "syscall", "k8s_audit" ... */
  readonly source: string;
  /** Engine to check for, as minor of 0.x; the newest known when left out. */
  readonly engine?: number;
}

/** One side of a comparison as the engine sees it after its transformers. */
export interface Operand {
  /** Name in messages: the field's without argument. */
  readonly name: string;
  readonly type: ValueType;
  readonly isList: boolean;
  /** Type before any transformer: what transformers of several arguments look at. */
  readonly plainType: ValueType;
  readonly plainIsList: boolean;
  /** Name of the plain field; differs from `name` for getopt's list. */
  readonly plainName: string;
  readonly allowsRightHand: boolean;
  readonly allowsTransformers: boolean;
  readonly row?: FieldRow;
}

/** A fault of one check, in Falco's words. Never leaves this folder. */
export class CheckFault extends Error {
  override readonly name = "CheckFault";
  readonly kind: DiagnosticKind;
  readonly span: Span;

  constructor(kind: DiagnosticKind, message: string, span: Span) {
    super(message);
    this.kind = kind;
    this.span = span;
  }
}

/** Numbers and quoted strings in a transformer's brackets are strings, whatever they look like. */
const CONSTANT: Operand = Object.freeze({
  name: "NA",
  type: "CHARBUF",
  isList: false,
  plainType: "CHARBUF",
  plainIsList: false,
  plainName: "NA",
  allowsRightHand: true,
  allowsTransformers: true,
});

const CONSTANT_LIST: Operand = Object.freeze({ ...CONSTANT, isList: true, plainIsList: true });

/** The written form of a field: what the engine looks up and names in messages. */
export function fieldText({ name, argument }: Field): string {
  return argument === undefined ? name : `${name}[${argument}]`;
}

/** The field as an operand; throws a CheckFault for one that the source does not have. */
function fieldOperand(field: Field, { source, engine }: CheckContext): Operand {
  const text = fieldText(field);
  const found = lookUpField(text, source);
  if (found.kind === "refused") throw new CheckFault("field-argument", found.message, field.span);
  if (found.kind === "unknown") {
    throw new CheckFault("unknown-field", `filter_check called with nonexistent field ${text}`, field.span);
  }
  const { row, type } = found.field;
  if (isTooNew(row, engine)) {
    throw new CheckFault("engine-version", `filter_check called with nonexistent field ${text}`, field.span);
  }
  return operandOfRow(row, type);
}

/** Whether an engine is too old to know the field. */
export function isTooNew({ sinceEngine }: FieldRow, engine: number | undefined): boolean {
  return engine !== undefined && sinceEngine !== undefined && sinceEngine > engine;
}

/** Rules name the same fields thousands of times: one operand for each row of the catalogue and each type it can have. */
const operandsByRow = new WeakMap<FieldRow, Map<ValueType, Operand>>();

export function operandOfRow(row: FieldRow, type: ValueType): Operand {
  const operands = operandsByRow.get(row) ?? new Map<ValueType, Operand>();
  const known = operands.get(type);
  if (known !== undefined) return known;
  const { name, isList, allowsRightHand, allowsTransformers } = row;
  const plain = { plainType: type, plainIsList: isList, plainName: name };
  const operand = Object.freeze({ name, type, isList, ...plain, allowsRightHand, allowsTransformers, row });
  operandsByRow.set(row, operands.set(type, operand));
  return operand;
}

/** Any field or transformer as an operand; throws a CheckFault for what the engine refuses. */
export function operandOf(
  part: Field | Transformer | TransformerArgument | TransformerList,
  context: CheckContext,
): Operand {
  switch (part.kind) {
    case "field":
      return fieldOperand(part, context);
    case "value":
      return CONSTANT;
    case "transformer-list":
      for (const item of part.items) operandOf(item, context);
      return CONSTANT_LIST;
    case "transformer":
      return transformerOperand(part, context);
  }
}

function transformerOperand(transformer: Transformer, context: CheckContext): Operand {
  const { name, argument, span } = transformer;
  requireEngine(name, span, context);
  const operands = transformer.values.map((value) => operandOf(value, context));
  const [first] = operands;
  if (first === undefined) throw new CheckFault("transformer", "expected a field", span);
  if (name === "val" || operands.length === 1) {
    if (argument !== undefined) {
      throw new CheckFault("transformer", `filter error: transformer '${name}' does not support field arguments`, span);
    }
    return name === "val" ? first : transformed(first, name, span);
  }
  return joined(name, operands, argument, span);
}

function requireEngine(name: TransformerName, span: Span, { engine }: CheckContext): void {
  const since = TRANSFORMERS.find((row) => row.name === name)?.sinceEngine ?? 0;
  if (engine === undefined || since <= engine) return;
  throw new CheckFault("engine-version", `transformer '${name}' needs engine 0.${since}.0`, span);
}

const STRINGS: readonly ValueType[] = ["CHARBUF", "FSPATH", "FSRELPATH"];

/** Types that each transformer of one argument takes, beside any list for len. */
const TAKES: Readonly<Partial<Record<TransformerName, readonly ValueType[]>>> = {
  tolower: STRINGS,
  toupper: STRINGS,
  basename: STRINGS,
  b64: ["CHARBUF", "BYTEBUF"],
  len: [...STRINGS, "BYTEBUF"],
};

function transformed(operand: Operand, name: TransformerName, span: Span): Operand {
  const taken = TAKES[name];
  // "transfomer" is how Falco spells it.
  if (taken === undefined) throw new CheckFault("transformer", `unknown field transfomer '${name}'`, span);
  if (!operand.allowsTransformers) {
    throw new CheckFault("transformer", `field '${operand.plainName}' does not support transformers`, span);
  }
  if (!taken.includes(operand.type) && !(name === "len" && operand.isList)) {
    const list = operand.isList ? "list " : "";
    throw new CheckFault(
      "transformer",
      `can't add field transformer: type '${typeName(operand.type)}' is not supported by '${name}' transformer applied on ${list}field '${operand.plainName}'`,
      span,
    );
  }
  return name === "len" ? { ...operand, type: "UINT64", isList: false } : operand;
}

/** The transformers of several arguments. They look at their arguments' types before any transformer. */
function joined(
  name: TransformerName,
  operands: readonly Operand[],
  argument: string | undefined,
  span: Span,
): Operand {
  const fault = joinedFault(name, operands);
  if (fault !== undefined) throw new CheckFault(fault.kind, fault.message, span);
  if (argument === undefined) return name === "getopt" ? { ...CONSTANT, name: "INTERNAL", isList: true } : CONSTANT;
  if (name !== "getopt") {
    throw new CheckFault("transformer", `transformer '${name}' does not support field arguments`, span);
  }
  if (byteLengthOf(argument) !== 1) {
    throw new CheckFault("transformer", "getopt() field argument must be a single option character", span);
  }
  return CONSTANT;
}

interface JoinedFault {
  readonly kind: DiagnosticKind;
  readonly message: string;
}

function joinedFault(name: TransformerName, operands: readonly Operand[]): JoinedFault | undefined {
  const [first, second] = operands;
  const says = (message: string): JoinedFault => ({ kind: "transformer", message });
  const areText = operands.every(({ plainType }) => plainType === "CHARBUF");
  switch (name) {
    case "join":
      if (operands.length !== 2) return says("join() requires exactly 2 arguments: separator and list");
      if (first?.plainIsList) return says("join() first argument (separator) must be a single value, not a list");
      return second?.plainIsList ? undefined : says("join() second argument must be a list");
    case "concat":
      if (areText && !operands.some(({ plainIsList }) => plainIsList)) return undefined;
      return says("concat() arguments must be strings");
    case "getopt":
      if (operands.length !== 2) return says("getopt() requires exactly 2 arguments: args list and optstring");
      if (!first?.plainIsList) return says("getopt() first argument must be a list");
      if (second?.plainIsList) return says("getopt() second argument (optstring) must be a single value");
      return areText ? undefined : says("getopt() arguments must be strings");
    default:
      return { kind: "fatal", message: "unknown multivalue transformer" };
  }
}

/** A type's name in messages; some have none. */
export function typeName(type: ValueType): string {
  if (type === "DYN") return "DYNAMIC";
  return type === "FD32" || type === "PID32" || type === "IPV6ADDR" ? "<NA>" : type;
}

/** True for the right-hand sides that are compared as constants. */
export function isConstant(right: Value | List | Transformer): right is Value | List {
  return right.kind !== "transformer";
}
