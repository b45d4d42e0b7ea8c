import type { Span } from "../../retention/retention-settings.ts";
import type { ColdFault } from "../alert-store.ts";
import type { DriverName } from "../sqlite-driver.ts";

export interface ApplyRetentionOptions {
  /** The folder of the alert store. */
  readonly folder: string;
  /** How long alerts are kept. */
  readonly span: Span;
  /** Name of the setting that the limits come from, kept with what is deleted: a preset or `own`. */
  readonly setting: string;
  readonly nowMs: number;
  readonly driver?: DriverName;
  /** Says what would be done and does nothing. */
  readonly isDryRun?: boolean;
  /** Stops between two pieces with CANCELLED; months that are finished stay finished. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RetentionProgress) => void;
}

export interface RetentionProgress {
  readonly month: string;
  readonly doing: "writing" | "checking" | "deleting";
  readonly alerts: number;
  readonly totalAlerts: number;
}

export interface MovedMonth {
  /** In UTC: `2025-09`. */
  readonly month: string;
  readonly alerts: number;
  /** Of the month's file at hand. */
  readonly bytesBefore: number;
  /** Of its files in the archive; absent in a dry run. */
  readonly bytesAfter?: number;
}

export interface DeletedMonth {
  readonly month: string;
  readonly alerts: number;
  readonly bytes: number;
}

export interface WaitingMonth {
  readonly month: string;
  readonly reason: string;
}

export interface RetentionReport {
  readonly isDryRun: boolean;
  readonly moved: readonly MovedMonth[];
  readonly deleted: readonly DeletedMonth[];
  /** Months that are old enough but stay for now, with the reason. */
  readonly waiting: readonly WaitingMonth[];
  readonly faults: readonly ColdFault[];
  /** SHA-256 of the archive's manifest afterwards, for the audit trail; absent where there is none. */
  readonly manifestSha256?: string;
}
