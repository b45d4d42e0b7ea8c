import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import type { AlertSink } from "./alert-sink.ts";
import { createOccurrences, type Occurrences } from "./count-occurrences.ts";
import { createLineSplitter, type Splitter } from "./split-lines.ts";
import { HEAD_BYTES_OF_FILE, headHash, headLength, type Place } from "./tail-state.ts";

const OCCURRENCE_WINDOW = 4096;
/** How many of the last alerts a checkpoint names. */
const RECENT = 64;
const CLOSING_BRACE = 0x7d;

/** A file on its way into the store. It stays known after it was closed, so that late writes to it are found by name. */
export interface FollowedFile {
  readonly dev: string;
  readonly ino: string;
  file: FileHandle | undefined;
  /** The file's first bytes as they were read, at most 1 KiB. */
  head: Buffer;
  readOffset: number;
  splitter: Splitter;
  occurrences: Occurrences;
  /** Modification time at the last read, and when that brought something. */
  mtimeNs: bigint;
  lastDataMs: number;
  lastByte: number;
  /** Scans in a row that did not find it by name. */
  missed: number;
}

export interface Following {
  readonly sink: AlertSink;
  readonly maxLineBytes: number;
  readonly buffer: Buffer;
}

export function followFile(
  file: FileHandle,
  stats: Pick<BigIntStats, "dev" | "ino">,
  { sink, maxLineBytes }: Following,
  nowMs: number,
  from: { readonly offset: number; readonly head: Buffer; readonly recent: Place["recent"] } | undefined,
): FollowedFile {
  const occurrences = createOccurrences(from?.recent, OCCURRENCE_WINDOW);
  const offset = from?.offset ?? 0;
  return {
    dev: String(stats.dev),
    ino: String(stats.ino),
    file,
    head: from?.head ?? Buffer.alloc(0),
    readOffset: offset,
    splitter: createLineSplitter(sink.receiver(occurrences), maxLineBytes, offset),
    occurrences,
    mtimeNs: -1n,
    lastDataMs: nowMs,
    lastByte: 0,
    missed: 0,
  };
}

/**
 * Hands the next bytes of an open file to its splitter: how many there were, 0 for none yet, or "rewritten" where the
 * file no longer continues what was read of it (copytruncate, or a tool that writes in place).
 */
export async function readNext(followed: FollowedFile, { sink, buffer }: Following): Promise<number | "rewritten"> {
  const { file } = followed;
  if (file === undefined) return 0;
  const { size, mtimeNs } = await file.stat({ bigint: true });
  if (Number(size) === followed.readOffset && mtimeNs === followed.mtimeNs) return 0;
  const { bytesRead } = await file.read(buffer, 0, buffer.length, followed.readOffset);
  // Looked at after reading: if the beginning is still the same then, the bytes between belonged to the same content.
  if (Number(size) < followed.readOffset || !(await beginsWith(file, followed.head))) return "rewritten";
  if (bytesRead === 0) {
    followed.mtimeNs = mtimeNs;
    return 0;
  }
  const bytes = buffer.subarray(0, bytesRead);
  const missing = HEAD_BYTES_OF_FILE - followed.head.length;
  if (missing > 0 && followed.head.length === followed.readOffset) {
    followed.head = Buffer.concat([followed.head, bytes.subarray(0, missing)]);
  }
  followed.readOffset += bytesRead;
  followed.lastByte = bytes[bytesRead - 1] ?? 0;
  sink.counts.bytes += bytesRead;
  followed.splitter.push(bytes);
  return bytesRead;
}

/** The content is gone from this file: it starts anew. Returns where the old content had got to. */
export function startAnew(followed: FollowedFile, { sink, maxLineBytes }: Following): Place {
  const place = placeOf(followed);
  followed.head = Buffer.alloc(0);
  followed.readOffset = 0;
  followed.occurrences = createOccurrences([], OCCURRENCE_WINDOW);
  followed.splitter = createLineSplitter(sink.receiver(followed.occurrences), maxLineBytes);
  followed.mtimeNs = -1n;
  return place;
}

/**
 * Closes a file nobody writes to. A last line without its line end is taken if it looks whole, else it stays unread: a
 * late writer may still finish it.
 */
export async function closeFollowed(followed: FollowedFile): Promise<void> {
  if (followed.lastByte === CLOSING_BRACE) followed.splitter.end();
  const { file } = followed;
  followed.file = undefined;
  await file?.close();
}

export function placeOf(followed: FollowedFile): Place {
  const { dev, ino, head, splitter, occurrences } = followed;
  const live = followed.file !== undefined;
  const { offset } = splitter;
  const recent = live ? occurrences.newest(RECENT) : [];
  return { dev, ino, offset, head: headHash(head.subarray(0, headLength(offset))), live, recent };
}

/** The file's first bytes where it still holds the content of that place, else undefined. */
export async function headAt(file: FileHandle, sizeBytes: number, place: Place): Promise<Buffer | undefined> {
  if (sizeBytes < place.offset || place.offset === 0) return undefined;
  const head = await readHead(file, headLength(place.offset));
  return headHash(head) === place.head ? head : undefined;
}

export async function readHead(file: FileHandle, length: number): Promise<Buffer> {
  const head = Buffer.alloc(length);
  const { bytesRead } = await file.read(head, 0, length, 0);
  return head.subarray(0, bytesRead);
}

async function beginsWith(file: FileHandle, head: Buffer): Promise<boolean> {
  return head.length === 0 || head.equals(await readHead(file, head.length));
}
