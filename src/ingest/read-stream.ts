import type { Readable } from "node:stream";
import type { AlertStore } from "../store/alert-store.ts";
import { createAlertSink, MAX_LINE_BYTES } from "./alert-sink.ts";
import { createOccurrences } from "./count-occurrences.ts";
import { copyCounts, type IngestCounts } from "./ingest-counts.ts";
import type { Quarantine } from "./quarantine.ts";
import { createLineSplitter } from "./split-lines.ts";

export interface StreamRequest {
  readonly store: AlertStore;
  readonly quarantine: Quarantine;
  readonly nowMs: () => number;
  /** As the quarantine names it; "stdin" by default. */
  readonly source?: string;
  readonly runId?: string;
  /** Whichever comes first: 500 lines, or 200 ms after the first line that waits. */
  readonly batchLines?: number;
  readonly flushMs?: number;
  readonly maxLineBytes?: number;
  /** Called after every batch. */
  readonly onProgress?: (counts: IngestCounts) => void;
  readonly signal?: AbortSignal;
}

export interface StreamReport {
  readonly counts: IngestCounts;
  readonly ended: "end of input" | "cancelled";
}

/**
 * What came through a stream of alert lines (`falco … | falco-skills ingest -`), once it has ended or was cancelled; by
 * then everything read is stored. A store that is slower than the stream slows its writer down. Falco's closing
 * statistics are counted as ignored. Fails with the store's or the quarantine's error, or the stream's own.
 */
export async function ingestStream(readable: Readable, request: StreamRequest): Promise<StreamReport> {
  const { store, quarantine, nowMs, source = "stdin", runId, batchLines = 500, flushMs = 200, signal } = request;
  const sink = createAlertSink({ store, quarantine, nowMs, source, ...(runId === undefined ? {} : { runId }) });
  const splitter = createLineSplitter(sink.receiver(createOccurrences()), request.maxLineBytes ?? MAX_LINE_BYTES);
  let flushing: Promise<void> = Promise.resolve();
  let storeFailure: { readonly error: unknown } | undefined;
  let streamFailure: { readonly error: unknown } | undefined;
  let timer: NodeJS.Timeout | undefined;

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    flushing = flushing
      .then(() => (storeFailure === undefined ? sink.flush() : undefined))
      .then(() => request.onProgress?.(copyCounts(sink.counts)))
      .catch((error: unknown) => {
        // The first failure decides; it also wakes a reader that waits for input.
        storeFailure ??= { error };
        readable.destroy();
      });
    return flushing;
  }

  const stop = () => readable.destroy();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    if (signal?.aborted) stop();
    for await (const chunk of readable) {
      const bytes = typeof chunk === "string" ? Buffer.from(chunk) : (chunk as Buffer);
      sink.counts.bytes += bytes.length;
      splitter.push(bytes);
      if (sink.waiting >= batchLines) await flush();
      else if (sink.waiting > 0) timer ??= setTimeout(() => void flush(), flushMs);
    }
  } catch (error) {
    if (!wasDestroyed(error)) streamFailure = { error };
  } finally {
    signal?.removeEventListener("abort", stop);
  }
  splitter.end();
  await flush();
  const failure = storeFailure ?? streamFailure;
  if (failure !== undefined) throw failure.error;
  return { counts: copyCounts(sink.counts), ended: signal?.aborted ? "cancelled" : "end of input" };
}

/** What iterating a stream throws once we have destroyed it ourselves. */
function wasDestroyed(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ERR_STREAM_PREMATURE_CLOSE" || code === "ABORT_ERR";
}
