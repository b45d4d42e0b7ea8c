/** A line that could not be taken, as it is kept for a person to look at. */
export interface RejectedLine {
  /** `file:<path>`, `webhook`, `stdin`. */
  readonly source: string;
  /** Line or record number within this reading of the source, from 1. */
  readonly line: number;
  readonly byteOffset?: number;
  readonly reason: string;
  readonly detail: string;
  /** The beginning of the line; at most 4 KiB are kept. */
  readonly head: Uint8Array;
  /** Length and SHA-256 (hex) of the whole line. */
  readonly lengthBytes: number;
  readonly sha256: string;
}

export interface QuarantineStatus {
  readonly path: string;
  /** Records that can be read now, in the current and the previous file. */
  readonly kept: number;
  /** Records that were thrown away because the files had reached their size. */
  readonly dropped: number;
  readonly bytes: number;
}

/** Where rejected lines go. Several processes may hold the same one open. */
export interface Quarantine {
  add(lines: readonly RejectedLine[]): Promise<void>;
  status(): Promise<QuarantineStatus>;
}
