import type { Readable } from "node:stream";
import type { AlertStore } from "../store/alert-store.ts";
import type { IngestCounts } from "./ingest-counts.ts";
import type { Quarantine } from "./quarantine.ts";

export interface StreamRequest {
  readonly store: AlertStore;
  readonly quarantine: Quarantine;
  readonly nowMs: () => number;
  /** Named in the quarantine; "stdin" by default. */
  readonly source?: string;
  readonly runId?: string;
  /** Whichever comes first: 500 lines or 200 ms after the first line that waits. */
  readonly batchLines?: number;
  readonly flushMs?: number;
  readonly maxLineBytes?: number;
  readonly onProgress?: (counts: IngestCounts) => void;
  readonly signal?: AbortSignal;
}

export interface StreamReport {
  readonly counts: IngestCounts;
  readonly ended: "end of input" | "cancelled";
}

export type IngestStream = (readable: Readable, request: StreamRequest) => Promise<StreamReport>;
