import { setTimeout as sleep } from "node:timers/promises";
import { describeError, type ErrorDescription } from "../errors/describe-error.ts";
import type { AlertStore } from "../store/alert-store.ts";
import { createAlertSink, MAX_LINE_BYTES } from "./alert-sink.ts";
import { followLog } from "./follow-log.ts";
import { copyCounts, type IngestCounts } from "./ingest-counts.ts";
import type { Quarantine } from "./quarantine.ts";

export interface TailRequest {
  /** The log that Falco's file_output writes; it may appear later. */
  readonly path: string;
  readonly store: AlertStore;
  readonly quarantine: Quarantine;
  readonly nowMs: () => number;
  /** 250 ms. */
  readonly pollMs?: number;
  /** How long a rotated file that nobody writes to stays open. 5 s; later writes are still found by name. */
  readonly graceMs?: number;
  /** Lines in one store transaction, at least what one read of 256 KiB holds. 500. */
  readonly batchLines?: number;
  readonly maxLineBytes?: number;
  /** Called after every batch that was stored and after every problem. */
  readonly onProgress?: (stats: TailStats) => void;
  readonly signal?: AbortSignal;
}

export interface TailStats extends IngestCounts {
  readonly path: string;
  /** waiting: no file is there yet; failing: the store or the file cannot be used, tried again every poll. */
  readonly state: "starting" | "waiting" | "following" | "failing" | "closed";
  readonly rotations: number;
  readonly rewrites: number;
  /** The last thing that went wrong; kept after it has passed. */
  readonly lastProblem?: ErrorDescription;
}

export interface Tail {
  stats(): TailStats;
  /** Resolves with the last figures once what was read is stored. What cannot be stored then is read again next time. */
  close(): Promise<TailStats>;
}

const POLL_MS = 250;
const GRACE_MS = 5000;
const BATCH_LINES = 500;
const BUFFER_BYTES = 256 * 1024;

/**
 * Follows a growing alert log into the store across rotation (rename, copytruncate, delete) and restarts of its own:
 * each line is stored exactly once. Where it stands is kept in the store, in the step that stores the alerts it covers.
 * On the very first start the log is read from its beginning and older rotated files are left alone. Returns at once;
 * problems are told in the stats and retried, never thrown.
 */
export function tailFile(request: TailRequest): Tail {
  const { path, store, quarantine, nowMs, pollMs = POLL_MS } = request;
  const sink = createAlertSink({ store, quarantine, nowMs, source: `file:${path}` });
  const stopping = new AbortController();
  let state: TailStats["state"] = "starting";
  let lastProblem: ErrorDescription | undefined;

  const log = followLog({
    path,
    store,
    following: {
      sink,
      maxLineBytes: request.maxLineBytes ?? MAX_LINE_BYTES,
      buffer: Buffer.allocUnsafe(BUFFER_BYTES),
    },
    nowMs,
    graceMs: request.graceMs ?? GRACE_MS,
    batchLines: request.batchLines ?? BATCH_LINES,
    signal: stopping.signal,
    tell,
  });
  const stats = (): TailStats => ({
    ...copyCounts(sink.counts),
    path,
    state,
    ...log.events,
    ...(lastProblem === undefined ? {} : { lastProblem }),
  });

  function tell(problem?: unknown): void {
    if (problem !== undefined) lastProblem = describeError(problem);
    request.onProgress?.(stats());
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        state = (await log.pass()) ? "following" : "waiting";
      } catch (error) {
        state = "failing";
        tell(error);
      }
      await sleep(pollMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
    await log.close().catch(tell);
    state = "closed";
  }

  const stop = () => stopping.abort();
  request.signal?.addEventListener("abort", stop, { once: true });
  if (request.signal?.aborted) stop();
  const ended = run().finally(() => request.signal?.removeEventListener("abort", stop));
  return {
    stats,
    async close() {
      stop();
      await ended;
      return stats();
    },
  };
}
