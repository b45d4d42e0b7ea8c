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
  /** Where a splitter puts lines; `occurrences` numbers equal alerts, `onRejected` hears of every rejected line. */
  receiver(occurrences: Occurrences, onRejected?: (why: string) => void): LineReceiver;
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

  function reject(line: Omit<RejectedLine, "source" | "line">): void {
    countReason(counts.rejected, line.reason);
    rejected.push({ source, line: counts.lines, ...line });
  }

  /** Why the line was rejected, if it was. */
  function takeLine({ bytes, offset }: Line, occurrences: Occurrences): string | undefined {
    const read = readAlertLine(bytes);
    if (read.kind === "alert") {
      const { alert } = read;
      const occurrence = occurrences.next(alert.id);
      alerts.push({ alert, occurrence, receivedAtMs: nowMs(), ...(runId === undefined ? {} : { runId }) });
    } else if (read.kind === "ignored") {
      countReason(counts.ignored, read.reason);
    } else {
      const { reason, detail } = read;
      reject({
        byteOffset: offset,
        reason,
        detail,
        head: Buffer.from(bytes.subarray(0, HEAD_BYTES)),
        lengthBytes: bytes.length,
        sha256: createHash("sha256").update(bytes).digest("hex"),
      });
      return `${reason}: ${detail}`;
    }
    return undefined;
  }

  return {
    counts,
    get waiting() {
      return waiting;
    },
    receiver: (occurrences, onRejected) => ({
      line(line) {
        counts.lines += 1;
        waiting += 1;
        const rejection = takeLine(line, occurrences);
        if (rejection !== undefined) onRejected?.(rejection);
      },
      oversize({ offset, ...line }) {
        counts.lines += 1;
        waiting += 1;
        const detail = `the line has ${line.lengthBytes} bytes`;
        reject({ byteOffset: offset, reason: "oversize", detail, ...line });
        onRejected?.(`oversize: ${detail}`);
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
