import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  type Stats,
  writeFileSync,
} from "node:fs";
import type { FileFacts } from "./deployment.ts";

const READ = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

export interface Permissions {
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** Makes a file that must not exist yet, and comes back when the disk has all of it. */
export function writeNew(path: string, bytes: Uint8Array, { mode, uid, gid }: Permissions): void {
  const file = openSync(path, "wx", 0o600);
  try {
    writeFileSync(file, bytes);
    if (uid !== undefined && gid !== undefined) giveTo(file, uid, gid);
    // Set apart from open, which the umask cuts: a Falco under another user must be able to read its rules.
    fchmodSync(file, mode);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function giveTo(file: number, uid: number, gid: number): void {
  try {
    fchownSync(file, uid, gid);
  } catch (error) {
    // Only root may give files away; who else may replace a file may also own what replaces it.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
  }
}

/** Adds to a file and comes back when the disk has it. */
export function appendDurably(path: string, text: string): void {
  const file = openSync(path, "a", 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

export interface PlainFile {
  readonly bytes: Buffer;
  readonly facts: FileFacts;
  readonly stats: Stats;
}

/**
 * A plain file of at most that many bytes; undefined where nothing is. "special" for anything that is no plain file, a
 * symbolic link too, or is larger. Other failures of the operating system are thrown as they are.
 */
export function readPlain(path: string, maxBytes: number): PlainFile | "special" | undefined {
  let file: number;
  try {
    file = openSync(path, READ);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (code === "ELOOP" || code === "ENXIO") return "special";
    throw error;
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile() || stats.size > maxBytes) return "special";
    const bytes = readFileSync(file);
    return bytes.length > maxBytes ? "special" : { bytes, facts: factsOf(bytes), stats };
  } finally {
    closeSync(file);
  }
}

export const factsOf = (bytes: Uint8Array): FileFacts => ({ bytes: bytes.length, sha256: sha256(bytes) });

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
