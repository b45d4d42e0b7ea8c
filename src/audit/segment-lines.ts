import { isAscii, isUtf8 } from "node:buffer";
import { closeSync, openSync, readSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { pipeline } from "node:stream";
import { constants, createGunzip, gunzipSync } from "node:zlib";
import type { OpenSegment } from "./open-segments.ts";
import { backwardsIn, type Line, linesBackwards } from "./read-backwards.ts";
import { type LineBatch, linesForward, type Rest } from "./read-forward.ts";
import { MAX_LINE_BYTES } from "./record.ts";
import type { Segment } from "./trail-files.ts";

const CHUNK_BYTES = 1_048_576;
/** No segment that we wrote is larger unpacked; what is, was not made by us. */
const MAX_UNPACKED_BYTES = 268_435_456;

/** A line of a pruned segment that stands for a record whose body is gone: its leaf. */
export function leafOfLine(line: Buffer): Buffer | undefined {
  if (line.length !== 64 || line[0] === 0x7b) return undefined;
  const text = line.toString("latin1");
  return /^[0-9a-f]{64}$/.test(text) ? Buffer.from(text, "hex") : undefined;
}

/** The lines of a segment from a byte of its unpacked text on, whatever form it has. */
export async function* segmentLines(segment: OpenSegment, from: number): AsyncGenerator<LineBatch | Rest> {
  if (segment.form !== "gzip") yield* linesForward(segment.file, from, segment.bytes);
  else yield* unpackedLines(segment, from);
}

async function* unpackedLines({ file }: OpenSegment, skip: number): AsyncGenerator<LineBatch | Rest> {
  const packed = file.createReadStream({ start: 0, autoClose: false });
  const unpacked = createGunzip({ chunkSize: CHUNK_BYTES });
  // Errors of either end come out of the iteration.
  pipeline(packed, unpacked, () => {});
  let carried: Buffer = Buffer.alloc(0);
  let start = skip;
  let skipped = 0;
  try {
    for await (const got of unpacked as AsyncIterable<Buffer>) {
      const left = Math.min(skip - skipped, got.length);
      skipped += left;
      const bytes = Buffer.concat([carried, got.subarray(left)]);
      const end = bytes.lastIndexOf(10) + 1;
      const lines = bytes.subarray(0, end);
      if (end > 0) yield { bytes: lines, start, encoding: isAscii(lines) ? "ascii" : isUtf8(lines) ? "utf8" : "mixed" };
      start += end;
      carried = bytes.subarray(end);
      if (carried.length > MAX_LINE_BYTES) {
        yield { rest: "too-long", start };
        return;
      }
    }
  } catch (error) {
    if (!isPackingFault(error)) throw error;
    yield { rest: "damaged", start };
    return;
  }
  if (carried.length > 0) yield { rest: "torn", start };
}

/** The lines of a segment that end at or before a byte of its unpacked text, last one first. */
export async function* segmentLinesBackwards(segment: Segment, end: number): AsyncGenerator<Line> {
  if (segment.form !== "gzip") {
    yield* linesBackwards(segment.path, end);
    return;
  }
  let text: Buffer;
  try {
    text = unpackWhole(await readFile(segment.path));
  } catch (error) {
    if (!isPackingFault(error)) throw error;
    yield { bytes: Buffer.from("[a packed segment that cannot be unpacked]"), start: 0, tooLong: false };
    return;
  }
  yield* backwardsIn(text.subarray(0, end));
}

/** The text of a packed segment. Throws zlib's error when it is none or longer than a segment can be. */
export function unpackWhole(packed: Buffer): Buffer {
  return gunzipSync(packed, { maxOutputLength: MAX_UNPACKED_BYTES });
}

/** Whether the error says that packed bytes are not what gzip makes. */
export function isPackingFault(error: unknown): boolean {
  const { code = "", syscall } = error as NodeJS.ErrnoException;
  return syscall === undefined && (code.startsWith("Z_") || code === "ERR_BUFFER_TOO_LARGE");
}

/** The first line of a segment without LF; undefined when it has none within the longest line's length. */
export function firstLine({ path, form }: Segment): string | undefined {
  const fd = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(MAX_LINE_BYTES + 1_024);
    const start = bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0));
    const text = form === "gzip" ? unpackBeginning(start) : start;
    const lf = text.indexOf(10);
    return lf < 0 || lf > MAX_LINE_BYTES ? undefined : text.toString("utf8", 0, lf);
  } finally {
    closeSync(fd);
  }
}

function unpackBeginning(packed: Buffer): Buffer {
  try {
    return gunzipSync(packed, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MAX_UNPACKED_BYTES });
  } catch {
    return Buffer.alloc(0);
  }
}
