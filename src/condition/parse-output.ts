import type { FieldRow } from "../fields/field-row.ts";
import { lookUpField } from "../fields/look-up-field.ts";
import type { Span } from "../text/span.ts";
import type { Field, Transformer, TransformerArgument } from "./ast.ts";
import { fieldNameAt } from "./cursor.ts";
import { type CheckContext, CheckFault, isTooNew, type Operand, operandOf, operandOfRow } from "./operand.ts";
import { parseOperand } from "./parse-operand.ts";
import { printCondition } from "./print-condition.ts";

/** A piece of an output: text as it stands, or a field. */
export type OutputPart =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "field";
      readonly field: Field | Transformer;
      readonly operand: Operand;
      /** Bytes to pad or cut to; 0 for as long as it is. */
      readonly width: number;
    };

/** A name that Falco lists for an output, and puts into output_fields unless it is a transformer's. */
export interface OutputField {
  readonly name: string;
  readonly field: Field | Transformer;
  readonly operand: Operand;
}

export interface Output {
  readonly parts: readonly OutputPart[];
  /** In order, repeats kept: fields inside transformers too, and of nested transformers the outermost. */
  readonly fields: readonly OutputField[];
}

export interface OutputFault {
  /** Falco's exact text. */
  readonly message: string;
  readonly span: Span;
}

/** Depth to which Falco parses transformers in outputs. */
const MAX_DEPTH = 100;

/** More padding than this says nothing to a reader; Falco would reserve whatever is asked for. */
const MAX_WIDTH = 65_536;

/** No field name is longer but for those that end in a free word, which are tried whole. */
const LONGEST_NAME = 128;

/**
 * The pieces of an output format, or Falco's message (LOAD_ERR_COMPILE_OUTPUT). A `%` takes the longest valid field or
 * transformer behind it: `%proc.names` is `%proc.name` and an `s`. There is no way to write a `%` itself.
 * A leading `*`, which Falco adds anyway, is left out. Source: libs userspace/libsinsp/eventformatter.cpp @48dfd53c.
 */
export function parseOutput(
  format: string,
  context: CheckContext,
): { readonly output: Output; readonly error?: never } | { readonly output?: never; readonly error: OutputFault } {
  if (format === "") return { error: { message: "empty formatting token", span: { start: 0, end: 0 } } };
  const parts: OutputPart[] = [];
  const fields: OutputField[] = [];
  let at = format.startsWith("*") ? 1 : 0;
  for (;;) {
    const percent = format.indexOf("%", at);
    const text = format.slice(at, percent === -1 ? undefined : percent);
    if (text !== "") parts.push({ kind: "text", text });
    if (percent === -1) return { output: { parts, fields } };
    const width = widthAt(format, percent + 1);
    const start = percent + 1 + width.length;
    const found = bareField(format, start, context) ?? longestOperand(format, start, context);
    if ("message" in found) {
      const span = { start: percent, end: Math.min(start + 1, format.length) };
      return { error: { message: start < format.length ? found.message : endMessage(width), span } };
    }
    const { part, listed } = found;
    parts.push(width === "" ? part : { ...part, width: Math.min(Number(width), MAX_WIDTH) });
    for (const field of listed) fields.push(field);
    at = start + part.field.span.end;
  }
}

const DIGITS = /[0-9]*/y;

function widthAt(format: string, at: number): string {
  DIGITS.lastIndex = at;
  return DIGITS.test(format) ? format.slice(at, DIGITS.lastIndex) : "";
}

function endMessage(width: string): string {
  return `invalid formatting syntax: formatting cannot end with a ${width === "" ? "%" : "number"}`;
}

interface FoundField {
  /** Without width; the end of its field's span, which begins at 0, is how much of the text it takes. */
  readonly part: Extract<OutputPart, { kind: "field" }>;
  readonly listed: readonly OutputField[];
}

/** Outputs name the same few fields again and again: what is found for a name is kept with its row of the catalogue. */
const bareFields = new WeakMap<FieldRow, FoundField>();

/** The field whose whole name stands here with no argument behind it; undefined where it takes a search to tell. */
function bareField(format: string, start: number, { source, engine }: CheckContext): FoundField | undefined {
  const name = fieldNameAt(format, start);
  if (name === undefined || format.charAt(start + name.length) === "[") return undefined;
  const lookup = lookUpField(name, source);
  if (lookup.kind !== "found" || lookup.field.row.name !== name || isTooNew(lookup.field.row, engine)) return undefined;
  const { row, type } = lookup.field;
  const known = bareFields.get(row);
  if (known !== undefined) return known;
  const field: Field = { kind: "field", span: { start: 0, end: name.length }, name: row.name };
  const operand = operandOfRow(row, type);
  const found: FoundField = {
    part: { kind: "field", field, operand, width: 0 },
    listed: [{ name: row.name, field, operand }],
  };
  bareFields.set(row, found);
  return found;
}

/** Falco always ends up at the message for a single character that is no field. */
const NOTHING_FOUND = { message: "unknown filter: unexpected token after '" };

/**
 * Falco tries every prefix, longest first. Only those are tried here that can end differently: without an argument in
 * brackets that is wrong or not closed, and for plain fields every shorter name.
 */
function longestOperand(
  format: string,
  start: number,
  context: CheckContext,
): FoundField | { readonly message: string } {
  const text = format.slice(start);
  if (!/^[a-zA-Z]/.test(text)) return NOTHING_FOUND;
  for (let length = text.length; length > 0; ) {
    const candidate = text.slice(0, length);
    const parsed = parseOperand(candidate, MAX_DEPTH);
    if (parsed.part === undefined) {
      length = withoutArgument(candidate, parsed.end);
      continue;
    }
    const operand = tryOperand(parsed.part, context);
    if (!(operand instanceof CheckFault)) {
      const listed: OutputField[] = [];
      listFields(parsed.part, context, listed);
      return { part: { kind: "field", field: parsed.part, operand, width: 0 }, listed };
    }
    if (operand.kind === "fatal") return { message: operand.message };
    if (parsed.part.argument !== undefined) length = withoutArgument(candidate, parsed.end - 1);
    else length = parsed.part.kind === "field" ? Math.min(parsed.end - 1, LONGEST_NAME) : 0;
  }
  return NOTHING_FOUND;
}

/** Length of a text up to the bracket in which its parsing stopped; 0 when a transformer is not closed before it. */
function withoutArgument(text: string, stoppedAt: number): number {
  const bracket = text.lastIndexOf("[", Math.min(stoppedAt, text.length - 1));
  if (bracket <= 0) return 0;
  return /^[a-z0-9]+\(/.test(text) && !text.slice(0, bracket).endsWith(")") ? 0 : bracket;
}

function tryOperand(part: Field | Transformer, context: CheckContext): Operand | CheckFault {
  try {
    return operandOf(part, context);
  } catch (thrown) {
    if (thrown instanceof CheckFault) return thrown;
    throw thrown;
  }
}

/** Lists a part's fields before itself, as Falco does: a transformer takes the place of the transformer just listed. */
function listFields(part: TransformerArgument, context: CheckContext, fields: OutputField[]): boolean {
  switch (part.kind) {
    case "field":
      fields.push({ name: printCondition(part), field: part, operand: operandOf(part, context) });
      return false;
    case "transformer": {
      let endsInTransformer = false;
      for (const value of part.values) {
        const listed = listFields(value, context, fields);
        if (value.kind !== "value") endsInTransformer = listed;
      }
      if (endsInTransformer) fields.pop();
      fields.push({ name: printCondition(part), field: part, operand: operandOf(part, context) });
      return true;
    }
    case "transformer-list": {
      let endsInTransformer = false;
      for (const item of part.items) {
        const listed = listFields(item, context, fields);
        if (item.kind !== "value") endsInTransformer = listed;
      }
      return endsInTransformer;
    }
    default:
      return false;
  }
}
