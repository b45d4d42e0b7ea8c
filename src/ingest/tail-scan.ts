import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { rotatedAway } from "./errors.ts";
import {
  closeFollowed,
  type FollowedFile,
  type Following,
  followFile,
  headAt,
  placeOf,
  readHead,
} from "./followed-file.ts";
import { openRegularFile } from "./open-file.ts";
import { listSiblings } from "./tail-siblings.ts";
import { headHash, headLength, type Place } from "./tail-state.ts";

/** A place whose file is not open: read to the end, or still to be found. */
export interface KnownPlace {
  readonly place: Place;
  /** The size at which there was nothing whole left to read. */
  readonly readSize: number;
  /** Scans in a row in which no file held it. */
  missed: number;
}

/** Everything a tail knows: files it holds open, and places in files it does not. */
export interface TailFiles {
  readonly path: string;
  open: FollowedFile[];
  known: KnownPlace[];
  /** The open file that has the log's name, or had it last. */
  current: FollowedFile | undefined;
}

/** A content that no file held in this many scans is given up: one scan can miss a file that is being renamed. */
const GIVE_UP_AFTER = 2;

interface Found {
  readonly path: string;
  readonly file: FileHandle;
  readonly stats: BigIntStats;
  readonly rotated: boolean;
}

/**
 * Opens every file at or beside the log's path that holds something unread: the log itself, files it was renamed or
 * copied to, rotated files that were never seen. Returns what went wrong on the way.
 */
export async function scanFiles(files: TailFiles, following: Following, nowMs: number): Promise<FalcoSkillsError[]> {
  const problems: FalcoSkillsError[] = [];
  const seen = new Set<KnownPlace>();
  const candidates = [{ path: files.path, rotated: true }, ...(await listSiblings(files.path))];
  const unknown: typeof candidates = [];

  // First everything that is what it was, by inode and content; only what is left may be a copy or a new file.
  for (const candidate of candidates) {
    const recognised = await visit(candidate, files.path, problems, (found) =>
      recognise(found, files, seen, following, nowMs),
    );
    if (recognised === "unknown") unknown.push(candidate);
  }
  for (const candidate of unknown) {
    await visit(candidate, files.path, problems, (found) => takeUp(found, files, seen, following, nowMs));
  }
  for (const known of files.known) {
    known.missed = seen.has(known) ? 0 : known.missed + 1;
    if (known.missed === GIVE_UP_AFTER && known.place.live) problems.push(rotatedAway(files.path, known.place.offset));
  }
  files.known = files.known.filter(({ missed }) => missed < GIVE_UP_AFTER);
  return problems;
}

/** The rotated files that were there before the first start, as read: they are not ours to read. */
export async function passOverOlder(path: string): Promise<KnownPlace[]> {
  const known: KnownPlace[] = [];
  for (const sibling of await listSiblings(path)) {
    if (!sibling.rotated) continue;
    await visit(sibling, path, [], async ({ file, stats }) => {
      const offset = Number(stats.size);
      const head = headHash(await readHead(file, headLength(offset)));
      const place = { dev: String(stats.dev), ino: String(stats.ino), offset, head, live: false, recent: [] };
      if (offset > 0) known.push({ place, readSize: offset, missed: 0 });
      return "done";
    });
  }
  return known;
}

export async function closeIdle(files: TailFiles, followed: FollowedFile): Promise<void> {
  files.open = files.open.filter((other) => other !== followed);
  await closeFollowed(followed);
  const place = placeOf(followed);
  if (place.offset > 0) files.known.push({ place, readSize: followed.readOffset, missed: 0 });
}

type Visit = "kept" | "done" | "unknown";

/** Opens a candidate for `look`, and closes it again unless the file was kept. */
async function visit(
  candidate: { readonly path: string; readonly rotated: boolean },
  logPath: string,
  problems: FalcoSkillsError[],
  look: (found: Found) => Promise<Visit>,
): Promise<Visit> {
  const isLog = candidate.path === logPath;
  let file: FileHandle;
  try {
    ({ file } = await openRegularFile(candidate.path, isLog));
  } catch (error) {
    // A file that is gone by now was renamed and is met under its next name; only the log itself is worth a word.
    if (isLog && error instanceof FalcoSkillsError && error.code !== "FILE_NOT_FOUND") problems.push(error);
    return "done";
  }
  let result: Visit = "done";
  try {
    result = await look({ ...candidate, file, stats: await file.stat({ bigint: true }) });
    return result;
  } finally {
    if (result !== "kept") await file.close();
  }
}

async function recognise(
  found: Found,
  files: TailFiles,
  seen: Set<KnownPlace>,
  following: Following,
  nowMs: number,
): Promise<Visit> {
  const { dev, ino, size } = found.stats;
  const same = (other: { readonly dev: string; readonly ino: string }) =>
    other.dev === String(dev) && other.ino === String(ino);
  const open = files.open.find(same);
  if (open !== undefined) {
    if (found.path === files.path) files.current = open;
    return "done";
  }
  for (const known of files.known) {
    if (!same(known.place)) continue;
    const head = await headAt(found.file, Number(size), known.place);
    if (head === undefined) continue;
    seen.add(known);
    const isLog = found.path === files.path;
    if (!isLog && (Number(size) === known.place.offset || Number(size) === known.readSize)) return "done";
    return goOn(found, files, known, head, following, nowMs);
  }
  return "unknown";
}

/** Decides about a file whose inode and content together are new. */
async function takeUp(
  found: Found,
  files: TailFiles,
  seen: Set<KnownPlace>,
  following: Following,
  nowMs: number,
): Promise<Visit> {
  const isLog = found.path === files.path;
  for (const known of files.known) {
    const head = await headAt(found.file, Number(found.stats.size), known.place);
    if (head === undefined) continue;
    // A copy of something that is still where it was says nothing new.
    if (seen.has(known)) {
      if (isLog) break;
      return "done";
    }
    return goOn(found, files, known, head, following, nowMs);
  }
  if (!isLog && (!found.rotated || (await isCopyOfOpen(found, files)))) return "done";
  const followed = followFile(found.file, found.stats, following, nowMs, undefined);
  files.open.push(followed);
  if (isLog) files.current = followed;
  return "kept";
}

/** Reads on in a file that holds the content of a known place. */
function goOn(
  found: Found,
  files: TailFiles,
  known: KnownPlace,
  head: Buffer,
  following: Following,
  nowMs: number,
): Visit {
  const { offset, recent } = known.place;
  const followed = followFile(found.file, found.stats, following, nowMs, { offset, head, recent });
  files.open.push(followed);
  files.known = files.known.filter((other) => other !== known);
  if (found.path === files.path) files.current = followed;
  return "kept";
}

/** True for the copy that copytruncate is about to make way for: its original is still being read. */
async function isCopyOfOpen({ file, stats }: Found, files: TailFiles): Promise<boolean> {
  for (const followed of files.open) {
    if ((await headAt(file, Number(stats.size), placeOf(followed))) !== undefined) return true;
  }
  return false;
}
