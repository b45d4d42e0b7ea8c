/** Why a line is no alert and no fault either. */
export type IgnoredLines = Readonly<Record<string, number>>;

/**
 * What became of everything that was read. Once a source is flushed the figures reconcile:
 * lines = added + known + all ignored + all rejected.
 */
export interface IngestCounts {
  /** Lines of a log, or records of a JSON document; blank lines count. */
  readonly lines: number;
  /** Bytes after unpacking. */
  readonly bytes: number;
  /** Alerts that the store did not hold before. */
  readonly added: number;
  /** Alerts that the store held already: the same file again, the same alert by another way. */
  readonly known: number;
  /** Lines that are no alerts and no faults, by reason (blank, statistics). */
  readonly ignored: IgnoredLines;
  /** Lines set aside in the quarantine, by reason. */
  readonly rejected: IgnoredLines;
}

export interface RunningCounts {
  lines: number;
  bytes: number;
  added: number;
  known: number;
  readonly ignored: Record<string, number>;
  readonly rejected: Record<string, number>;
}

export function newCounts(): RunningCounts {
  return { lines: 0, bytes: 0, added: 0, known: 0, ignored: {}, rejected: {} };
}

/** A copy that later counting does not change. */
export function copyCounts(counts: IngestCounts): RunningCounts {
  return { ...counts, ignored: { ...counts.ignored }, rejected: { ...counts.rejected } };
}

export function addCounts(total: RunningCounts, part: IngestCounts): void {
  total.lines += part.lines;
  total.bytes += part.bytes;
  total.added += part.added;
  total.known += part.known;
  for (const kind of ["ignored", "rejected"] as const) {
    for (const [reason, count] of Object.entries(part[kind])) countReason(total[kind], reason, count);
  }
}

export function countReason(reasons: Record<string, number>, reason: string, count = 1): void {
  reasons[reason] = (reasons[reason] ?? 0) + count;
}

/** How many lines are accounted for; equals `lines` once everything read has been flushed. */
export function accountedFor({ added, known, ignored, rejected }: IngestCounts): number {
  return [...Object.values(ignored), ...Object.values(rejected)].reduce((sum, count) => sum + count, added + known);
}
