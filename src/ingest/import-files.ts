import { describeError, type ErrorDescription } from "../errors/describe-error.ts";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import type { AlertStore } from "../store/alert-store.ts";
import { type AlertSink, createAlertSink, MAX_LINE_BYTES } from "./alert-sink.ts";
import { createOccurrences } from "./count-occurrences.ts";
import { cancelled, fileTooLarge } from "./errors.ts";
import { addCounts, copyCounts, type IngestCounts, newCounts } from "./ingest-counts.ts";
import { listFiles } from "./list-files.ts";
import { openRegularFile, readChunks } from "./open-file.ts";
import type { Quarantine } from "./quarantine.ts";
import { gunzipChunks } from "./read-gzip.ts";
import { isGzip, SNIFF_BYTES, sniffFormat } from "./sniff-format.ts";
import { createLineSplitter, type LineReceiver, type Splitter } from "./split-lines.ts";
import { createRecordSplitter } from "./split-records.ts";

export interface ImportLimits {
  /** A longer line goes to the quarantine without being held in memory. 1 MiB. */
  readonly maxLineBytes: number;
  /** A larger file is refused before it is read. 64 GiB. */
  readonly maxFileBytes: number;
  /** Unpacking a .gz stops here. 64 GiB. */
  readonly maxUnpackedBytes: number;
  /** Files in all folders together. 10,000. */
  readonly maxFiles: number;
  /** Lines in one store transaction. 2,048. */
  readonly batchLines: number;
}

const DEFAULT_LIMITS: ImportLimits = {
  maxLineBytes: MAX_LINE_BYTES,
  maxFileBytes: 64 * 1024 ** 3,
  maxUnpackedBytes: 64 * 1024 ** 3,
  maxFiles: 10_000,
  batchLines: 2048,
};

export interface ImportProgress extends IngestCounts {
  readonly path: string;
  /** From 1. */
  readonly fileNumber: number;
  readonly fileCount: number;
}

export interface ImportRequest {
  /** Files and folders; a folder stands for all its files, sorted by path. Symbolic links are never followed: pass real paths. */
  readonly paths: readonly string[];
  readonly store: AlertStore;
  readonly quarantine: Quarantine;
  readonly nowMs: () => number;
  readonly runId?: string;
  readonly limits?: Partial<ImportLimits>;
  /** Called after every batch and at the end of every file, with the counts over all files. */
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

/**
 * What became of every file under `paths`: alert logs, gzip files of them, pretty-printed JSON and arrays of alerts.
 * Importing a file again adds nothing. Memory does not grow with the files; a file that grows meanwhile is read up to
 * the size it had. What is wrong with a file's content stands in its report and does not stop the others; a path that
 * is no file or folder, a store that fails and a cancellation (CANCELLED, at the end of a batch) fail the whole import.
 */
export async function importAlerts(request: ImportRequest): Promise<IngestReport> {
  const limits: ImportLimits = { ...DEFAULT_LIMITS, ...request.limits };
  const { files, skipped } = await listFiles(request.paths, limits.maxFiles);
  const totals = newCounts();
  const reports: FileReport[] = [];

  for (const [index, path] of files.entries()) {
    const progress = (sink: AlertSink) => {
      const counts = copyCounts(totals);
      addCounts(counts, sink.counts);
      request.onProgress?.({ ...counts, path, fileNumber: index + 1, fileCount: files.length });
      if (request.signal?.aborted) throw cancelled(counts.lines, counts.added);
    };
    const report = await importFile(path, request, limits, progress);
    addCounts(totals, report.counts);
    reports.push(report);
  }
  return { totals: copyCounts(totals), files: reports, skipped };
}

/** A fault of the file itself, as against one of the store or of the caller. */
const FILE_FAULTS: ReadonlySet<string> = new Set([
  "FILE_NOT_FOUND",
  "FILE_UNREADABLE",
  "FILE_NOT_REGULAR",
  "FILE_TOO_LARGE",
  "INGEST_BINARY_FILE",
  "INGEST_UTF16",
  "INGEST_GZIP_DAMAGED",
]);

async function importFile(
  path: string,
  request: ImportRequest,
  limits: ImportLimits,
  progress: (sink: AlertSink) => void,
): Promise<FileReport> {
  const { store, quarantine, nowMs, runId } = request;
  const source = `file:${path}`;
  const sink = createAlertSink({ store, quarantine, nowMs, source, ...(runId === undefined ? {} : { runId }) });
  const facts: FileFacts = { compressed: false };
  let fault: FalcoSkillsError | undefined;
  try {
    await readInto(sink, path, limits, facts, progress);
  } catch (error) {
    if (!(error instanceof FalcoSkillsError && FILE_FAULTS.has(error.code))) throw error;
    fault = error;
  }
  await sink.flush();
  progress(sink);
  return {
    path,
    ...facts,
    counts: copyCounts(sink.counts),
    ...(fault === undefined ? {} : { fault: describeError(fault) }),
  };
}

interface FileFacts {
  format?: "lines" | "json";
  compressed: boolean;
}

async function readInto(
  sink: AlertSink,
  path: string,
  limits: ImportLimits,
  facts: FileFacts,
  progress: (sink: AlertSink) => void,
): Promise<void> {
  const { file, stats } = await openRegularFile(path);
  let splitter: Splitter | undefined;
  try {
    if (stats.size > limits.maxFileBytes) throw fileTooLarge(path, stats.size, limits.maxFileBytes);
    const magic = (await file.read(Buffer.alloc(2), 0, 2, 0)).buffer;
    facts.compressed = isGzip(magic);
    const packed = readChunks(file, 0, stats.size);
    const chunks = facts.compressed ? gunzipChunks(path, packed, limits.maxUnpackedBytes) : packed;
    for await (const chunk of chunks) {
      if (splitter === undefined) {
        facts.format = sniffFormat(path, chunk.subarray(0, SNIFF_BYTES));
        splitter = createSplitter(facts.format, sink.receiver(createOccurrences()), limits.maxLineBytes);
      }
      sink.counts.bytes += chunk.length;
      splitter.push(chunk);
      if (sink.waiting < limits.batchLines) continue;
      await sink.flush();
      progress(sink);
    }
  } finally {
    // After a fault too: what came before it is kept, the cut line as a rejected one.
    splitter?.end();
    await file.close();
  }
}

function createSplitter(format: "lines" | "json", receiver: LineReceiver, maxBytes: number): Splitter {
  return format === "json" ? createRecordSplitter(receiver, maxBytes) : createLineSplitter(receiver, maxBytes);
}
