import type { ErrorDescription } from "../errors/describe-error.ts";
import type { AlertStore } from "../store/alert-store.ts";
import type { IngestCounts } from "./ingest-counts.ts";
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
  readonly batchLines?: number;
  readonly maxLineBytes?: number;
  /** Called after every pass that stored something and after every problem. */
  readonly onProgress?: (stats: TailStats) => void;
  readonly signal?: AbortSignal;
}

export interface TailStats extends IngestCounts {
  readonly path: string;
  /** waiting: no file is there yet; failing: the store or the file cannot be used, retried every poll. */
  readonly state: "starting" | "waiting" | "following" | "failing" | "closed";
  readonly rotations: number;
  readonly rewrites: number;
  /** The last thing that went wrong; kept after it has passed. */
  readonly lastProblem?: ErrorDescription;
}

export interface Tail {
  stats(): TailStats;
  /** Ends after the batch in hand is stored. */
  close(): Promise<TailStats>;
}
