import type { Field, Transformer, TransformerArgument, TransformerName } from "./ast.ts";
import { byteLengthOf, textOfBytes } from "./byte-text.ts";
import type { Extracted, FieldReader, FieldReference, FieldSource } from "./field-access.ts";
import { lowerAscii, upperAscii } from "./glob.ts";
import { takeOptions } from "./take-options.ts";

/**
 * The reader of a field or transformer: what its value is after all transformers, undefined where any part is absent.
 * Source: libs userspace/libsinsp/sinsp_filter_transformers/*.cpp and sinsp_filtercheck_multivalue_transformer.cpp @48dfd53c.
 */
export function extractorOf<Event>(part: TransformerArgument, source: FieldSource<Event>): FieldReader<Event> {
  switch (part.kind) {
    case "field":
      return source.reader(referenceOf(part));
    case "value": {
      const { text } = part;
      return () => text;
    }
    case "transformer-list": {
      const readers = part.items.map((item) => extractorOf(item, source));
      return (event) => readAll(readers, event);
    }
    case "transformer":
      return transformerReader(part, source);
  }
}

export function referenceOf({ name, argument }: Field): FieldReference {
  return argument === undefined ? { name } : { name, argument };
}

/** Values of a list, those of lists in it one by one; numbers become text. */
function readAll<Event>(readers: readonly FieldReader<Event>[], event: Event): readonly Extracted[] | undefined {
  const values: Extracted[] = [];
  for (const reader of readers) {
    const value = reader(event);
    if (value === undefined) return undefined;
    if (Array.isArray(value)) values.push(...value);
    else values.push(typeof value === "number" || typeof value === "bigint" ? value.toString() : value);
  }
  return values;
}

function transformerReader<Event>(transformer: Transformer, source: FieldSource<Event>): FieldReader<Event> {
  const { name, values, argument } = transformer;
  const readers = values.map((value) => extractorOf(value, source));
  const [first, second] = readers;
  if (first === undefined) return () => undefined;
  if (name === "val") return first;
  if (second === undefined) {
    return (event) => {
      const value = first(event);
      return value === undefined ? undefined : transform(name, value);
    };
  }
  switch (name) {
    case "join":
      return (event) => joinTexts(first(event), second(event));
    case "concat":
      return (event) => concatTexts(readers, event);
    case "getopt":
      return (event) => {
        const words = first(event);
        const options = second(event);
        if (!Array.isArray(words) || typeof options !== "string") return undefined;
        return takeOptions(words.map(textOf), options, argument);
      };
    default:
      return () => undefined;
  }
}

/** A transformer of one argument; those of texts work on every value of a list. */
function transform(name: TransformerName, value: Extracted): Extracted | undefined {
  if (name === "len") return lengthOf(value);
  if (Array.isArray(value)) {
    const results = value.map((item: Extracted) => transform(name, item));
    return results.includes(undefined) ? undefined : (results as Extracted[]);
  }
  if (name === "b64") return decodeBase64(value);
  if (typeof value !== "string") return undefined;
  switch (name) {
    case "tolower":
      return lowerAscii(value);
    case "toupper":
      return upperAscii(value);
    case "basename":
      return value.slice(value.lastIndexOf("/") + 1);
    default:
      return undefined;
  }
}

/** Number of values of a list, else of bytes. */
function lengthOf(value: Extracted): number | undefined {
  if (typeof value === "string") return byteLengthOf(value);
  return Array.isArray(value) || value instanceof Uint8Array ? value.length : undefined;
}

const BASE64 = /^[A-Za-z0-9+/]*$/;

/**
 * The decoded bytes, or absent for what is no clean base64: wrong characters, a lone last one, bits left over. Padding may
 * be missing. A decoded buffer has a NUL behind it, as libs leaves it there; a decoded text ends at its first NUL.
 */
function decodeBase64(value: Extracted): Extracted | undefined {
  const isText = typeof value === "string";
  if (!isText && !(value instanceof Uint8Array)) return undefined;
  const written = (isText ? value : Buffer.from(value).toString("latin1").replace(/\0+$/, "")).replace(/={1,2}$/, "");
  if (!BASE64.test(written) || written.length % 4 === 1) return undefined;
  const bytes = Buffer.from(written, "base64");
  const again = bytes.toString("base64").replace(/=+$/, "");
  if (again !== written) return undefined;
  if (!isText) return bytes.at(-1) === 0 ? bytes : Buffer.concat([bytes, Buffer.of(0)]);
  const end = bytes.indexOf(0);
  return textOfBytes(end === -1 ? bytes : bytes.subarray(0, end));
}

function textOf(value: Extracted): string {
  return typeof value === "string" ? value : String(value);
}

function joinTexts(separator: Extracted | undefined, values: Extracted | undefined): string | undefined {
  if (separator === undefined || !Array.isArray(values)) return undefined;
  return values.map(textOf).join(textOf(separator));
}

function concatTexts<Event>(readers: readonly FieldReader<Event>[], event: Event): string | undefined {
  let text = "";
  for (const reader of readers) {
    const value = reader(event);
    if (value === undefined) return undefined;
    text += textOf(value);
  }
  return text;
}
