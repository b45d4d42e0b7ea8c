import { accessSync, constants, lstatSync, readdirSync, realpathSync, type Stats } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import type { FileFacts } from "./deployment.ts";
import { readPlain } from "./durable-files.ts";
import * as wrong from "./errors.ts";

/** A rule file larger than this is not read here. */
export const MAX_FILE_BYTES = 16 * 1024 * 1024;

const NAME = /^[a-z0-9][a-z0-9._-]{0,99}\.ya?ml$/;

/** Fails with DEPLOY_FILE_NAME for a name that is not plainly that of a rule file directly in the folder. */
export function checkName(name: string): void {
  if (!NAME.test(name)) throw wrong.fileName(name, "the name has another form");
}

/**
 * Fails unless the folder is a real one (no link on the way), belongs to root or to us, can be written by us and by
 * nobody else who could swap it or what is in it: FILE_NOT_FOUND, DEPLOY_FOLDER_UNSAFE, DEPLOY_FOLDER_NOT_WRITABLE.
 * Checked once more right before the write, since the way to a folder can be changed between two looks.
 */
export function checkRulesFolder(folder: string): void {
  if (!isAbsolute(folder) || folder.includes("\0")) throw wrong.folderUnsafe(folder, "it is no absolute path");
  const facts = lstatSync(folder, { throwIfNoEntry: false });
  if (facts === undefined) throw wrong.folderMissing(folder);
  if (facts.isSymbolicLink()) throw wrong.folderUnsafe(folder, "it is a symbolic link");
  if (!facts.isDirectory()) throw wrong.folderUnsafe(folder, "it is no folder");
  const real = realpathSync(folder);
  if (real !== resolve(folder)) throw wrong.folderUnsafe(folder, `a symbolic link is on the way; it really is ${real}`);
  checkOwners(folder, facts);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK | constants.R_OK);
  } catch (error) {
    throw wrong.folderNotWritten(folder, error);
  }
}

function checkOwners(folder: string, facts: Stats): void {
  const own = process.getuid?.();
  if (own === undefined) return;
  if ((facts.mode & 0o002) !== 0) throw wrong.folderUnsafe(folder, "everybody may write it");
  if (facts.uid !== 0 && facts.uid !== own) throw wrong.folderUnsafe(folder, `it belongs to user ${facts.uid}`);
  for (let above = dirname(folder); ; above = dirname(above)) {
    const { mode, uid } = lstatSync(above);
    // Whoever may rename a folder above could put another one in its place; in a sticky folder only owners may rename.
    const isOpen = (mode & 0o002) !== 0 && (mode & 0o1000) === 0;
    if (isOpen || (uid !== 0 && uid !== own)) {
      throw wrong.folderUnsafe(folder, `${above} may be changed by ${isOpen ? "everybody" : `user ${uid}`}`);
    }
    if (dirname(above) === above) return;
  }
}

/** What each of these names is in the folder now: "special" for a link, a folder, a device, or a file that is too large. */
export function factsIn(folder: string, names: readonly string[]): Map<string, FileFacts | "special" | undefined> {
  return new Map(
    names.map((name) => {
      const file = readPlain(join(folder, name), MAX_FILE_BYTES);
      return [name, file === "special" ? file : file?.facts];
    }),
  );
}

/** Names directly in the folder that Falco would load, in its order. */
export function ruleFileNames(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && /\.ya?ml$/.test(entry.name))
    .map(({ name }) => name)
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
