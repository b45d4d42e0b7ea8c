import type { Outcome, RecordType } from "./audit-entry.ts";

/** All parts must hold. */
export interface AuditFilter {
  readonly types?: readonly RecordType[];
  readonly tool?: string;
  readonly session?: string;
  readonly outcomes?: readonly Outcome[];
  readonly skill?: string;
  readonly runId?: string;
  /** Inclusive, milliseconds since 1970. */
  readonly fromMs?: number;
  /** Exclusive. */
  readonly toMs?: number;
  /** Part of the record's text as it is written, any case. */
  readonly text?: string;
}

export interface AuditPageRequest {
  /** 1 to 1,000. */
  readonly limit: number;
  /** As the page before gave it. */
  readonly cursor?: string;
  /** Bytes read at most before a page ends early; 64 MiB. */
  readonly maxBytes?: number;
}

/** A record as it stands in the trail: names as on disk. `bad` is set when the line cannot be read as a record. */
export interface FoundRecord {
  readonly seq?: number;
  readonly leaf: string;
  readonly record?: Readonly<Record<string, unknown>>;
  readonly bad?: {
    readonly reason: string;
    readonly segment: string;
    readonly byteOffset: number;
    readonly excerpt: string;
  };
}

export interface AuditPage {
  readonly records: readonly FoundRecord[];
  /** Present while older records remain unread. */
  readonly cursor?: string;
  readonly scannedRecords: number;
  readonly scannedBytes: number;
  /** Lines that cannot be read as records, of those scanned. */
  readonly badLines: number;
}
