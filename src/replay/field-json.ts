import type { ScapEvent } from "../event/event.ts";
import { EVENT_TYPES, type ParamFormat, type ParamType } from "../event/event-types.ts";
import { lookUpField } from "../fields/look-up-field.ts";
import type { CaptureFields } from "../state/capture-fields.ts";
import type { FieldReader, FieldValue } from "../state/field-reader.ts";
import { addressText } from "../state/socket-address.ts";

/** Writes a field of the current event as JSON, as Falco's `output_fields` has it: `null` where the event lacks it. */
export type FieldJson = (event: ScapEvent) => string;

/** Times that Falco writes as nanoseconds, though in texts they are clock times. */
const CLOCK_FIELDS = new Set([
  "evt.time",
  "evt.time.s",
  "evt.time.iso8601",
  "evt.datetime",
  "evt.datetime.s",
  "evt.outputtime",
]);
/** Numbers that Falco writes as such, though in texts they are padded with zeros. */
const PLAIN_NUMBERS = /^evt\.(?:rawtime|reltime|deltatime|latency)(?:\.|$)/;

/** Fields that can only be compared with, or that Falco has no way to write: as output they never have a value. */
const NEVER_SHOWN = new Set(["fd.ip", "fd.port", "fd.net", "fd.proto", "evt.around", "evt.type.is"]);
const NETWORKS = new Set(["fd.cnet", "fd.snet", "fd.lnet", "fd.rnet"]);
/** Names of addresses, which are never looked up: the reader's empty text stands for none. */
const HOST_NAME = /^fd\.[cslr]ip\.name$/;
const MAX_BUFFER_CHARS = 1023;

/** The writer of a field that is written as `name` or `name[argument]`. */
export function fieldJson(fields: CaptureFields, text: string): FieldJson {
  const { name, argument } = splitField(text);
  if (CLOCK_FIELDS.has(name)) return (event) => event.timeNs.toString();
  if (NEVER_SHOWN.has(name) || name.startsWith("evt.type.is.")) return () => "null";
  const read = shownReader(fields, name, argument);
  if (NETWORKS.has(name)) return (event) => (read(event) === undefined ? "null" : '"<IPNET>"');
  if (HOST_NAME.test(name)) return () => "null";
  if (name === "evt.rawarg" || name.startsWith("evt.rawarg.")) return rawArgumentJson(name, read);
  const format = PLAIN_NUMBERS.test(name) ? "plain" : formatOf(text);
  return (event) => valueJson(read(event), format);
}

/** Name and argument of a field as it is written in conditions and outputs. */
export function splitField(text: string): { readonly name: string; readonly argument?: string } {
  const open = text.indexOf("[");
  if (open < 0 || !text.endsWith("]")) return { name: text };
  return { name: text.slice(0, open), argument: text.slice(open + 1, -1) };
}

/** Some fields show another value than they compare: the process itself instead of all its ancestors. */
function shownReader(fields: CaptureFields, name: string, argument: string | undefined): FieldReader {
  if (argument === undefined && name === "proc.apid") return fields.reader({ name, argument: "0" });
  if (argument === undefined && name === "proc.aenv") return fields.reader({ name: "proc.env" });
  return fields.reader(argument === undefined ? { name } : { name, argument });
}

function formatOf(text: string): "plain" | "padded" | "hex" | "list" {
  const found = lookUpField(text, "syscall");
  if (found.kind !== "found") return "plain";
  return found.field.row.isList ? "list" : found.field.row.format;
}

function valueJson(value: FieldValue | undefined, format: "plain" | "padded" | "hex" | "list"): string {
  switch (typeof value) {
    case "undefined":
      return "null";
    case "string":
      return textJson(value);
    case "boolean":
      return String(value);
    case "number":
    case "bigint":
      if (format === "hex") return `"${value.toString(16).toUpperCase()}"`;
      return format === "padded" ? `"${value.toString().padStart(9, "0")}"` : String(value);
    default:
      break;
  }
  if (value instanceof Uint8Array) return bytesJson(value);
  const list = value as readonly FieldValue[];
  if (format === "list") return `[${list.map((part) => valueJson(part, "plain")).join(",")}]`;
  return textJson(list.join(" "));
}

/** An address of four or sixteen bytes, else a buffer as printable text. */
function bytesJson(bytes: Uint8Array): string {
  if (bytes.length === 4 || bytes.length === 16) return `"${addressText(bytes, 0, bytes.length)}"`;
  return bufferJson(bytes);
}

function bufferJson(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes.subarray(0, MAX_BUFFER_CHARS)) {
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".";
  }
  return JSON.stringify(text);
}

/** A text with U+FFFD for bytes that are no UTF-8. */
export function textJson(text: string): string {
  return JSON.stringify(text.replace(/\p{Surrogate}/gu, "\ufffd"));
}

/** evt.rawarg: the type and the format are those of the event's own argument. */
function rawArgumentJson(name: string, read: FieldReader): FieldJson {
  const argument = name.slice("evt.rawarg.".length);
  const infos = EVENT_TYPES.map(({ params }) => params.find((param) => param.name === argument));
  return (event) => {
    const value = read(event);
    const info = infos[event.type];
    if (value === undefined || !info) return "null";
    if (value instanceof Uint8Array) return bufferJson(value);
    if (typeof value !== "number" && typeof value !== "bigint") return valueJson(value, "plain");
    return numberJson(value, info.type, info.format);
  };
}

const BITS: Partial<Record<ParamType, number>> = { INT8: 8, INT16: 16, INT32: 32, INT64: 64, FD: 64, PID: 64 };

function numberJson(value: number | bigint, type: ParamType, format: ParamFormat): string {
  if (format !== "hex" && format !== "oct") return String(value);
  const unsigned = BigInt.asUintN(BITS[type] ?? 64, BigInt(value));
  return `"${format === "hex" ? unsigned.toString(16).toUpperCase() : unsigned.toString(8)}"`;
}
