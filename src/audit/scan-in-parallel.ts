import { once } from "node:events";
import type { FileHandle } from "node:fs/promises";
import type { Worker } from "node:worker_threads";
import type { OpenSegment } from "./open-segments.ts";
import { MAX_LINE_BYTES } from "./record.ts";
import type { Block, ScannedBlock } from "./scan-block.ts";
import {
  beginScan,
  concludeScan,
  type Scan,
  type Scanning,
  type ScanOptions,
  scanSegment,
  takeBlock,
} from "./scan-trail.ts";

const BLOCK_BYTES = 4_194_304;
/** Blocks ahead of the one that is taken in, for each worker. */
const AHEAD = 2;

export interface Workers {
  /** How many threads. */
  readonly count: number;
  /** Starts a thread that runs scan-worker. */
  readonly start: () => Worker;
}

/**
 * What scanTrail gives for the same segments, read by several threads; undefined when anything is odd, for only a reader
 * of the whole, in order, can say what it is. Closed segments, blocks of the active one and packed segments are read by
 * the threads; tree, heads and what is left of a killed process's line here.
 */
export async function scanInParallel(
  segments: readonly OpenSegment[],
  options: ScanOptions,
  { count, start }: Workers,
): Promise<Scan | undefined> {
  const threads = Array.from({ length: count }, () => threadOf(start()));
  try {
    const scanning = beginScan(options);
    const steps = stepsOf(segments, options);
    const queue: Promise<ScannedBlock | undefined | Step>[] = [];
    let next = 0;
    const fill = async (): Promise<void> => {
      while (queue.length < count * AHEAD) {
        const step = await steps.next();
        if (step.done === true) return;
        if ("kind" in step.value) queue.push(Promise.resolve(step.value));
        else {
          const thread = threads[next % count];
          next += 1;
          if (thread !== undefined) queue.push(ask(thread, step.value));
        }
      }
    };
    await fill();
    for (let done = queue.shift(); done !== undefined; done = queue.shift()) {
      await fill();
      if (!(await take(scanning, await done))) return undefined;
      options.onBatch(scanning.range.size, scanning.bytes);
    }
    return concludeScan(scanning);
  } finally {
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }
}

/** What this thread looks at itself: leaves, a line that a killed process left, how many records there must be by now. */
type Step =
  | { readonly kind: "leaves"; readonly segment: OpenSegment }
  | { readonly kind: "torn" }
  | { readonly kind: "odd" }
  | { readonly kind: "size"; readonly size: number };

async function take(scanning: Scanning, step: ScannedBlock | undefined | Step): Promise<boolean> {
  if (step === undefined) return false;
  if (!("kind" in step)) return takeBlock(scanning, step);
  if (step.kind === "size") return scanning.range.size === step.size;
  if (step.kind === "torn") scanning.tornTail = true;
  if (step.kind === "leaves") await scanSegment(scanning, step.segment, 0);
  return step.kind !== "odd" && scanning.firstBad === undefined;
}

interface Thread {
  readonly worker: Worker;
  /** Aborts when the thread is no more. */
  readonly gone: AbortSignal;
  /** Settles when everything it was asked is answered. */
  idle: Promise<unknown>;
}

function threadOf(worker: Worker): Thread {
  const gone = new AbortController();
  for (const event of ["error", "exit"]) worker.on(event, () => gone.abort());
  return { worker, gone: gone.signal, idle: Promise.resolve() };
}

/** What a thread holds of a block, one question at a time. One that dies has read nothing: the caller reads instead. */
function ask(thread: Thread, block: Block): Promise<ScannedBlock | undefined> {
  const answer = thread.idle.then(async () => {
    thread.worker.postMessage(block);
    const [scanned] = (await once(thread.worker, "message", { signal: thread.gone })) as [ScannedBlock | undefined];
    return scanned;
  });
  const told = answer.catch(() => undefined);
  thread.idle = told;
  return told;
}

async function* stepsOf(segments: readonly OpenSegment[], { log, edge }: ScanOptions): AsyncGenerator<Block | Step> {
  for (const segment of segments) {
    const { first, last, form, file } = segment;
    if (first < edge.segmentFirst) continue;
    const from = first === edge.segmentFirst ? edge.offset : 0;
    if (segment.sealed && from === 0) yield { kind: "size", size: first };
    if (form === "leaves") yield { kind: "leaves", segment };
    else if (form === "plain") yield* blocksOf(segment, log, from);
    else if (from > 0) yield { kind: "odd" };
    else yield { log, fd: file.fd, start: 0, end: (await file.stat()).size, packed: true };
    if (last !== undefined) yield { kind: "size", size: last + 1 };
  }
}

async function* blocksOf(segment: OpenSegment, log: string, from: number): AsyncGenerator<Block | Step> {
  const { file, bytes: to, sealed } = segment;
  let start = from;
  while (start < to) {
    const end = await lineEnd(file, start, Math.min(start + BLOCK_BYTES, to));
    if (end === undefined) {
      // Half a line at the end of the active file is what a killed process leaves; anywhere else it is odd.
      yield { kind: sealed || to - start > MAX_LINE_BYTES ? "odd" : "torn" };
      return;
    }
    yield { log, fd: file.fd, start, end, packed: false };
    start = end;
  }
}

/** Where the last line that ends before `end` ends; undefined when none does. */
async function lineEnd(file: FileHandle, start: number, end: number): Promise<number | undefined> {
  const from = Math.max(start, end - MAX_LINE_BYTES - 1);
  const bytes = Buffer.alloc(end - from);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
  const lf = bytes.subarray(0, bytesRead).lastIndexOf(10);
  return lf < 0 ? undefined : from + lf + 1;
}
