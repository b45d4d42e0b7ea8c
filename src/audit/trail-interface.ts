import type { AuditEntry, AuditReceipt } from "./audit-entry.ts";
import type { Erasure, ErasureRequest } from "./erase-openings.ts";
import type { ProcessFacts } from "./process-facts.ts";
import type { RetentionWork, TrailRetained, TrailRetention } from "./retain-trail.ts";
import type { AuditFilter, AuditPage, AuditPageRequest } from "./search-records.ts";

export interface AuditTrailOptions {
  /** The trail's folder; made (0700) by the first append. */
  readonly folder: string;
  readonly server: { readonly name: string; readonly version: string };
  /** Wall clock in milliseconds since 1970. */
  readonly nowMs: () => number;
  /** A clock that never goes back, in milliseconds. */
  readonly monotonicMs: () => number;
  /** Cryptographically strong random bytes. */
  readonly random: (bytes: number) => Uint8Array;
  readonly process: ProcessFacts;
  /** Each signed head is copied here too: a folder on another disk or machine. */
  readonly headsFolder?: string;
  /** Called with each head after it was copied; must not throw. */
  readonly onHead?: (head: AuditHead & { readonly log: string }) => void;
  /** Called once with the public key when this process begins the trail. */
  readonly onBegin?: (verifierKey: string) => void;
  /** Records between two signed heads; 256. */
  readonly checkpointEvery?: number;
  /** How long after a record an unsigned tail is signed at the latest; 60,000. */
  readonly checkpointAfterMs?: number;
  /** How long after the last record a quiet trail is signed; 1,000. */
  readonly checkpointQuietMs?: number;
  /** Bytes after which the active file is sealed; 64 MiB. It is sealed at a month's turn (UTC), too. */
  readonly segmentBytes?: number;
  /** How long to wait for another process before AUDIT_BUSY; 10,000. */
  readonly lockTimeoutMs?: number;
}

export interface AuditHead {
  readonly size: number;
  readonly root: string;
}

export interface AuditStatus {
  readonly folder: string;
  /** "empty": nothing was recorded yet. "stopped": an append was refused; `problem` says why. */
  readonly state: "empty" | "ready" | "stopped" | "closed";
  readonly log?: string;
  readonly head?: AuditHead;
  readonly signed?: AuditHead;
  /** Public key as a C2SP vkey: what a verifier needs from outside. */
  readonly verifierKey?: string;
  readonly segments: number;
  readonly bytes: number;
  /** Appends that had to wait for another process, of all appends of this one. */
  readonly appends: number;
  readonly contended: number;
  /** Appends that failed since the last one that worked. */
  readonly missed: number;
  readonly problem?: { readonly code: string; readonly message: string };
}

export interface AuditTrail {
  /**
   * Where the record landed. Fails with AUDIT_UNWRITABLE (disk, permission), AUDIT_BUSY (lock), AUDIT_DAMAGED (the
   * trail does not continue what was signed), AUDIT_FOREIGN_OWNER, AUDIT_KEY_UNUSABLE or AUDIT_CLOSED; calls that
   * record or change must then be refused. What a failed append would have said is counted and confessed by a log.gap
   * record as soon as writing works again.
   */
  append(entry: AuditEntry): Promise<AuditReceipt>;
  /** Records newest first. Unreadable lines are shown as such, never left out. */
  search(filter: AuditFilter, page: AuditPageRequest): Promise<AuditPage>;
  status(): Promise<AuditStatus>;
  /** The head that was signed just now, covering every record; undefined when nothing was ever recorded. */
  checkpoint(): Promise<AuditHead | undefined>;
  /**
   * Deletes what opens the commitments of a record and says so in a new record; every earlier proof still holds. Fails
   * with INVALID_ARGUMENT when there is no such record or it holds no commitment, and as `append` does.
   */
  erase(request: ErasureRequest): Promise<Erasure>;
  /** Packs old closed segments, takes the bodies of older ones away and says so in a record; leaves stay for ever. */
  retain(limits: TrailRetention, work?: RetentionWork): Promise<TrailRetained>;
  /** Signs what is unsigned, lets go of everything. Safe to call twice. */
  close(): Promise<void>;
}
