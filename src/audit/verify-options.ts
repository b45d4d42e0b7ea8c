import type { KnownHead } from "./known-heads.ts";
import type { Workers } from "./scan-in-parallel.ts";

export interface VerifyOptions {
  /** C2SP vkey from outside the folder; without it the verdict says `pinned: false`. */
  readonly verifierKey?: string;
  /** Heads held elsewhere, as readKnownHeads gives them. Those that name another trail are left out. */
  readonly knownHeads?: readonly KnownHead[];
  /** Trust the signed checkpoint for what is before it and check only what came after. */
  readonly fromCheckpoint?: boolean;
  /** Report "unanchored" when no known head was confirmed. */
  readonly requireAnchor?: boolean;
  /** Where the bytes of evidence with that SHA-256 lie; given, every evidence.added record is compared with its bytes. */
  readonly evidenceFile?: (sha256: string) => string;
  /** Threads that read beside this one. The verdict is the same. */
  readonly workers?: Workers;
  readonly onProgress?: (progress: {
    readonly records: number;
    readonly bytes: number;
    readonly totalBytes: number;
  }) => void;
  readonly signal?: AbortSignal;
}
