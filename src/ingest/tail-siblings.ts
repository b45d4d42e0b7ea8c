import { readdir } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";

export interface Sibling {
  readonly path: string;
  /** Whether the name is one that rotation gives: such a file is read even if its content was never seen before. */
  readonly rotated: boolean;
}

const MAX_SIBLINGS = 1000;
const COMPRESSED = /\.(?:gz|bz2|xz|zst|lz4|zip|tmp|swp)$/;
/** `falco.log.1`, `falco.log-20261122`, `falco.log.2026-11-22T10:00`, `falco.log.old`. */
const ROTATION = /^[._-]?(?:[0-9][0-9TZ:._-]*|old|bak)$/;

/**
 * Files beside a log that rotation may have made of it, newest name last: everything whose name goes on where the log's
 * ends, and names with the rotation before the extension (`falco-20261122.log`). Compressed ones are left out.
 */
export async function listSiblings(path: string): Promise<readonly Sibling[]> {
  const folder = dirname(path);
  const base = basename(path);
  const extension = extname(base);
  const stem = base.slice(0, base.length - extension.length);
  const names = await readdir(folder).catch(() => [] as string[]);
  const siblings: Sibling[] = [];
  for (const name of names.sort()) {
    if (name === base || COMPRESSED.test(name)) continue;
    const rotated = ROTATION.test(suffixOf(name, base, "")) || ROTATION.test(suffixOf(name, stem, extension));
    if (rotated || name.startsWith(base)) siblings.push({ path: join(folder, name), rotated });
    if (siblings.length === MAX_SIBLINGS) break;
  }
  return siblings;
}

/** What stands between `before` and `after` in a name; empty, which no rotation gives, where the name is another. */
function suffixOf(name: string, before: string, after: string): string {
  const fits = name.startsWith(before) && name.endsWith(after) && name.length > before.length + after.length;
  return fits ? name.slice(before.length, name.length - after.length) : "";
}
