import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { quarantineUnusable } from "./errors.ts";
import { HEAD_BYTES } from "./split-lines.ts";

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

export interface QuarantineOptions {
  /** `<home>/quarantine`; created at the first rejected line. */
  readonly folder: string;
  readonly nowMs: () => number;
  /** Size at which `rejected.jsonl` becomes `rejected.1.jsonl`; 8 MiB. Twice this is all the disk it takes. */
  readonly maxFileBytes?: number;
}

const MAX_FILE_BYTES = 8 * 1024 * 1024;
/** A lock older than this was left behind by a process that died: rotating takes milliseconds. */
const STALE_LOCK_MS = 30_000;

/**
 * A quarantine in `rejected.jsonl`: one JSON object a line, {source, line, byteOffset?, reason, detail, receivedAt,
 * lengthBytes, sha256, text} or base64 instead of text where the bytes are no plain text. A reading that is cut off and
 * repeated records its lines again. Adding fails with DISK_FULL or INGEST_QUARANTINE_UNUSABLE.
 */
export function openQuarantine({ folder, nowMs, maxFileBytes = MAX_FILE_BYTES }: QuarantineOptions): Quarantine {
  const current = join(folder, "rejected.jsonl");
  const previous = join(folder, "rejected.1.jsonl");
  const counter = join(folder, "dropped.json");
  const lock = join(folder, "rejected.lock");

  async function append(text: string): Promise<number> {
    // Opened for each batch: another process may have rotated the file meanwhile. One write with O_APPEND never mixes.
    const file = await openAppending(current, folder);
    try {
      await file.write(text);
      return (await file.stat()).size;
    } finally {
      await file.close();
    }
  }

  async function rotate(): Promise<void> {
    if (!(await acquire(lock, nowMs))) return;
    try {
      if ((await sizeOf(current)) < maxFileBytes) return;
      const dropped = (await readDropped(counter)) + (await countLines(previous));
      await writeFile(`${counter}.new`, JSON.stringify({ dropped }), { mode: 0o600 });
      await rename(`${counter}.new`, counter);
      await rename(current, previous);
    } finally {
      await rm(lock, { force: true });
    }
  }

  return {
    async add(lines) {
      const receivedAt = new Date(nowMs()).toISOString();
      try {
        for (const text of groups(lines, receivedAt, Math.min(maxFileBytes, 1024 * 1024))) {
          if ((await append(text)) >= maxFileBytes) await rotate();
        }
      } catch (error) {
        throw error instanceof FalcoSkillsError ? error : quarantineUnusable(current, error as NodeJS.ErrnoException);
      }
    },
    async status() {
      const kept = (await countLines(previous)) + (await countLines(current));
      const bytes = (await sizeOf(previous)) + (await sizeOf(current));
      return { path: current, kept, dropped: await readDropped(counter), bytes };
    },
  };
}

/** The lines as text, in groups small enough that a batch of many rejected lines cannot overshoot the file's size by much. */
function* groups(lines: readonly RejectedLine[], receivedAt: string, groupChars: number): Generator<string> {
  let text = "";
  for (const line of lines) {
    text += `${record(line, receivedAt)}\n`;
    if (text.length < groupChars) continue;
    yield text;
    text = "";
  }
  if (text !== "") yield text;
}

function record({ head, ...line }: RejectedLine, receivedAt: string): string {
  const kept = Buffer.from(head.subarray(0, HEAD_BYTES));
  const text = kept.toString("utf8");
  // A character cut at the limit is no reason to call the line binary.
  const plain = !text.slice(0, -1).includes("\ufffd") && !text.includes("\0");
  return JSON.stringify({ ...line, receivedAt, ...(plain ? { text: text } : { base64: kept.toString("base64") }) });
}

async function openAppending(path: string, folder: string): Promise<FileHandle> {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);
  try {
    return await open(path, flags, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return await open(path, flags, 0o600);
  }
}

/** Takes the lock if nobody holds it. Who does not get it just goes on: the holder is rotating already. */
async function acquire(lock: string, nowMs: () => number): Promise<boolean> {
  try {
    await (await open(lock, "wx", 0o600)).close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const held = await stat(lock).catch(() => undefined);
    if (held !== undefined && nowMs() - held.mtimeMs > STALE_LOCK_MS) await rm(lock, { force: true });
    return false;
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

async function countLines(path: string): Promise<number> {
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  let count = 0;
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) count += 1;
  return count;
}

async function readDropped(counter: string): Promise<number> {
  try {
    const { dropped } = JSON.parse(await readFile(counter, "utf8")) as { dropped?: unknown };
    return typeof dropped === "number" && Number.isSafeInteger(dropped) && dropped >= 0 ? dropped : 0;
  } catch {
    return 0;
  }
}
