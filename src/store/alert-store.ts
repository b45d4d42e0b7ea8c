import type { Alert, Priority } from "../alert/alert.ts";

export type FieldOperator = "=" | "!=" | "in" | "contains" | "startswith" | "exists";

/** True for an alert where any of `fields` satisfies the operator; "!=" asks that none equals the value. */
export interface FieldCondition {
  /** Names of output_fields; several mean "any of these" (a container may be named by id or by name). */
  readonly fields: readonly string[];
  readonly operator: FieldOperator;
  /**
   * Empty for exists; with several values any of them satisfies. Numbers and booleans are compared by their text, arrays
   * and objects by their compact JSON, case matters; null counts as absent.
   */
  readonly values: readonly string[];
}

export interface AlertFilter {
  /** Inclusive. */
  readonly fromNs?: bigint;
  /** Exclusive. */
  readonly toNs?: bigint;
  readonly priorities?: readonly Priority[];
  readonly rules?: readonly string[];
  readonly sources?: readonly string[];
  readonly hostnames?: readonly string[];
  /** All of these must be on the alert. */
  readonly tags?: readonly string[];
  readonly fields?: readonly FieldCondition[];
  /**
   * Words that must all occur in the output, case-insensitive; a part in double quotes is a phrase, whose words must
   * follow each other. A word is a run of letters, digits and `_`, so "/etc/shadow" asks for etc and shadow.
   */
  readonly text?: string;
  /** Only alerts that this run of an engine gave. */
  readonly runId?: string;
}

/** An alert as the store holds it. */
export interface StoredAlert extends Alert {
  /** SHA-256 of the raw line, hex. */
  readonly rawSha256: string;
  /** How many times this very alert really happened (identical lines at different places of one source). */
  readonly repeats: number;
  /** The latest run that gave it, where an engine of ours did; `AlertFilter.runId` finds it by every such run. */
  readonly runId?: string;
  /** When it was first received. */
  readonly receivedAtMs: number;
  /**
   * Where the alert stands in time: its own time, or the time of receipt where its own lies before the year 2000 or
   * more than a day ahead of receipt. Time windows, order, buckets and first/last seen go by this.
   */
  readonly orderNs: bigint;
}

/** How a question treats months that retention moved into the archive. */
export interface ColdOptions {
  /** Reads the archive too, which takes seconds for each million alerts; absent or false: only what is at hand. */
  readonly cold?: boolean;
  /** Ends a question over the archive with CANCELLED. */
  readonly signal?: AbortSignal;
  /** How far a question over the archive is, in archived alerts. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What a time window touches of a month that is no longer at hand, so that nobody takes silence for absence. */
export interface ColdMonth {
  /** In UTC: `2025-09`. */
  readonly month: string;
  /** Alerts of the month in the archive. */
  readonly alerts: number;
  /** Alerts that were deleted at the end of their time; only their counts and hashes are left. */
  readonly deleted: number;
}

/** Alerts of the archive that cannot be answered for. */
export interface ColdFault {
  readonly code: "COLD_DAMAGED" | "COLD_MANIFEST";
  readonly path: string;
  /** What is wrong and what is lost by it. */
  readonly message: string;
}

/** The part that the archive has in a time window. */
export interface ArchiveNote {
  /** Oldest first. */
  readonly months: readonly ColdMonth[];
  /** True where the answer covers the archived alerts; false where it leaves them out. */
  readonly isRead: boolean;
  readonly faults: readonly ColdFault[];
}

export interface AlertPage {
  readonly alerts: readonly StoredAlert[];
  /** Alerts that match the filter at the time of asking, not only those on this page. */
  readonly matched: number;
  /** Alerts in the filter's time window before the rest of the filter: what was looked at. */
  readonly considered: number;
  readonly nextCursor?: string;
  /** Absent where the window touches nothing that is or was in the archive. */
  readonly archive?: ArchiveNote;
}

export interface PageOptions extends ColdOptions {
  readonly limit: number;
  readonly order: SortOrder;
  /** Of the page before; holds for the same filter, order and `cold`. */
  readonly cursor?: string;
}

export type SortOrder = "newest" | "oldest";

/** What alerts can be grouped by: their own columns, or any output field as `field:<name>`. */
export type GroupKey = "rule" | "priority" | "source" | "hostname" | "tag" | `field:${string}`;

export interface Group {
  /** One value a key, in the order of the keys; null where the alert lacks it. */
  readonly values: readonly (string | null)[];
  readonly count: number;
  readonly firstNs: bigint;
  readonly lastNs: bigint;
}

export interface Summary {
  readonly matched: number;
  readonly considered: number;
  readonly firstNs?: bigint;
  readonly lastNs?: bigint;
  /** Largest first; at most `limit`. */
  readonly groups: readonly Group[];
  /** How many groups there are in all, so that a cut shows. */
  readonly groupCount: number;
  readonly buckets?: readonly { readonly fromNs: bigint; readonly count: number }[];
  /** Absent where the window touches nothing that is or was in the archive. */
  readonly archive?: ArchiveNote;
}

export interface SummaryRequest extends ColdOptions {
  readonly filter: AlertFilter;
  /** None to two keys. */
  readonly by: readonly GroupKey[];
  readonly limit: number;
  /** Width of a time bucket; absent for no series. Only buckets that hold alerts are returned, oldest first. */
  readonly bucketNs?: bigint;
}

/** A place in a source up to which everything is stored; written in the transaction of the alerts it covers. */
export interface Checkpoint {
  /** Which source: `file:<path>`, `webhook`, `run:<id>`… */
  readonly source: string;
  /** The reader's own state, opaque here. */
  readonly state: string;
}

export interface AddResult {
  readonly added: number;
  /** Alerts that the store held already. */
  readonly known: number;
  /** How many of the known ones lie in the archive; absent for none. */
  readonly archived?: number;
}

export interface NewAlert {
  readonly alert: Alert;
  /** 1 for the first time this content is seen in its source, 2 for the second…; see `repeats`. */
  readonly occurrence: number;
  readonly runId?: string;
  readonly receivedAtMs: number;
}

export interface StoreStatus {
  readonly driver: string;
  readonly alerts: number;
  readonly firstNs?: bigint;
  readonly lastNs?: bigint;
  readonly bytes: number;
  readonly sources: readonly { readonly source: string; readonly alerts: number }[];
  /** Damaged files, whether set aside already or still in place, with the reason. */
  readonly setAside: readonly { readonly path: string; readonly reason: string }[];
  /** What retention moved out of the way; absent where it never did. */
  readonly archive?: ArchiveStatus;
}

export interface ArchiveStatus {
  readonly alerts: number;
  readonly bytes: number;
  readonly firstNs?: bigint;
  readonly lastNs?: bigint;
  /** Oldest first. */
  readonly months: readonly ColdMonth[];
  readonly faults: readonly ColdFault[];
}

/** Where alerts live. Several processes may hold the same store open. All methods fail with FalcoSkillsError. */
export interface AlertStore {
  /** Stores a batch and its checkpoint in one durable step: all of it or nothing. */
  add(batch: readonly NewAlert[], checkpoint?: Checkpoint): Promise<AddResult>;
  get(id: string, options?: ColdOptions): Promise<StoredAlert | undefined>;
  search(filter: AlertFilter, page: PageOptions): Promise<AlertPage>;
  summarize(request: SummaryRequest): Promise<Summary>;
  /** Names of output fields that occur, with how many alerts of a recent sample have them: what a filter may name. */
  fieldNames(): Promise<readonly { readonly name: string; readonly alerts: number }[]>;
  readCheckpoint(source: string): Promise<string | undefined>;
  status(): Promise<StoreStatus>;
  close(): Promise<void>;
}
