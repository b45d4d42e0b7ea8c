import { hashText } from "./column.ts";
import type { RowMask } from "./part.ts";
import { forEachWord } from "./words.ts";

/** A part's words are spread over this many buckets, so that a search reads one small piece a part. */
export const WORD_BUCKETS = 32;

/** A word with the rows that have it, ascending, and the next word of the same hash. */
interface WordRows {
  readonly word: string;
  readonly rows: number[];
  next: WordRows | undefined;
}

/** The words of a part by their hash, gathered row by row. */
export type WordTable = Map<number, WordRows>;

/** Notes the words of a row's text; rows must come in ascending order. */
export function addWords(table: WordTable, row: number, text: string): void {
  const lower = text.toLowerCase();
  // Looking up by a hash of the characters saves making a string of every word.
  forEachWord(lower, (start, end, hash) => {
    const first = table.get(hash);
    for (let known = first; known !== undefined; known = known.next) {
      if (known.word.length !== end - start || !lower.startsWith(known.word, start)) continue;
      if (known.rows[known.rows.length - 1] !== row) known.rows.push(row);
      return;
    }
    table.set(hash, { word: lower.slice(start, end), rows: [row], next: first });
  });
}

export function wordBucket(word: string): number {
  return hashText(word) % WORD_BUCKETS;
}

/**
 * The buckets of a part's words as bytes, little-endian: u32 bytes of the words, the words as a JSON array, u32 end offset
 * of each word's rows, the rows. Rows are a bit each (first byte 0) or gaps in seven-bit groups (first byte 1), whichever
 * is shorter.
 */
export function encodeWords(table: WordTable, rows: number): Map<number, Uint8Array> {
  const buckets = new Map<number, WordRows[]>();
  for (const [hash, first] of table) {
    const bucket = hash % WORD_BUCKETS;
    const found = buckets.get(bucket) ?? [];
    buckets.set(bucket, found);
    for (let word: WordRows | undefined = first; word !== undefined; word = word.next) found.push(word);
  }
  return new Map([...buckets].map(([bucket, words]) => [bucket, encodeBucket(words, rows)]));
}

function encodeBucket(words: readonly WordRows[], rows: number): Uint8Array {
  const json = Buffer.from(JSON.stringify(words.map(({ word }) => word)));
  const encoded = words.map((word) => encodeRows(word.rows, rows));
  const head = Buffer.alloc(4 + json.length + 4 * words.length);
  head.writeUInt32LE(json.length, 0);
  json.copy(head, 4);
  let end = 0;
  encoded.forEach((bytes, index) => {
    end += bytes.length;
    head.writeUInt32LE(end, 4 + json.length + 4 * index);
  });
  return Buffer.concat([head, ...encoded]);
}

function encodeRows(list: readonly number[], rows: number): Uint8Array {
  const bitBytes = Math.ceil(rows / 8);
  if (list.length >= bitBytes) {
    const bits = new Uint8Array(1 + bitBytes);
    for (const row of list) bits[1 + (row >> 3)] = (bits[1 + (row >> 3)] as number) | (1 << (row & 7));
    return bits;
  }
  const gaps = [1];
  let previous = -1;
  for (const row of list) {
    let gap = row - previous;
    for (; gap > 127; gap >>>= 7) gaps.push((gap & 127) | 128);
    gaps.push(gap);
    previous = row;
  }
  return Uint8Array.from(gaps);
}

/** The rows that have a word, from the bytes of the word's bucket; undefined where none has. Throws on damaged bytes. */
export function lookUpWord(bucket: Uint8Array, word: string, rows: number): RowMask | undefined {
  const bytes = Buffer.from(bucket.buffer, bucket.byteOffset, bucket.byteLength);
  const jsonEnd = 4 + bytes.readUInt32LE(0);
  const list = JSON.parse(bytes.toString("utf8", 4, jsonEnd)) as readonly string[];
  const index = list.indexOf(word);
  if (index === -1) return undefined;
  const base = jsonEnd + 4 * list.length;
  const start = index === 0 ? 0 : bytes.readUInt32LE(jsonEnd + 4 * (index - 1));
  return decodeRows(bytes.subarray(base + start, base + bytes.readUInt32LE(jsonEnd + 4 * index)), rows);
}

function decodeRows(bytes: Uint8Array, rows: number): RowMask {
  const mask = new Uint8Array(rows);
  if (bytes[0] === 0) {
    for (let row = 0; row < rows; row++) mask[row] = ((bytes[1 + (row >> 3)] as number) >> (row & 7)) & 1;
    return mask;
  }
  let row = -1;
  let gap = 0;
  let shift = 0;
  for (let at = 1; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    gap |= (byte & 127) << shift;
    shift += 7;
    if (byte > 127) continue;
    row += gap;
    mask[row] = 1;
    gap = 0;
    shift = 0;
  }
  return mask;
}
