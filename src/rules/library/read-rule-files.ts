import { constants } from "node:fs";
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { RuleFile } from "../load-rules.ts";
import * as wrong from "./errors.ts";

export const MAX_RULE_FILES = 200;
const MAX_RULE_BYTES = 16 * 1024 * 1024;

export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}

export interface RuleFilesRead {
  /** In Falco's load order: the paths as named, folders expanded by name. */
  readonly files: readonly RuleFile[];
  /** What Falco would pass over without a word. */
  readonly skipped: readonly SkippedFile[];
}

export interface ReadOptions {
  /** The real path of a path, or a refusal: every file of a folder is asked for too, since it may be a link. */
  readonly locate?: (path: string) => Promise<string>;
}

/**
 * The rule files at these paths as Falco finds them: a file must end in .yaml or .yml; of a folder those directly in it,
 * in the order of their names. At most 200 files and 16 MiB together. Fails with RULES_NO_FILES, RULES_TOO_MANY_FILES,
 * FILE_TOO_LARGE, FILE_NOT_REGULAR, FILE_NOT_FOUND, FILE_UNREADABLE, RULES_FILE_NOT_TEXT and what `locate` fails with.
 */
export async function readRuleFiles(paths: readonly string[], options: ReadOptions = {}): Promise<RuleFilesRead> {
  const locate = options.locate ?? (async (path: string) => path);
  const found: string[] = [];
  const skipped: SkippedFile[] = [];
  for (const path of paths) await expand(path, locate, found, skipped);
  if (found.length > MAX_RULE_FILES) throw wrong.tooManyFiles(MAX_RULE_FILES);
  if (found.length === 0) throw wrong.noFiles(paths, skipped.length);
  const files: RuleFile[] = [];
  let bytes = 0;
  for (const path of found) {
    const read = await readText(path, await locate(path), MAX_RULE_BYTES - bytes);
    bytes += read.bytes;
    files.push({ name: path, text: read.text });
  }
  return { files, skipped };
}

async function expand(
  path: string,
  locate: (path: string) => Promise<string>,
  found: string[],
  skipped: SkippedFile[],
): Promise<void> {
  const real = await locate(path);
  const kind = await stat(real).catch((error: unknown) => Promise.reject(wrong.unreadable(path, error)));
  if (!kind.isDirectory()) {
    if (isRuleFile(path)) found.push(path);
    else skipped.push({ path, reason: "its name does not end in .yaml or .yml" });
    return;
  }
  const entries = await readdir(real, { withFileTypes: true }).catch((error: unknown) =>
    Promise.reject(wrong.unreadable(path, error)),
  );
  // Byte order, as the directory listing is sorted in Falco.
  entries.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  for (const entry of entries) {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) {
      if (!entry.name.startsWith(".")) skipped.push({ path: inside, reason: "folders inside a folder are not read" });
    } else if (isRuleFile(entry.name)) found.push(inside);
    else skipped.push({ path: inside, reason: "its name does not end in .yaml or .yml" });
  }
}

const isRuleFile = (name: string): boolean => /\.ya?ml$/.test(name);

async function readText(path: string, real: string, room: number): Promise<{ text: string; bytes: number }> {
  let handle: FileHandle | undefined;
  try {
    // Without O_NONBLOCK a FIFO would keep the process waiting for a writer.
    handle = await open(real, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const kind = await handle.stat();
    if (!kind.isFile()) throw wrong.notRegular(path);
    if (kind.size > room) throw wrong.tooLarge(path, MAX_RULE_BYTES - room + kind.size, MAX_RULE_BYTES);
    const bytes = await handle.readFile();
    if (bytes.length > room) throw wrong.tooLarge(path, MAX_RULE_BYTES - room + bytes.length, MAX_RULE_BYTES);
    return { text: decode(path, bytes), bytes: bytes.length };
  } catch (error) {
    if (error instanceof Error && "syscall" in error) throw wrong.unreadable(path, error);
    throw error;
  } finally {
    await handle?.close();
  }
}

function decode(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw wrong.notText(path);
  }
}
