import type { Field } from "./ast.ts";
import { byteLengthOf, bytesOfText, textOfBytes } from "./byte-text.ts";
import { extractorOf } from "./extract.ts";
import type { Extracted, FieldReader, FieldSource } from "./field-access.ts";
import type { Operand } from "./operand.ts";
import { looksAtAncestors, parametersByEvent } from "./own-comparison.ts";
import { formatAddress } from "./parse-address.ts";
import type { Output, OutputField, OutputPart } from "./parse-output.ts";
import { numberForm } from "./parse-value.ts";

/** A value of output_fields; 64-bit numbers that a double cannot hold are bigint. */
export type OutputValue = string | number | bigint | boolean | null | readonly OutputValue[];

export interface OutputFormatter<Event> {
  /** The line as Falco writes it, without time and priority; absent values are `<NA>`. */
  text(event: Event): string;
  /** output_fields, sorted by name as on the wire; absent values are null, transformers are left out. */
  fields(event: Event): Record<string, OutputValue>;
}

const NOT_AVAILABLE = "<NA>";

/** Room that the engine has for one list or buffer, terminating NUL included. */
const STORAGE = 1_024;

/**
 * The formatter of a parsed output over a source of events.
 * Source: libs userspace/libsinsp/eventformatter.cpp and sinsp_filtercheck.cpp rawval_to_string, rawval_to_json @48dfd53c.
 */
export function createFormatter<Event>(output: Output, source: FieldSource<Event>): OutputFormatter<Event> {
  const parts = output.parts.map((part) => partWriter(part, source));
  const fields = output.fields
    .filter(({ field }) => field.kind === "field")
    .map((field): [string, (event: Event) => OutputValue] => [field.name, valueReader(field, source)])
    .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
  return {
    text: (event) => parts.map((write) => write(event)).join(""),
    fields: (event) => Object.fromEntries(fields.map(([name, read]) => [name, read(event)])),
  };
}

function partWriter<Event>(part: OutputPart, source: FieldSource<Event>): (event: Event) => string {
  if (part.kind === "text") return () => part.text;
  const { operand, width } = part;
  const reader = printedReader(part, source);
  return (event) => {
    const value = reader(event);
    const text = (value === undefined ? undefined : textOf(value, operand)) ?? NOT_AVAILABLE;
    return width === 0 ? text : toWidth(text, width);
  };
}

/** Padded with blanks or cut to a number of bytes, in the middle of a character if need be. */
function toWidth(text: string, width: number): string {
  const length = byteLengthOf(text);
  if (length <= width) return text + " ".repeat(width - length);
  return textOfBytes(bytesOfText(text).subarray(0, width));
}

/** What an output prints of a field, which for some is not what a condition compares. */
function printedReader<Event>(
  { field, operand }: Pick<OutputField, "field" | "operand">,
  source: FieldSource<Event>,
): FieldReader<Event> {
  if (field.kind === "transformer") return extractorOf(field, source);
  if (operand.row?.isFilterOnly) return () => undefined;
  // Without index the engine prints the process itself here, and all ancestors of the other fields.
  if (field.name === "proc.apid" && field.argument === undefined) {
    return source.reader({ name: field.name, argument: "0" });
  }
  // An index counts here, where a condition takes all ancestors; without one it is the process itself again.
  if (field.name === "proc.aenv") return source.reader({ name: field.name, argument: field.argument || "0" });
  const reader = extractorOf(field, source);
  if (operand.row?.name === "evt.rawarg") return rawArgument(field, reader, source);
  if (!looksAtAncestors(field)) {
    return field.name.endsWith("ip.name") ? (event) => reader(event) || undefined : reader;
  }
  return (event) => {
    const values = reader(event);
    return Array.isArray(values) && values.length > 0 ? values.join(" ") : undefined;
  };
}

/** A number in the form that its own event gives it: where that is not decimal it is a text, in JSON too. */
function rawArgument<Event>(
  { name }: Field,
  reader: FieldReader<Event>,
  source: FieldSource<Event>,
): FieldReader<Event> {
  const parameters = parametersByEvent(name.slice("evt.rawarg.".length));
  const eventName = source.reader({ name: "evt.type" });
  return (event) => {
    const value = reader(event);
    const parameter = parameters.get(eventName(event) as string);
    // The engine has no way to print an address by itself.
    if (parameter?.type === "SOCKADDR") return undefined;
    if (typeof value !== "number" && typeof value !== "bigint") return value;
    const radix = { hex: 16, oct: 8, na: 10 }[parameter?.format as string];
    if (radix === undefined) return value;
    if (radix === 10) return String(value);
    const bits = numberForm(parameter?.type ?? "UINT64")?.bits ?? 64;
    return BigInt.asUintN(bits, BigInt(value)).toString(radix).toUpperCase();
  };
}

/** Numbers that the engine has no way to print: of transformers, and of the few fields without a format. */
function hasNoFormat({ row, type }: Operand): boolean {
  return row === undefined || row.name === "evt.type.is" || (type === "UINT64" && row.type !== "UINT64" && isText(row));
}

function isText({ type }: { readonly type: string }): boolean {
  return type === "CHARBUF" || type === "BYTEBUF";
}

function textOf(value: Extracted, operand: Operand): string | undefined {
  if (Array.isArray(value)) {
    const text = `(${value.map((item: Extracted) => scalarText(item, operand) ?? NOT_AVAILABLE).join(",")})`;
    return byteLengthOf(text) < STORAGE ? text : toWidth(text, STORAGE - 1);
  }
  return scalarText(value, operand);
}

function scalarText(value: Extracted, operand: Operand): string | undefined {
  switch (typeof value) {
    case "string":
      return value;
    case "boolean":
      return String(value);
    case "number":
    case "bigint":
      return numberText(value, operand);
    default:
      return value instanceof Uint8Array ? bytesText(value, operand) : undefined;
  }
}

function numberText(value: number | bigint, operand: Operand): string | undefined {
  if (operand.type === "DOUBLE") return Number(value).toFixed(1);
  if (hasNoFormat(operand)) return undefined;
  switch (operand.row?.format) {
    case "padded":
      return value.toString().padStart(9, "0");
    case "hex":
      return (Number(value) >>> 0).toString(16).toUpperCase();
    default:
      return value.toString();
  }
}

/** Addresses in their usual form; of buffers printable ASCII, a dot for any other byte. */
function bytesText(bytes: Uint8Array, { type }: Operand): string | undefined {
  if (type === "IPADDR" || type === "IPV4ADDR" || type === "IPV6ADDR") return formatAddress(bytes);
  // The engine has no way to print a network and says so.
  if (type === "IPNET") return "<IPNET>";
  const shown = bytes.length <= STORAGE - 2 ? bytes : bytes.subarray(0, STORAGE - 3);
  return Buffer.from(shown)
    .toString("latin1")
    .replace(/[^ -~]/g, ".");
}

/** Times that JSON gives as nanoseconds since 1970 whatever the text shows. */
const TIMES: ReadonlySet<string> = new Set([
  "evt.time",
  "evt.time.s",
  "evt.time.iso8601",
  "evt.datetime",
  "evt.datetime.s",
]);

function valueReader<Event>(field: OutputField, source: FieldSource<Event>): (event: Event) => OutputValue {
  const { operand } = field;
  if (operand.row !== undefined && TIMES.has(operand.row.name)) {
    const time = source.reader({ name: "evt.rawtime" });
    return (event) => {
      const value = time(event);
      return typeof value === "bigint" || typeof value === "number" ? value : null;
    };
  }
  const reader = printedReader(field, source);
  return (event) => {
    const value = reader(event);
    return value === undefined ? null : jsonOf(value, operand);
  };
}

function jsonOf(value: Extracted, operand: Operand): OutputValue {
  if (Array.isArray(value)) return value.map((item: Extracted) => jsonOf(item, operand));
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
    case "bigint":
      if (hasNoFormat(operand)) return null;
      return operand.row?.format === "hex" ? (numberText(value, operand) ?? null) : value;
    default:
      return value instanceof Uint8Array ? (bytesText(value, operand) ?? null) : null;
  }
}
