import type { ErrorDescription } from "../errors/describe-error.ts";
import type { AlertStore } from "../store/alert-store.ts";
import type { IngestCounts } from "./ingest-counts.ts";
import type { Quarantine } from "./quarantine.ts";

export interface ImportLimits {
  /** A longer line goes to the quarantine without being held in memory. 1 MiB. */
  readonly maxLineBytes: number;
  /** A larger file is refused before it is read. 64 GiB. */
  readonly maxFileBytes: number;
  /** Unpacking a .gz stops here. 64 GiB. */
  readonly maxUnpackedBytes: number;
  /** Files in all folders together. 10,000. */
  readonly maxFiles: number;
  /** Alerts in one store transaction. 2,048. */
  readonly batchAlerts: number;
}

export interface ImportProgress extends IngestCounts {
  readonly path: string;
  readonly fileIndex: number;
  readonly fileCount: number;
  /** Bytes taken from disk so far and in all, over every file: what a progress bar shows. */
  readonly readBytes: number;
  readonly totalBytes: number;
}

export interface ImportRequest {
  /** Files and folders; a folder stands for all its files, sorted by path. Symbolic links are never followed: pass real paths. */
  readonly paths: readonly string[];
  readonly store: AlertStore;
  readonly quarantine: Quarantine;
  readonly nowMs: () => number;
  readonly runId?: string;
  readonly limits?: Partial<ImportLimits>;
  /** Called after every batch and at the end of every file. */
  readonly onProgress?: (progress: ImportProgress) => void;
  readonly signal?: AbortSignal;
}

export interface FileReport {
  readonly path: string;
  /** lines: one alert a line; json: pretty-printed objects or an array. Absent where the file was refused unread. */
  readonly format?: "lines" | "json";
  readonly compressed: boolean;
  readonly counts: IngestCounts;
  /** Why reading ended early or never began; what was read before it is stored. */
  readonly fault?: ErrorDescription;
}

export interface IngestReport {
  readonly totals: IngestCounts;
  readonly files: readonly FileReport[];
  /** Entries of folders that were passed over: symbolic links, FIFOs, sockets, devices. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}
