/** How strong the check was. Never print more than the tier that was reached. */
export type Tier = "NONE" | "CHAINED" | "SIGNED" | "ANCHORED";

export type VerdictState =
  | "intact"
  | "tampered"
  | "truncated"
  | "diverged"
  | "forked"
  | "untrusted-key"
  | "evidence-mismatch"
  | "unsupported"
  | "absent"
  | "unanchored";

/** Exit code of `audit verify` for each state. */
export const EXIT_CODES: Readonly<Record<VerdictState, number>> = {
  intact: 0,
  tampered: 10,
  truncated: 11,
  diverged: 12,
  forked: 13,
  "untrusted-key": 14,
  "evidence-mismatch": 15,
  unsupported: 16,
  absent: 17,
  unanchored: 20,
};

/** Where the first record is that does not hold. */
export interface FirstBad {
  readonly seq: number;
  /** From 1, in the segment. */
  readonly line: number;
  readonly byteOffset: number;
  readonly segment: string;
  readonly reason: string;
}

/** An announced call without a result. */
export interface OrphanIntent {
  readonly seq: number;
  readonly tool?: string;
  readonly session: string;
  /** "session-ended": the session said goodbye without answering. "no-end": it was killed or still runs. */
  readonly cause: "session-ended" | "no-end";
}

/** A record whose openings were erased, and the record that says so. */
export interface ErasedRecord {
  readonly seq: number;
  readonly by: number;
}

export interface AuditVerdict {
  readonly state: VerdictState;
  readonly exitCode: number;
  readonly tier: Tier;
  readonly log?: string;
  readonly records: number;
  readonly bytes: number;
  readonly segments: number;
  /** Tree head over every record that was read, hex; absent when the chain does not hold. */
  readonly root?: string;
  /** Records covered by a signature that was checked. */
  readonly signedSize: number;
  /** Records covered by a head from outside the folder. */
  readonly anchoredSize: number;
  /** False when the key was taken from the trail itself instead of from the caller. */
  readonly pinned: boolean;
  readonly verifierKey?: string;
  /** Record from which checking began; above 0 with `fromCheckpoint`. */
  readonly startedAt: number;
  readonly firstBad?: FirstBad;
  /** Records among which something was changed, when the chain holds but a head does not: `toSeq` is not one of them. */
  readonly suspect?: { readonly fromSeq: number; readonly toSeq: number };
  /** The first hundred. */
  readonly orphanIntents: readonly OrphanIntent[];
  readonly orphanIntentCount: number;
  /** Records, first and last, whose bodies are past their retention; their leaves still stand in chain and tree. */
  readonly pruned: readonly { readonly from: number; readonly to: number }[];
  readonly prunedRecords: number;
  /** The first hundred. */
  readonly erased: readonly ErasedRecord[];
  /** Half lines set aside after a crash. */
  readonly torn: number;
  /** Everything that was noticed, failures first: stable words for programs. */
  readonly reasonCodes: readonly string[];
}
