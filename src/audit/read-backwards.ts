import { type FileHandle, open } from "node:fs/promises";
import { MAX_LINE_BYTES } from "./record.ts";
import { isMissing } from "./trail-files.ts";

const CHUNK_BYTES = 262_144;

export interface Line {
  /** Without LF. */
  readonly bytes: Buffer;
  /** Where the line begins in the file. */
  readonly start: number;
  /** Set for a piece of something longer than a record can be. */
  readonly tooLong: boolean;
}

/**
 * The lines of a file that end at or before `end`, last one first; text after the last LF comes as a line too. What is
 * longer than a record can be comes in pieces, so that memory stays small whatever the file holds. None when the file
 * has gone.
 */
export async function* linesBackwards(path: string, end: number): AsyncGenerator<Line> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  try {
    yield* backwards(file, end);
  } finally {
    await file.close();
  }
}

/** The same over a text in memory. */
export function* backwardsIn(text: Buffer): Generator<Line> {
  let end = text.at(-1) === 10 ? text.length - 1 : text.length;
  while (end > 0 || (end === 0 && text.length > 0)) {
    const start = end === 0 ? 0 : text.lastIndexOf(10, end - 1) + 1;
    const bytes = text.subarray(start, end);
    yield { bytes, start, tooLong: bytes.length > MAX_LINE_BYTES };
    if (start === 0) return;
    end = start - 1;
  }
}

async function* backwards(file: FileHandle, end: number): AsyncGenerator<Line> {
  // `carried` is the beginning-less part of a line: what was read after the last LF seen so far.
  let carried: Buffer = Buffer.alloc(0);
  let position = end;
  let oversize = false;
  let isFirst = true;
  while (position > 0) {
    const from = Math.max(0, position - CHUNK_BYTES);
    const read = Buffer.alloc(position - from);
    await file.read(read, 0, read.length, from);
    // The LF that ends the last line is not the beginning of an empty one.
    const chunk = isFirst && read.at(-1) === 10 ? read.subarray(0, -1) : read;
    isFirst = false;
    let text = Buffer.concat([chunk, carried]);
    for (let lf = text.lastIndexOf(10); lf >= 0; lf = text.lastIndexOf(10)) {
      const bytes = text.subarray(lf + 1);
      yield { bytes, start: from + lf + 1, tooLong: oversize || bytes.length > MAX_LINE_BYTES };
      oversize = false;
      text = text.subarray(0, lf);
    }
    carried = text;
    position = from;
    if (carried.length > MAX_LINE_BYTES && position > 0) {
      yield { bytes: carried, start: from, tooLong: true };
      oversize = true;
      carried = Buffer.alloc(0);
    }
  }
  if (end > 0) yield { bytes: carried, start: 0, tooLong: oversize || carried.length > MAX_LINE_BYTES };
}
