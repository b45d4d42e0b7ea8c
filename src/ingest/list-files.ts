import type { Dirent } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { cannotOpen, notRegular, tooManyFiles } from "./errors.ts";
import { kindOf } from "./open-file.ts";

const MAX_DEPTH = 32;

export interface FileList {
  readonly files: readonly string[];
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

/**
 * The files that paths stand for: each path in the order given, folders as all their files sorted by path, no file twice.
 * Links are never followed. A path that is named must be a file or folder (FILE_NOT_FOUND, FILE_NOT_REGULAR); inside
 * folders everything else is passed over and told. More than `maxFiles` files fail with INGEST_TOO_MANY_FILES.
 */
export async function listFiles(paths: readonly string[], maxFiles: number): Promise<FileList> {
  const files = new Set<string>();
  const skipped: { path: string; reason: string }[] = [];

  async function walk(root: string, folder: string, depth: number): Promise<void> {
    const entries = await readEntries(folder);
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (entry.isFile()) files.add(path);
      else if (!entry.isDirectory()) skipped.push({ path, reason: kindOf(entry) });
      else if (depth === MAX_DEPTH) skipped.push({ path, reason: `a folder more than ${MAX_DEPTH} levels down` });
      else await walk(root, path, depth + 1);
      if (files.size + skipped.length > maxFiles) throw tooManyFiles(root, maxFiles);
    }
  }

  for (const path of paths) {
    const stats = await lstat(path).catch((error: NodeJS.ErrnoException) => {
      throw cannotOpen(path, error);
    });
    if (stats.isDirectory()) await walk(path, path, 0);
    else if (stats.isFile()) files.add(path);
    else throw notRegular(path, kindOf(stats));
  }
  return { files: [...files], skipped };
}

async function readEntries(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw cannotOpen(folder, error as NodeJS.ErrnoException);
  }
}
