import { isAscii, isUtf8 } from "node:buffer";
import type { FileHandle } from "node:fs/promises";
import { MAX_LINE_BYTES } from "./record.ts";

const CHUNK_BYTES = 1_048_576;

/** Whole lines that lie together in memory. The memory is used again for the next batch. */
export interface LineBatch {
  /** Lines with their LF. */
  readonly bytes: Buffer;
  /** Where `bytes` begins in the file. */
  readonly start: number;
  readonly encoding: "ascii" | "utf8" | "mixed";
}

export interface Rest {
  /** "torn": the file ends inside a line. "too-long": a line is longer than any record. "damaged": it cannot be unpacked. */
  readonly rest: "torn" | "too-long" | "damaged";
  readonly start: number;
}

/** The lines of an open file between two bytes, in batches of about a mebibyte; what is no line ends it. */
export async function* linesForward(file: FileHandle, from: number, to: number): AsyncGenerator<LineBatch | Rest> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let carried = 0;
  let position = from;
  while (position < to) {
    const { bytesRead } = await file.read(chunk, carried, Math.min(CHUNK_BYTES - carried, to - position), position);
    if (bytesRead === 0) break;
    const start = position - carried;
    position += bytesRead;
    const filled = carried + bytesRead;
    const end = chunk.subarray(0, filled).lastIndexOf(10) + 1;
    if (end > 0) {
      const bytes = chunk.subarray(0, end);
      yield { bytes, start, encoding: isAscii(bytes) ? "ascii" : isUtf8(bytes) ? "utf8" : "mixed" };
    }
    carried = filled - end;
    chunk.copyWithin(0, end, filled);
    if (carried > MAX_LINE_BYTES) {
      yield { rest: "too-long", start: start + end };
      return;
    }
  }
  if (carried > 0) yield { rest: "torn", start: position - carried };
}
