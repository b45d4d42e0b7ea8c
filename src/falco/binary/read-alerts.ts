import { readAlertLine } from "../../alert/read-alert.ts";
import { visible } from "../../text/visible.ts";
import type { FalcoStatistics, KeptLines, TakeAlert } from "./falco-binary.ts";
import type { OutputLine } from "./split-lines.ts";

/** What stdout of a replay or a live run says, read line by line. */
export interface AlertReader {
  /** False when `maxAlerts` have been taken. */
  take(line: OutputLine): boolean | Promise<boolean>;
  alerts(): number;
  isLimited(): boolean;
  statistics(): Pick<FalcoStatistics, "eventsDetected" | "bySeverity" | "byRule">;
  unreadable(): KeptLines;
}

const MAX_UNREADABLE_SHOWN = 10;
const MAX_SHOWN = 300;
/** Most rows of one table of statistics. */
const MAX_ROWS = 20_000;

/** Hands every alert on as it comes, keeps Falco's closing statistics, and counts whatever is neither. */
export function alertReader(take: TakeAlert, maxAlerts: number = Number.POSITIVE_INFINITY): AlertReader {
  let alerts = 0;
  let eventsDetected: number | undefined;
  let table: Map<string, number> | undefined;
  const bySeverity = new Map<string, number>();
  const byRule = new Map<string, number>();
  const unreadable: { count: number; first: string[] } = { count: 0, first: [] };

  function keep(text: string, why: string): void {
    unreadable.count += 1;
    if (unreadable.first.length >= MAX_UNREADABLE_SHOWN) return;
    const shown = visible(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
    unreadable.first.push(`${why}: ${shown}`);
  }

  function takeStatistics(text: string): void {
    const events = /^Events detected: (\d{1,15})$/.exec(text)?.[1];
    if (events !== undefined) eventsDetected = Number(events);
    else if (text === "Rule counts by severity:") table = bySeverity;
    else if (text === "Triggered rules by rule name:") table = byRule;
    else {
      const row = /^ {3}(.*): (\d{1,15})$/.exec(text);
      if (row !== null && table !== undefined && table.size < MAX_ROWS) table.set(row[1] ?? "", Number(row[2]));
    }
  }

  return {
    take(line) {
      if (line.bytesLeftOut > 0) {
        keep(line.bytes.toString("utf8"), `a line ${line.bytesLeftOut} bytes over the limit`);
        return true;
      }
      const read = readAlertLine(line.bytes);
      if (read.kind === "alert") {
        alerts += 1;
        const goesOn = alerts < maxAlerts;
        const taken = take(read.alert.raw, read.alert);
        return taken === undefined ? goesOn : taken.then(() => goesOn);
      }
      const text = line.bytes.toString("utf8");
      if (read.kind === "rejected") keep(text, line.isEnded ? read.reason : `cut off, ${read.reason}`);
      else if (read.reason === "statistics") takeStatistics(text.trimEnd());
      return true;
    },
    alerts: () => alerts,
    isLimited: () => alerts >= maxAlerts,
    statistics: () => ({
      ...(eventsDetected === undefined ? {} : { eventsDetected }),
      bySeverity: Object.fromEntries(bySeverity),
      byRule: Object.fromEntries(byRule),
    }),
    unreadable: () => unreadable,
  };
}
