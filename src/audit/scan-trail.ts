import { isUtf8 } from "node:buffer";
import { type FileHandle, open } from "node:fs/promises";
import { readCanonical } from "./canonical-json.ts";
import { type Chain, chainFrom } from "./chain.ts";
import { recordFault } from "./check-record.ts";
import type { ExpectedHead } from "./heads-to-check.ts";
import { appendLeaf, type CompactRange, copyRange, leafHash, rangeRoot } from "./merkle-tree.ts";
import { type Observations, observations } from "./observe-records.ts";
import { type LineBatch, linesForward } from "./read-forward.ts";
import { MAX_LINE_BYTES } from "./record.ts";
import type { Edge } from "./signed-heads.ts";
import { isMissing, listSegments, type Segment, type TrailFiles } from "./trail-files.ts";
import type { FirstBad } from "./verdict.ts";

/** A segment that stays readable while others seal and rename. */
export interface OpenSegment extends Segment {
  readonly file: FileHandle;
}

/** The segments as of one moment, opened; to be closed by the caller. */
export async function openSegments(files: TrailFiles): Promise<OpenSegment[]> {
  for (;;) {
    const before = listSegments(files);
    const opened: OpenSegment[] = [];
    try {
      for (const segment of before) {
        const file = await open(segment.path, "r");
        opened.push({ ...segment, file });
      }
    } catch (error) {
      await closeSegments(opened);
      if (!isMissing(error)) throw error;
      continue;
    }
    if (listSegments(files).length === before.length) return opened;
    await closeSegments(opened);
  }
}

export async function closeSegments(segments: readonly OpenSegment[]): Promise<void> {
  for (const { file } of segments) await file.close();
}

export interface ScanOptions {
  readonly log: string;
  readonly edge: Edge;
  readonly expected: readonly ExpectedHead[];
  readonly onBatch: (records: number, bytes: number) => void;
}

export interface Scan {
  readonly records: number;
  readonly bytes: number;
  readonly root: string;
  readonly firstBad?: FirstBad;
  /** Record count at which a second branch began. */
  readonly forkedAt?: number;
  /** The active file ends inside a line. */
  readonly tornTail: boolean;
  /** Heads that were reached, and whether the tree was the same there. */
  readonly heads: readonly { readonly head: ExpectedHead; readonly same: boolean; readonly after: number }[];
  readonly seen: Observations;
}

interface Scanning {
  readonly options: ScanOptions;
  readonly range: CompactRange;
  readonly chain: Chain;
  readonly seen: Observations;
  readonly heads: { head: ExpectedHead; same: boolean; after: number }[];
  /** Index of the next expected head. */
  next: number;
  bytes: number;
  tornTail: boolean;
  firstBad: FirstBad | undefined;
}

/** Reads every record from an edge on, strictly, until the end or the first that does not hold. */
export async function scanTrail(segments: readonly OpenSegment[], options: ScanOptions): Promise<Scan> {
  const { edge, expected } = options;
  const range = copyRange(edge.range);
  const next = expected.findIndex(({ size }) => size >= Math.max(1, range.size));
  const scanning: Scanning = {
    options,
    range,
    chain: chainFrom(range.size - 1, edge.leaf),
    seen: observations(range.size),
    heads: [],
    next: next < 0 ? expected.length : next,
    bytes: 0,
    tornTail: false,
    firstBad: undefined,
  };
  passHeads(scanning);
  for (const segment of segments) {
    if (segment.first < edge.segmentFirst) continue;
    await scanSegment(scanning, segment, segment.first === edge.segmentFirst ? edge.offset : 0);
    if (scanning.firstBad !== undefined) break;
  }
  const { firstBad, bytes, tornTail, heads, seen, chain } = scanning;
  const forkedAt = chain.forkedAt();
  return {
    records: range.size,
    bytes,
    root: rangeRoot(range).toString("hex"),
    tornTail,
    heads,
    seen,
    ...(firstBad === undefined ? {} : { firstBad }),
    ...(forkedAt === undefined ? {} : { forkedAt: forkedAt + edge.range.size }),
  };
}

async function scanSegment(scanning: Scanning, segment: OpenSegment, from: number): Promise<void> {
  const { range, options } = scanning;
  let line = 0;
  const bad = (byteOffset: number, reason: string) => {
    scanning.firstBad = { seq: range.size, line, byteOffset, segment: segment.name, reason };
  };
  if (segment.sealed && from === 0 && segment.first !== range.size) return bad(0, "segment-missing");
  for await (const batch of linesForward(segment.file, from, segment.bytes)) {
    if ("rest" in batch) {
      line += 1;
      if (batch.rest === "torn" && !segment.sealed) scanning.tornTail = true;
      else bad(batch.start, batch.rest);
      return;
    }
    const taken = scanBatch(scanning, batch);
    line += taken.lines;
    if (taken.fault !== undefined) return bad(taken.fault.byteOffset, taken.fault.reason);
    options.onBatch(range.size, scanning.bytes);
  }
  if (segment.last !== undefined && segment.last !== range.size - 1) bad(segment.bytes, "segment-name");
}

interface TakenBatch {
  readonly lines: number;
  readonly fault?: { readonly byteOffset: number; readonly reason: string };
}

function scanBatch(scanning: Scanning, { bytes, start, encoding }: LineBatch): TakenBatch {
  const { range, options } = scanning;
  let from = 0;
  let lines = 0;
  for (let lf = bytes.indexOf(10); lf >= 0; lf = bytes.indexOf(10, from)) {
    lines += 1;
    const leaf = takeLine(scanning, bytes.subarray(from, lf), encoding);
    if (typeof leaf === "string") return { lines, fault: { byteOffset: start + from, reason: leaf } };
    appendLeaf(range, leaf);
    if ((options.expected[scanning.next]?.size ?? Number.POSITIVE_INFINITY) <= range.size) passHeads(scanning);
    from = lf + 1;
  }
  scanning.bytes += bytes.length;
  return { lines };
}

// On a fork the file's order is no writer's order, so that no head can be the tree's any more.
function passHeads(scanning: Scanning): void {
  const { range, heads, chain, options } = scanning;
  for (let head = options.expected[scanning.next]; head !== undefined && head.size <= range.size; ) {
    const after = heads.findLast(({ same }) => same)?.head.size ?? options.edge.range.size;
    if (chain.forkedAt() === undefined) heads.push({ head, same: rangeRoot(range).equals(head.root), after });
    scanning.next += 1;
    head = options.expected[scanning.next];
  }
}

/** The line's leaf, or why it is no next record. */
function takeLine({ options, chain, seen }: Scanning, line: Buffer, encoding: LineBatch["encoding"]): Buffer | string {
  if (line.length > MAX_LINE_BYTES) return "too-long";
  if (encoding === "mixed" && !isUtf8(line)) return "not-utf8";
  const read = readCanonical(line.toString(encoding === "ascii" ? "latin1" : "utf8"));
  if ("reason" in read) return read.reason;
  const { value } = read;
  const fault = recordFault(value);
  if (fault !== undefined) return fault;
  if (value.log !== options.log) return "wrong-log";
  const leaf = leafHash(line);
  const seq = value.seq as number;
  const writer = `${value.pid}/${value.session}`;
  const broken = chain.follow({ seq, prev: value.prev as string, leaf: leaf.toString("hex"), writer });
  if (broken !== undefined) return broken;
  if (value.type === "log.genesis" && seq !== 0) return "second-genesis";
  seen.observe(seq, value);
  return leaf;
}
