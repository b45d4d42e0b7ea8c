import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { alignBytes } from "../column.ts";

/** What the archive knows of each alert in a file without reading its line; one entry a row, in the order of the lines. */
export interface ColdRows {
  readonly count: number;
  readonly times: BigInt64Array;
  readonly received: Float64Array;
  /** Bytes of each line, without what separates it from the next. */
  readonly lengths: Uint32Array;
  readonly repeats: Uint32Array;
  /** Index into `rules`. */
  readonly rule: Uint32Array;
  readonly rules: readonly string[];
  /** Index into `runs`. */
  readonly runsOf: Uint32Array;
  /** Sets of runs that gave an alert, the latest last; the first set is empty. */
  readonly runs: readonly (readonly string[])[];
  /** Index into `priorities`. */
  readonly priority: Uint8Array;
  readonly priorities: readonly string[];
  /** 1 where every text of the alert stands in its line letter by letter; see `isPlainLine`. */
  readonly isPlain: Uint8Array;
}

/** One alert as it goes into the archive. */
export interface ColdRow {
  readonly id: string;
  readonly orderNs: bigint;
  readonly receivedAtMs: number;
  readonly repeats: number;
  readonly runs: readonly string[];
  readonly rule: string;
  readonly priority: string;
  readonly raw: string;
}

/** Most alerts of one file of the archive. */
export const MAX_COLD_ROWS = 262_144;
/** Most that the rows of a file are unpacked. */
const MAX_ROWS_BYTES = 256 * 1024 * 1024;

/** Rows being gathered in order. */
export interface ColdRowsBuilder {
  readonly add: (row: ColdRow, bytes: number) => void;
  readonly finish: () => ColdRows;
}

export function buildColdRows(): ColdRowsBuilder {
  const times: bigint[] = [];
  const [received, lengths, repeats, plain]: [number[], number[], number[], number[]] = [[], [], [], []];
  const [rule, runsOf, priority] = [startDictionary(), startDictionary(), startDictionary()];
  runsOf.codeOf("[]");
  const codes: [number[], number[], number[]] = [[], [], []];
  return {
    add: (row, bytes) => {
      times.push(row.orderNs);
      received.push(row.receivedAtMs);
      lengths.push(bytes);
      repeats.push(row.repeats);
      plain.push(isPlainLine(row.raw) ? 1 : 0);
      codes[0].push(rule.codeOf(row.rule));
      codes[1].push(row.runs.length === 0 ? 0 : runsOf.codeOf(JSON.stringify(row.runs)));
      codes[2].push(priority.codeOf(row.priority));
    },
    finish: () => ({
      count: times.length,
      times: BigInt64Array.from(times),
      received: Float64Array.from(received),
      lengths: Uint32Array.from(lengths),
      repeats: Uint32Array.from(repeats),
      rule: Uint32Array.from(codes[0]),
      rules: rule.texts,
      runsOf: Uint32Array.from(codes[1]),
      runs: runsOf.texts.map((text) => JSON.parse(text) as string[]),
      priority: Uint8Array.from(codes[2]),
      priorities: priority.texts,
      isPlain: Uint8Array.from(plain),
    }),
  };
}

function startDictionary() {
  const texts: string[] = [];
  const codes = new Map<string, number>();
  return {
    texts,
    codeOf: (text: string): number => {
      let code = codes.get(text);
      if (code === undefined) {
        code = texts.push(text) - 1;
        codes.set(text, code);
      }
      return code;
    },
  };
}

/**
 * True where any text of the alert can be looked for in its line as it is: nothing is written as \u or \/, no number in a
 * way that differs from how it is shown, no list or object inside output_fields, no letter that becomes ASCII in lower
 * case. Falco writes nearly all its lines so. False only costs reading the alert.
 */
export function isPlainLine(raw: string): boolean {
  if (/\\[u/]|[\u0130\u212a]/.test(raw)) return false;
  // Exponents, fractions so long that they were rounded, and ones so small that they are shown with an exponent.
  if (/[:,[]\s*-?(?:\d+(?:\.\d+)?[eE]|(?=[\d.]{17})\d+\.|0\.0{6})/.test(raw)) return false;
  // output_fields and tags are the two that every line has.
  return (raw.match(/:\s*[[{]/g) ?? []).length <= 2;
}

const COLUMNS = [
  ["times", BigInt64Array],
  ["received", Float64Array],
  ["lengths", Uint32Array],
  ["repeats", Uint32Array],
  ["rule", Uint32Array],
  ["runsOf", Uint32Array],
  ["priority", Uint8Array],
  ["isPlain", Uint8Array],
] as const;

/**
 * The rows as gzipped bytes, little-endian: u32 bytes of a JSON head (count, rules, runs, priorities), the head filled up
 * with blanks to a multiple of 8, then the columns one after the other in the order of `COLUMNS`.
 */
export async function packColdRows(rows: ColdRows): Promise<Buffer> {
  const { count, rules, runs, priorities } = rows;
  const json = Buffer.from(JSON.stringify({ count, rules, runs, priorities }));
  const padded = Buffer.alloc(Math.ceil((4 + json.length) / 8) * 8 - 4, " ");
  json.copy(padded);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(padded.length);
  const columns = COLUMNS.map(([name]) => {
    const { buffer, byteOffset, byteLength } = rows[name];
    return Buffer.from(buffer, byteOffset, byteLength);
  });
  return promisify(gzip)(Buffer.concat([length, padded, ...columns]), { level: 6 });
}

/** The rows that `packColdRows` made bytes of. Throws on anything else. */
export async function unpackColdRows(packed: Uint8Array): Promise<ColdRows> {
  const bytes = alignBytes(await promisify(gunzip)(packed, { maxOutputLength: MAX_ROWS_BYTES }), 8);
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headEnd = 4 + view.readUInt32LE(0);
  const head = JSON.parse(view.toString("utf8", 4, headEnd)) as Pick<
    ColdRows,
    "count" | "rules" | "runs" | "priorities"
  >;
  let at = bytes.byteOffset + headEnd;
  const columns = COLUMNS.map(([name, Column]) => {
    const column = new Column(bytes.buffer as ArrayBuffer, at, head.count);
    at += column.byteLength;
    return [name, column];
  });
  return { ...head, ...(Object.fromEntries(columns) as Omit<ColdRows, keyof typeof head>) };
}

/** Bytes of one entry of an ids file: the id, then u32 its row. */
const ID_ENTRY = 20;

/** The ids of a file's rows as bytes, sorted, each with its row (little-endian). */
export function packIds(ids: readonly string[]): Buffer {
  const all = Buffer.from(ids.join(""), "hex");
  const front = Float64Array.from(ids, (_, row) => all.readUIntBE(row * 16, 6));
  const order = Uint32Array.from(ids, (_, row) => row).sort((a, b) => {
    const difference = (front[a] as number) - (front[b] as number);
    return difference === 0 ? all.compare(all, b * 16, b * 16 + 16, a * 16, a * 16 + 16) : difference;
  });
  const packed = Buffer.alloc(ids.length * ID_ENTRY);
  order.forEach((row, at) => {
    all.copy(packed, at * ID_ENTRY, row * 16, row * 16 + 16);
    packed.writeUInt32LE(row, at * ID_ENTRY + 16);
  });
  return packed;
}

/** Row of an id in a packed ids file; undefined where it has none. */
export function rowOfId(packed: Uint8Array, id: Uint8Array): number | undefined {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  let low = 0;
  let high = Math.floor(bytes.length / ID_ENTRY);
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = middle * ID_ENTRY;
    const order = bytes.compare(id, 0, 16, at, at + 16);
    if (order === 0) return bytes.readUInt32LE(at + 16);
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return undefined;
}

/** The ids of a packed ids file, 16 bytes each. */
export function* idsIn(packed: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at + ID_ENTRY <= packed.length; at += ID_ENTRY) yield packed.subarray(at, at + 16);
}
