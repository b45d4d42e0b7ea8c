import { closeSync, openSync, readSync, renameSync, statSync, unlinkSync, writeSync } from "node:fs";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { syncFolder } from "../paths/write-file.ts";
import type { AuditReceipt } from "./audit-entry.ts";
import { readCanonical } from "./canonical-json.ts";
import { unwritable } from "./errors.ts";
import { closeSegments, openSegments } from "./open-segments.ts";
import { segmentLines } from "./segment-lines.ts";
import type { TrailFiles } from "./trail-files.ts";

export interface ErasureRequest {
  readonly seq: number;
  /** Why, in the words of who asks; kept in the trail. */
  readonly reason: string;
  /** Who asks. */
  readonly owner?: string;
}

export interface Erasure {
  readonly receipt: AuditReceipt;
  /** Commitments of the record that nobody can open any more. */
  readonly commitments: number;
  /** Openings that were there and are gone; fewer when an earlier erasure took them. */
  readonly deleted: number;
}

type Committed = { readonly commit?: unknown } | null;

const CHUNK_BYTES = 1_048_576;

/** The commitments a record makes: its arguments and its details may each hold one. */
export function commitmentsOf(record: Readonly<Record<string, unknown>>): string[] {
  const { args, details } = record as { readonly args?: Committed; readonly details?: Committed };
  const commitments: string[] = [];
  if (typeof args?.commit === "string") commitments.push(args.commit);
  if (typeof details?.commit === "string") commitments.push(details.commit);
  return commitments;
}

/** The commitments of one record. Fails with INVALID_ARGUMENT when it is not there, was pruned, or makes none. */
export async function commitmentsAt(files: TrailFiles, seq: number): Promise<string[]> {
  const line = await lineAt(files, seq);
  if (line === undefined) throw nothingToErase(`the trail has no record ${seq}`);
  const read = readCanonical(line);
  if ("reason" in read) throw nothingToErase(`the body of record ${seq} is gone or cannot be read`);
  const commitments = commitmentsOf(read.value);
  if (commitments.length > 0) return commitments;
  throw nothingToErase(`record ${seq} holds no commitment: all that was kept of the call stands in the record itself`);
}

/** The line of a record, or its leaf where the body is gone; undefined when there is no such record. */
export async function lineAt(files: TrailFiles, seq: number): Promise<string | undefined> {
  const segments = await openSegments(files);
  try {
    const segment = segments.find(({ first, last }) => first <= seq && seq <= (last ?? Number.POSITIVE_INFINITY));
    if (segment === undefined || !Number.isSafeInteger(seq)) return undefined;
    let at = segment.first;
    for await (const batch of segmentLines(segment, 0)) {
      if ("rest" in batch) return undefined;
      let from = 0;
      for (let lf = batch.bytes.indexOf(10); lf >= 0; lf = batch.bytes.indexOf(10, from)) {
        if (at === seq) return batch.bytes.toString("utf8", from, lf);
        at += 1;
        from = lf + 1;
      }
    }
    return undefined;
  } finally {
    await closeSegments(segments);
  }
}

/** How many openings of these commitments were deleted. To be called while the lock is held; the file is replaced as a whole. */
export function deleteOpenings(files: TrailFiles, commitments: ReadonlySet<string>): number {
  const facts = statSync(files.openings, { throwIfNoEntry: false });
  if (facts?.isFile() !== true || commitments.size === 0) return 0;
  const fresh = `${files.openings}.new`;
  try {
    const deleted = copyOthers(files.openings, fresh, commitments);
    if (deleted === 0) unlinkSync(fresh);
    else renameSync(fresh, files.openings);
    syncFolder(files.private);
    return deleted;
  } catch (cause) {
    throw unwritable(files.openings, cause);
  }
}

function copyOthers(from: string, to: string, commitments: ReadonlySet<string>): number {
  const source = openSync(from, "r");
  const target = openSync(to, "w", 0o600);
  let deleted = 0;
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    let carried = Buffer.alloc(0);
    for (let got = readSync(source, chunk); got > 0; got = readSync(source, chunk)) {
      const bytes = Buffer.concat([carried, chunk.subarray(0, got)]);
      let start = 0;
      for (let lf = bytes.indexOf(10); lf >= 0; lf = bytes.indexOf(10, start)) {
        const line = bytes.subarray(start, lf + 1);
        if (isOpeningOf(line, commitments)) deleted += 1;
        else writeWhole(target, line);
        start = lf + 1;
      }
      carried = Buffer.from(bytes.subarray(start));
    }
    writeWhole(target, carried);
  } finally {
    closeSync(source);
    closeSync(target);
  }
  return deleted;
}

function isOpeningOf(line: Buffer, commitments: ReadonlySet<string>): boolean {
  // `commit` is the first member of a canonical opening.
  const commit = /^\{"commit":"([0-9a-f]{64})"/.exec(line.toString("latin1", 0, 80))?.[1];
  return commit !== undefined && commitments.has(commit);
}

function writeWhole(fd: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
}

function nothingToErase(seen: string): FalcoSkillsError {
  return new FalcoSkillsError("INVALID_ARGUMENT", seen, {
    fix: "Take a record with a commit field, as search_audit shows it.",
  });
}
