import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import { syncFolder } from "../../paths/write-file.ts";
import { writeNew } from "../deploy/durable-files.ts";
import * as wrong from "./errors.ts";

const MAX_BYTES = 16 * 1024 * 1024;
const READ = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Refuses a folder that somebody else could have written a yes into: a link, one that others may write, one of another
 * user. False where there is no folder yet. Fails with APPROVAL_UNSAFE.
 */
export function checkFolder(folder: string): boolean {
  const facts = lstatSync(folder, { throwIfNoEntry: false });
  if (facts === undefined) return false;
  if (!facts.isDirectory()) throw wrong.unsafe(folder, "is no folder");
  const own = process.getuid?.();
  if (own === undefined) return true;
  if ((facts.mode & 0o022) !== 0) throw wrong.unsafe(folder, "may be written by others");
  if (facts.uid !== own && facts.uid !== 0 && own !== 0) throw wrong.unsafe(folder, "belongs to another user");
  return true;
}

export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw wrong.notKept(folder, error);
  }
  checkFolder(folder);
}

/**
 * Makes a file that must not exist yet, whole or not at all and durable; false when it was there. A link is made to what
 * was written aside: of several processes that try, exactly one succeeds, and no reader sees half a file.
 */
export function writeOnce(folder: string, name: string, text: string, temporary: string): boolean {
  const aside = join(folder, temporary);
  try {
    // A decision made as root must stay readable for the server whose home it is.
    const { uid, gid } = lstatSync(folder);
    writeNew(aside, Buffer.from(text), process.getuid?.() === 0 ? { mode: 0o600, uid, gid } : { mode: 0o600 });
    linkSync(aside, join(folder, name));
    syncFolder(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw wrong.notKept(folder, error);
  } finally {
    remove(aside);
  }
}

/** The text of a plain file; undefined when there is none. Fails with APPROVAL_DAMAGED. */
export function readKept(folder: string, name: string, id: string): string | undefined {
  let file: number;
  try {
    file = openSync(join(folder, name), READ);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw wrong.damaged(id, `${name} cannot be read (${code ?? "unexpected failure"})`, error);
  }
  try {
    const facts = fstatSync(file);
    if (!facts.isFile()) throw wrong.damaged(id, `${name} is no plain file`);
    if (facts.size > MAX_BYTES) throw wrong.damaged(id, `${name} has ${facts.size} bytes`);
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}

export function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Never made, or gone already.
  }
}

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
