import { join } from "node:path";
import type { TreeHead } from "./checkpoint.ts";
import type { KnownHead } from "./known-heads.ts";
import { openCheckpoint } from "./signed-heads.ts";
import type { NoteVerifier } from "./signed-note.ts";
import { namesIn, readSmall, type TrailFiles } from "./trail-files.ts";
import type { VerdictState } from "./verdict.ts";

/** Older heads that are compared at most, newest first: one for each 256 of the last twelve million records. */
const MAX_HISTORY = 50_000;

/** A head that the tree must have when it has that many records. */
export interface ExpectedHead {
  readonly size: number;
  readonly root: Buffer;
  /** The newest signed head, an older signed one, one from outside. */
  readonly source: "checkpoint" | "history" | "known";
}

export interface Failure {
  readonly state: VerdictState;
  readonly reason: string;
}

export interface HeadsOnDisk {
  readonly checkpoint: string | undefined;
  /** Sizes of the older heads under checkpoints/, largest first. */
  readonly history: readonly number[];
}

/** Which heads there are now: looked at before the records, which only grow, so that no head can be ahead of them. */
export function lookForHeads(files: TrailFiles): HeadsOnDisk {
  const names = namesIn(files.checkpoints).filter((name) => /^\d{1,15}\.note$/.test(name));
  const history = names.map((name) => Number.parseInt(name, 10)).sort((a, b) => b - a);
  return { checkpoint: readSmall(files.checkpoint), history: history.slice(0, MAX_HISTORY) };
}

/** The notes of the older heads beyond a size. After a power cut one may be empty: they are not written through. */
export function readHistory(files: TrailFiles, { history }: HeadsOnDisk, beyond: number): string[] {
  const sizes = history.filter((size) => size > beyond);
  return sizes
    .flatMap((size) => readSmall(join(files.checkpoints, `${size}.note`)) ?? [])
    .filter((note) => note !== "");
}

/** The newest signed head, where there is one that the key signed. */
export function newestHead({ checkpoint }: HeadsOnDisk, log: string, verifier: NoteVerifier): TreeHead | undefined {
  const read = checkpoint === undefined ? undefined : openCheckpoint(checkpoint, log, verifier);
  return read?.state === "signed" ? read.head : undefined;
}

export interface HeadsToCheck {
  /** By size, smallest first. */
  readonly expected: readonly ExpectedHead[];
  readonly failures: readonly Failure[];
}

interface Note {
  readonly note: string;
  readonly source: "checkpoint" | "history";
}

/** The heads that the trail must pass, and what is wrong with those that cannot be used. */
export function headsToCheck(
  notes: readonly Note[],
  log: string,
  verifier: NoteVerifier,
  known: readonly KnownHead[],
): HeadsToCheck {
  const expected: ExpectedHead[] = [];
  const failures: Failure[] = [];
  for (const { note, source } of notes) {
    const read = openCheckpoint(note, log, verifier);
    if (read.state === "signed") expected.push({ size: read.head.size, root: read.head.root, source });
    else
      failures.push({
        state: read.reason === "checkpoint-unknown-key" ? "untrusted-key" : "tampered",
        reason: read.reason,
      });
  }
  for (const head of known) {
    if (head.log !== undefined && head.log !== log) continue;
    expected.push({ size: head.size, root: Buffer.from(head.root, "hex"), source: "known" });
  }
  expected.sort((a, b) => a.size - b.size);
  return { expected, failures };
}
