import type { AuditReceipt } from "../../audit/audit-entry.ts";
import type { Actor } from "../checklist.ts";
import type { ControlName, EvidenceManifest } from "./evidence-manifest.ts";
import type { EvidencePruned, PruneWork } from "./prune-evidence.ts";

/** Longest content of each way in; the caller is told, nothing is cut. */
export const EVIDENCE_LIMITS = {
  fileBytes: 256 * 1024 * 1024,
  textBytes: 1024 * 1024,
  alerts: 50_000,
  manifestBytes: 64 * 1024,
} as const;

/** A file is copied from where it lies; the path must already have been resolved inside the roots. */
export type EvidenceContent = { readonly file: string; readonly maxBytes?: number } | { readonly bytes: Uint8Array };

/** What is known of an artefact before its bytes are in the store. */
export interface NewEvidence
  extends Pick<EvidenceManifest, "name" | "kind" | "media_type">,
    Partial<Pick<EvidenceManifest, "description" | "window" | "counts" | "checklist" | "refers_to">> {
  readonly controls: readonly ControlName[];
  readonly source: Omit<EvidenceManifest["source"], "host">;
  readonly tool: string;
  /** What the collecting tool was called with; secrets are taken out before it is kept. */
  readonly arguments: unknown;
}

/** On whose behalf an artefact is added or read, and on which connection. */
export interface Custodian {
  readonly by: Actor;
  readonly session: string;
}

/** Where in the audit trail the taking in of an artefact is recorded. */
export type EvidenceReceipt = Pick<AuditReceipt, "log" | "seq" | "leaf">;

export interface Evidence {
  readonly manifest: EvidenceManifest;
  /** SHA-256 of the manifest's canonical form: what the record in the trail names. */
  readonly manifestSha256: string;
  /** Absent when the process died between keeping the artefact and recording it. */
  readonly receipt?: EvidenceReceipt;
  /** Set when its bytes were past their retention: the record that says so. */
  readonly pruned?: EvidenceReceipt & { readonly at: string };
}

/** "pruned": the bytes are past their retention and a record of the trail says that they were taken away. */
export type EvidenceState = "whole" | "missing" | "changed" | "pruned";

export interface EvidenceList {
  /** Oldest first. */
  readonly evidence: readonly Evidence[];
  readonly faults: readonly { readonly file: string; readonly message: string }[];
}

/** Artefacts by content: bytes lie once under their SHA-256, each taking in has a manifest of its own. */
export interface EvidenceStore {
  /**
   * The artefact as kept, recorded in the audit trail before this resolves. Fails with EVIDENCE_TOO_LARGE,
   * FILE_NOT_FOUND, FILE_UNREADABLE, FILE_NOT_REGULAR, INVALID_ARGUMENT, DISK_FULL, HOME_NOT_WRITABLE or a code of the trail.
   */
  add(wanted: NewEvidence, content: EvidenceContent, custodian: Custodian): Promise<Evidence>;
  /** Fails with EVIDENCE_NOT_FOUND or EVIDENCE_DAMAGED. */
  get(id: string): Promise<Evidence>;
  list(): Promise<EvidenceList>;
  /** Whether the bytes still have the hash of their manifest. */
  check(evidence: Evidence): Promise<EvidenceState>;
  /**
   * A copy of the bytes under a new name, recorded as read before it is made. Fails with EVIDENCE_NOT_FOUND,
   * EVIDENCE_DAMAGED when the bytes are not what was taken in, FILE_UNREADABLE, or a code of the trail.
   */
  copyTo(id: string, path: string, custodian: Custodian): Promise<Evidence>;
  /** Takes away the bytes of artefacts taken at or before an instant and records each removal. */
  prune(beforeMs: number, work?: PruneWork): Promise<EvidencePruned>;
  /** Where the bytes with that SHA-256 lie. */
  bytesPath(sha256: string): string;
}

export type { EvidenceManifest };
