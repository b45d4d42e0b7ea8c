import { isAscii, isUtf8 } from "node:buffer";
import { readSync } from "node:fs";
import { readCanonical } from "./canonical-json.ts";
import { recordFault } from "./check-record.ts";
import { leafHash } from "./merkle-tree.ts";
import { noteOf, type Times, timesOf } from "./observe-records.ts";
import { MAX_LINE_BYTES, NO_PREVIOUS } from "./record.ts";
import { isPackingFault, unpackWhole } from "./segment-lines.ts";

/** Lines to be read by one worker: a stretch of an open file that begins and ends at a line's end. */
export interface Block {
  readonly log: string;
  readonly fd: number;
  readonly start: number;
  readonly end: number;
  /** The stretch is a whole packed segment. */
  readonly packed: boolean;
}

/** What a stretch holds when nothing in it is odd: its records follow from each other and each is what a record must be. */
export interface ScannedBlock {
  readonly firstSeq: number;
  /** What the first record says of the one before it. */
  readonly firstPrev: string;
  /** 32 bytes a record. */
  readonly leaves: Uint8Array;
  readonly times: Times;
  readonly notes: readonly (readonly [seq: number, note: Readonly<Record<string, unknown>>])[];
  readonly bytes: number;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * The records of a stretch, checked as scanTrail checks them; undefined when anything at all is odd. What is odd, and
 * whether it is a fork or a fault, only the reader of the whole can say: it reads again, in order.
 */
export function scanBlock(block: Block): ScannedBlock | undefined {
  const text = textOf(block);
  if (text === undefined || text.at(-1) !== 10) return undefined;
  const ascii = isAscii(text);
  if (!ascii && !isUtf8(text)) return undefined;
  const leaves: Buffer[] = [];
  const times: string[] = [];
  const notes: [number, Fields][] = [];
  let first: Fields | undefined;
  let [seq, prev] = [0, NO_PREVIOUS];
  let from = 0;
  for (let lf = text.indexOf(10); lf >= 0; lf = text.indexOf(10, from)) {
    const line = text.subarray(from, lf);
    from = lf + 1;
    const record = recordOf(line, ascii, block.log);
    if (record === undefined) return undefined;
    if (first === undefined) first = record;
    else if (record.seq !== seq + 1 || record.prev !== prev) return undefined;
    seq = record.seq as number;
    if (record.type === "log.genesis" && seq !== 0) return undefined;
    const leaf = leafHash(line);
    prev = leaf.toString("hex");
    leaves.push(leaf);
    times.push(record.ts as string);
    const note = noteOf(record);
    if (note !== undefined) notes.push([seq, note]);
  }
  if (first === undefined) return undefined;
  return {
    firstSeq: first.seq as number,
    firstPrev: first.prev as string,
    leaves: Buffer.concat(leaves),
    times: timesOf(times),
    notes,
    bytes: text.length,
  };
}

function textOf({ fd, start, end, packed }: Block): Buffer | undefined {
  const bytes = Buffer.alloc(end - start);
  for (let filled = 0; filled < bytes.length; ) {
    const got = readSync(fd, bytes, filled, bytes.length - filled, start + filled);
    if (got === 0) return undefined;
    filled += got;
  }
  if (!packed) return bytes;
  try {
    return unpackWhole(bytes);
  } catch (error) {
    if (isPackingFault(error)) return undefined;
    throw error;
  }
}

function recordOf(line: Buffer, ascii: boolean, log: string): Fields | undefined {
  if (line.length > MAX_LINE_BYTES) return undefined;
  const read = readCanonical(line.toString(ascii ? "latin1" : "utf8"));
  if ("reason" in read || recordFault(read.value) !== undefined || read.value.log !== log) return undefined;
  return read.value;
}
