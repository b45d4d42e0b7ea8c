import { createHash } from "node:crypto";
import { readAlertLine } from "../alert/read-alert.ts";
import type { AlertStore, Checkpoint, NewAlert } from "../store/alert-store.ts";
import type { Occurrences } from "./count-occurrences.ts";
import { countReason, newCounts, type RunningCounts } from "./ingest-counts.ts";
import type { Quarantine, RejectedLine } from "./quarantine.ts";
import { HEAD_BYTES, type Line, type LineReceiver } from "./split-lines.ts";

export const MAX_LINE_BYTES = 1024 * 1024;

export interface AlertSinkOptions {
  readonly store: AlertStore;
  readonly quarantine: Quarantine;
  readonly nowMs: () => number;
  /** As the quarantine names it. */
  readonly source: string;
  readonly runId?: string;
}

/** Reads lines, counts them, and passes alerts to the store and rejected lines to the quarantine in batches. */
export interface AlertSink {
  readonly counts: RunningCounts;
  /** Lines taken and not flushed yet. */
  readonly waiting: number;
  /** Where a splitter puts lines; `occurrences` numbers equal alerts. */
  receiver(occurrences: Occurrences): LineReceiver;
  /**
   * Stores everything that was taken so far, rejected lines before alerts, with `checkpoint` in the step of the alerts.
   * What could not be stored stays and is stored by the next flush.
   */
  flush(checkpoint?: Checkpoint): Promise<void>;
}

export function createAlertSink({ store, quarantine, nowMs, source, runId }: AlertSinkOptions): AlertSink {
  const counts = newCounts();
  let alerts: NewAlert[] = [];
  let rejected: RejectedLine[] = [];
  let waiting = 0;

  function reject(
    line: Pick<RejectedLine, "head" | "lengthBytes" | "sha256">,
    offset: number,
    reason: string,
    detail: string,
  ) {
    countReason(counts.rejected, reason);
    rejected.push({ source, line: counts.lines, byteOffset: offset, reason, detail, ...line });
  }

  function takeLine({ bytes, offset }: Line, occurrences: Occurrences): void {
    counts.lines += 1;
    waiting += 1;
    const read = readAlertLine(bytes);
    if (read.kind === "alert") {
      const { alert } = read;
      const occurrence = occurrences.next(alert.id);
      alerts.push({ alert, occurrence, receivedAtMs: nowMs(), ...(runId === undefined ? {} : { runId }) });
    } else if (read.kind === "ignored") {
      countReason(counts.ignored, read.reason);
    } else {
      const head = Buffer.from(bytes.subarray(0, HEAD_BYTES));
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      reject({ head, lengthBytes: bytes.length, sha256 }, offset, read.reason, read.detail);
    }
  }

  return {
    counts,
    get waiting() {
      return waiting;
    },
    receiver: (occurrences) => ({
      line: (line) => takeLine(line, occurrences),
      oversize({ offset, head, lengthBytes, sha256 }) {
        counts.lines += 1;
        waiting += 1;
        reject({ head, lengthBytes, sha256 }, offset, "oversize", `the line has ${lengthBytes} bytes`);
      },
    }),
    async flush(checkpoint) {
      const lines = rejected;
      const batch = alerts;
      rejected = [];
      alerts = [];
      waiting = 0;
      try {
        if (lines.length > 0) await quarantine.add(lines);
        lines.length = 0;
        if (batch.length === 0 && checkpoint === undefined) return;
        const { added, known } = await store.add(batch, checkpoint);
        counts.added += added;
        counts.known += known;
      } catch (error) {
        rejected = [...lines, ...rejected];
        alerts = [...batch, ...alerts];
        waiting += lines.length + batch.length;
        throw error;
      }
    },
  };
}
