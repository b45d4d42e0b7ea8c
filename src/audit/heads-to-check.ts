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
  readonly history: readonly string[];
}

/** The notes as they are now: read before the records, which only grow, so that no note can be ahead of them. */
export function readHeadsOnDisk(files: TrailFiles): HeadsOnDisk {
  const names = namesIn(files.checkpoints).filter((name) => /^\d{1,15}\.note$/.test(name));
  names.sort((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10));
  const history = names.slice(0, MAX_HISTORY).flatMap((name) => readSmall(join(files.checkpoints, name)) ?? []);
  // After a power cut an older note may be empty: it was not written through.
  return { checkpoint: readSmall(files.checkpoint), history: history.filter((note) => note !== "") };
}

export interface HeadsToCheck {
  /** By size, smallest first. */
  readonly expected: readonly ExpectedHead[];
  readonly failures: readonly Failure[];
  readonly signed: TreeHead | undefined;
}

/** The heads that the trail must pass, and what is wrong with those that cannot be used. */
export function headsToCheck(
  onDisk: HeadsOnDisk,
  log: string,
  verifier: NoteVerifier,
  known: readonly KnownHead[],
): HeadsToCheck {
  const expected: ExpectedHead[] = [];
  const failures: Failure[] = [];
  let signed: TreeHead | undefined;
  for (const { note, source } of [
    ...onDisk.history.map((note) => ({ note, source: "history" as const })),
    ...(onDisk.checkpoint === undefined ? [] : [{ note: onDisk.checkpoint, source: "checkpoint" as const }]),
  ]) {
    const read = openCheckpoint(note, log, verifier);
    if (read.state !== "signed") {
      const reason = read.state === "bad" ? read.reason : "checkpoint-missing";
      failures.push({ state: reason === "checkpoint-unknown-key" ? "untrusted-key" : "tampered", reason });
      continue;
    }
    expected.push({ size: read.head.size, root: read.head.root, source });
    if (source === "checkpoint") signed = read.head;
  }
  for (const head of known) {
    if (head.log !== undefined && head.log !== log) continue;
    expected.push({ size: head.size, root: Buffer.from(head.root, "hex"), source: "known" });
  }
  expected.sort((a, b) => a.size - b.size);
  return { expected, failures, signed };
}
