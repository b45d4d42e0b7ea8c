import { deflateSync, inflateSync } from "node:zlib";

export type Codes = Uint8Array | Uint16Array | Uint32Array;

/** One value an alert, for all alerts of a part: each row's code is 0 where the alert lacks it, else 1 + a text's index. */
export interface Column {
  /** Absent where every row has code 1. */
  readonly codes: Codes | undefined;
  readonly texts: () => readonly string[];
  /** False where no row can have the text; true may be wrong. Cheaper than `texts`. */
  readonly mayHold: (text: string) => boolean;
}

/** A column being filled, row by row in any order. */
export interface ColumnBuilder {
  readonly codes: Uint32Array;
  readonly texts: string[];
  readonly codeOf: Map<string | number, number>;
  present: number;
}

/** A dictionary this large has a hash of every text before it, so that most searches for a text never parse it. */
const HASH_BYTES = 1024;
/** A dictionary this large is compressed; inflating smaller ones costs searches more than the room they take. */
const COMPRESS_BYTES = 32 * 1024;
const HEADER_BYTES = 12;

export function startColumn(rows: number): ColumnBuilder {
  return { codes: new Uint32Array(rows), texts: [], codeOf: new Map(), present: 0 };
}

/** Sets a row's value; a number stands for its text. Each row at most once. */
export function setRow(column: ColumnBuilder, row: number, value: string | number): void {
  let code = column.codeOf.get(value);
  if (code === undefined) {
    code = column.texts.push(typeof value === "string" ? value : String(value));
    column.codeOf.set(value, code);
  }
  column.codes[row] = code;
  column.present++;
}

/** The column as it stands in memory. */
export function finishColumn({ codes, texts }: ColumnBuilder): Column {
  return { codes, texts: () => texts, mayHold: () => true };
}

/**
 * A column as bytes, little-endian: u8 width of a code (0: every row has code 1), u8 1 if the texts are deflated, u8 1 if
 * they are hashed, u8 0,
 * u32 number of texts, u32 bytes of the texts; where hashed a u32 hash a text; the codes; the texts as a JSON array.
 */
export function encodeColumn({ codes, texts, present }: ColumnBuilder): Uint8Array {
  const json = Buffer.from(JSON.stringify(texts));
  const isDeflated = json.length > COMPRESS_BYTES;
  const dictionary = isDeflated ? deflateSync(json, { level: 1 }) : json;
  const isConstant = texts.length === 1 && present === codes.length;
  const width = isConstant ? 0 : texts.length < 256 ? 1 : texts.length < 65_536 ? 2 : 4;
  const isHashed = json.length > HASH_BYTES;
  const hashBytes = isHashed ? texts.length * 4 : 0;
  const codesAt = HEADER_BYTES + hashBytes;
  const bytes = new Uint8Array(codesAt + codes.length * width + dictionary.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, width);
  view.setUint8(1, isDeflated ? 1 : 0);
  view.setUint8(2, isHashed ? 1 : 0);
  view.setUint32(4, texts.length, true);
  view.setUint32(8, dictionary.length, true);
  if (isHashed) {
    for (const [index, text] of texts.entries()) view.setUint32(HEADER_BYTES + index * 4, hashText(text), true);
  }
  if (width !== 0) viewCodes(bytes.buffer, codesAt, width, codes.length).set(codes);
  bytes.set(dictionary, bytes.length - dictionary.length);
  return bytes;
}

/** The column that `encodeColumn` made bytes of. Throws on damaged bytes. */
export function decodeColumn(stored: Uint8Array, rows: number): Column {
  const bytes = alignBytes(stored, 4);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = view.getUint8(0);
  const isDeflated = view.getUint8(1) === 1;
  const isHashed = view.getUint8(2) === 1;
  const count = view.getUint32(4, true);
  const codesAt = bytes.byteOffset + HEADER_BYTES + (isHashed ? count * 4 : 0);
  const dictionary = bytes.subarray(bytes.length - view.getUint32(8, true));
  let texts: readonly string[] | undefined;
  return {
    codes: width === 0 ? undefined : viewCodes(bytes.buffer, codesAt, width, rows),
    texts: () => {
      texts ??= JSON.parse(Buffer.from(isDeflated ? inflateSync(dictionary) : dictionary).toString()) as string[];
      return texts;
    },
    mayHold: (text) =>
      !isHashed || new Uint32Array(bytes.buffer, bytes.byteOffset + HEADER_BYTES, count).includes(hashText(text)),
  };
}

function viewCodes(buffer: ArrayBufferLike, at: number, width: number, rows: number): Codes {
  if (width === 1) return new Uint8Array(buffer, at, rows);
  return width === 2 ? new Uint16Array(buffer, at, rows) : new Uint32Array(buffer, at, rows);
}

/** The same bytes at an address that typed arrays of this width can view. */
export function alignBytes(bytes: Uint8Array, width: number): Uint8Array {
  return bytes.byteOffset % width === 0 ? bytes : bytes.slice();
}

/** 30 bits of FNV-1a over UTF-16 units: tells texts apart cheaply, promises nothing, and is a small integer to the engine. */
export function hashText(text: string): number {
  let hash = HASH_START;
  for (let at = 0; at < text.length; at++) hash = hashUnit(hash, text.charCodeAt(at));
  return hash & HASH_MASK;
}

export const HASH_START = 0x811c9dc5 | 0;
export const HASH_MASK = 0x3fffffff;

/** One step of `hashText`, for callers that walk the text anyway. */
export function hashUnit(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193);
}
