import { isUtf8 } from "node:buffer";
import { createHash, type Hash } from "node:crypto";
import { readCanonical } from "./canonical-json.ts";
import { type Chain, chainFrom } from "./chain.ts";
import { recordFault } from "./check-record.ts";
import type { ExpectedHead } from "./heads-to-check.ts";
import { appendLeaf, type CompactRange, copyRange, leafHash, rangeRoot } from "./merkle-tree.ts";
import { type Observations, observations } from "./observe-records.ts";
import type { OpenSegment } from "./open-segments.ts";
import type { LineBatch } from "./read-forward.ts";
import { MAX_LINE_BYTES } from "./record.ts";
import type { ScannedBlock } from "./scan-block.ts";
import { leafOfLine, segmentLines } from "./segment-lines.ts";
import type { Edge } from "./signed-heads.ts";
import type { FirstBad } from "./verdict.ts";

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

/** A scan that is under way. */
export interface Scanning {
  readonly options: ScanOptions;
  readonly range: CompactRange;
  readonly chain: Chain;
  /** Leaf of the last record, hex. */
  tip: string;
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
  const { edge } = options;
  const scanning = beginScan(options);
  for (const segment of segments) {
    if (segment.first < edge.segmentFirst) continue;
    await scanSegment(scanning, segment, segment.first === edge.segmentFirst ? edge.offset : 0);
    if (scanning.firstBad !== undefined) break;
  }
  return concludeScan(scanning);
}

/** A scan that has read nothing yet. */
export function beginScan(options: ScanOptions): Scanning {
  const { edge, expected } = options;
  const range = copyRange(edge.range);
  const next = expected.findIndex(({ size }) => size >= Math.max(1, range.size));
  const scanning: Scanning = {
    options,
    range,
    chain: chainFrom(range.size - 1, edge.leaf),
    tip: edge.leaf,
    seen: observations(range.size),
    heads: [],
    next: next < 0 ? expected.length : next,
    bytes: 0,
    tornTail: false,
    firstBad: undefined,
  };
  passHeads(scanning);
  return scanning;
}

/** What was read so far as a whole. */
export function concludeScan(scanning: Scanning): Scan {
  const { range, options, firstBad, bytes, tornTail, heads, seen, chain } = scanning;
  const forkedAt = chain.forkedAt();
  return {
    records: range.size,
    bytes,
    root: rangeRoot(range).toString("hex"),
    tornTail,
    heads,
    seen,
    ...(firstBad === undefined ? {} : { firstBad }),
    ...(forkedAt === undefined ? {} : { forkedAt: forkedAt + options.edge.range.size }),
  };
}

/** Takes in what a worker read; false when it does not follow from what was read before. */
export function takeBlock(scanning: Scanning, block: ScannedBlock): boolean {
  const { range, chain, seen } = scanning;
  if (block.firstSeq !== range.size || block.firstPrev !== scanning.tip) return false;
  const leaves = Buffer.from(block.leaves.buffer, block.leaves.byteOffset, block.leaves.length);
  for (let at = 0; at < leaves.length; at += 32) {
    appendLeaf(range, leaves.subarray(at, at + 32));
    passHeads(scanning);
  }
  scanning.tip = leaves.toString("hex", leaves.length - 32);
  if (!chain.jump(leaves.length / 32, scanning.tip)) return false;
  seen.noteTimes(block.times);
  for (const [seq, note] of block.notes) seen.note(seq, note);
  scanning.bytes += block.bytes;
  return true;
}

/** Reads one segment on from a byte of its text. */
export async function scanSegment(scanning: Scanning, segment: OpenSegment, from: number): Promise<void> {
  const { range, options } = scanning;
  let line = 0;
  const bad = (byteOffset: number, reason: string) => {
    scanning.firstBad = { seq: range.size, line, byteOffset, segment: segment.name, reason };
  };
  if (segment.sealed && from === 0 && segment.first !== range.size) return bad(0, "segment-missing");
  const leaves = segment.form === "leaves" ? createHash("sha256") : undefined;
  let pruned = 0;
  for await (const batch of segmentLines(segment, from)) {
    if ("rest" in batch) {
      line += 1;
      if (batch.rest === "torn" && !segment.sealed) scanning.tornTail = true;
      else bad(batch.start, batch.rest);
      return;
    }
    const taken = scanBatch(scanning, batch, leaves);
    line += taken.lines;
    pruned += taken.pruned;
    if (taken.fault !== undefined) return bad(taken.fault.byteOffset, taken.fault.reason);
    options.onBatch(range.size, scanning.bytes);
  }
  if (segment.last === undefined) return;
  if (segment.last !== range.size - 1) bad(segment.bytes, "segment-name");
  else if (leaves !== undefined) {
    const sha256 = leaves.digest("hex");
    scanning.seen.pruning.notePruned({ from: segment.first, to: segment.last, records: pruned, sha256 });
  }
}

interface TakenBatch {
  readonly lines: number;
  /** Lines that are leaves of records whose bodies are gone. */
  readonly pruned: number;
  readonly fault?: { readonly byteOffset: number; readonly reason: string };
}

/** Takes a batch in; `leaves` is given for a pruned segment and is fed with all its leaves. */
function scanBatch(scanning: Scanning, { bytes, start, encoding }: LineBatch, leaves: Hash | undefined): TakenBatch {
  const { range } = scanning;
  let [from, lines, pruned] = [0, 0, 0];
  for (let lf = bytes.indexOf(10); lf >= 0; lf = bytes.indexOf(10, from)) {
    lines += 1;
    const line = bytes.subarray(from, lf);
    const gone = leaves === undefined ? undefined : leafOfLine(line);
    const leaf = gone === undefined ? takeLine(scanning, line, encoding) : takeLeaf(scanning, gone);
    if (typeof leaf === "string") return { lines, pruned, fault: { byteOffset: start + from, reason: leaf } };
    if (gone !== undefined) pruned += 1;
    leaves?.update(leaf);
    if (leaves !== undefined) scanning.tip = leaf.toString("hex");
    appendLeaf(range, leaf);
    passHeads(scanning);
    from = lf + 1;
  }
  scanning.bytes += bytes.length;
  return { lines, pruned };
}

function takeLeaf({ chain }: Scanning, leaf: Buffer): Buffer | string {
  return chain.jump(1, leaf.toString("hex")) ? leaf : "wrong-prev";
}

// On a fork the file's order is no writer's order, so that no head can be the tree's any more.
function passHeads(scanning: Scanning): void {
  const { range, heads, chain, options } = scanning;
  if ((options.expected[scanning.next]?.size ?? Number.POSITIVE_INFINITY) > range.size) return;
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
