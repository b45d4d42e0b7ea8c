import { realpath } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";

/** Folders that a caller may name files in, and the flag that widens them (named in the fix of a refusal). */
export interface Roots {
  readonly folders: readonly string[];
  readonly flag: string;
}

/**
 * The real path (symlinks resolved) of an existing file or folder inside one of the roots.
 * A relative path is tried in each root in turn. Fails with PATH_OUTSIDE_ROOTS, FILE_NOT_FOUND or FILE_UNREADABLE.
 */
export async function resolveInside(roots: Roots, path: string): Promise<string> {
  if (path === "" || path.includes("\0")) throw outside(roots, path);
  const folders = await realFolders(roots.folders);
  if (folders.length === 0) throw outside(roots, path);
  const candidates = isAbsolute(path) ? [resolve(path)] : folders.map((folder) => resolve(folder, path));
  let missing: unknown;
  for (const candidate of candidates) {
    try {
      const real = await realpath(candidate);
      if (folders.some((folder) => isInside(folder, real))) return real;
    } catch (error) {
      missing = error;
    }
  }
  // Only what would lie inside the roots may be said to be missing: elsewhere the answer must not tell what exists.
  if (missing !== undefined && candidates.some((candidate) => folders.some((folder) => isInside(folder, candidate)))) {
    throw unreachable(path, missing);
  }
  throw outside(roots, path);
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

async function realFolders(folders: readonly string[]): Promise<string[]> {
  const real = await Promise.all(folders.map((folder) => realpath(folder).catch(() => undefined)));
  return real.filter((folder) => folder !== undefined);
}

function outside(roots: Roots, path: string): FalcoSkillsError {
  const known =
    roots.folders.length === 0 ? "none is set" : roots.folders.map((root) => JSON.stringify(root)).join(", ");
  return new FalcoSkillsError(
    "PATH_OUTSIDE_ROOTS",
    `path ${JSON.stringify(path)} is not inside the folders this server may read (${known})`,
    {
      fix: `Start the server with ${roots.flag} and the folder that holds the file, or name a file inside one of them.`,
    },
  );
}

function unreachable(path: string, cause: unknown): FalcoSkillsError {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === "EACCES" || code === "EPERM" || code === "ELOOP") {
    return new FalcoSkillsError("FILE_UNREADABLE", `path ${JSON.stringify(path)} cannot be read (${code})`, {
      fix: "Give the user that runs the server read permission for it, or name another file.",
      cause,
    });
  }
  return new FalcoSkillsError("FILE_NOT_FOUND", `no file or folder is at ${JSON.stringify(path)}`, {
    fix: "Check the spelling; relative paths are looked up in the folders the server was given.",
    cause,
  });
}
