import type { BigIntStats } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";
import * as wrong from "./errors.ts";
import { nameFault } from "./file-name.ts";
import { quote } from "./quote.ts";
import type { SkillProblem } from "./skill.ts";
import { byPath } from "./skill-digest.ts";
import { SKILL_LIMITS } from "./skill-limits.ts";

interface WalkedFile {
  /** Relative to the skill's folder, with forward slashes. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Changes whenever the file is written, replaced or renamed: inode, size and both times in nanoseconds. */
  readonly stamp: string;
}

export interface Walk {
  readonly files: readonly WalkedFile[];
  readonly faults: readonly SkillProblem[];
}

/**
 * The plain files under a skill's folder, sorted by path, and everything there that a skill may not hold.
 * Nothing is opened and no link is followed; stops at the limits of files, depth and size instead of walking on.
 */
export async function walkSkillFolder(folder: string): Promise<Walk> {
  const files: WalkedFile[] = [];
  const faults: SkillProblem[] = [];
  let entries = 0;
  let totalBytes = 0;

  async function walk(prefix: string, depth: number): Promise<void> {
    const names = await namesIn(join(folder, prefix)).catch((cause) => {
      faults.push(wrong.unreadable(prefix === "" ? "." : prefix, cause));
      return [];
    });
    faults.push(...collisions(prefix, names));
    for (const name of names.sort()) {
      entries += 1;
      if (entries === SKILL_LIMITS.files + 1) faults.push(wrong.tooManyFiles());
      if (entries > SKILL_LIMITS.files) return;
      await visit(prefix === "" ? name : `${prefix}/${name}`, name, depth);
    }
  }

  async function visit(path: string, name: string, depth: number): Promise<void> {
    const bad = nameFault(name);
    if (bad !== undefined) {
      faults.push(name.startsWith(".") ? wrong.hiddenFile(path) : wrong.fileName(path, bad));
      return;
    }
    const stats = await lstat(join(folder, path), { bigint: true }).catch((cause) => wrong.unreadable(path, cause));
    if ("code" in stats) faults.push(stats);
    else if (stats.isSymbolicLink()) faults.push(wrong.symlink(path));
    else if (depth > SKILL_LIMITS.depth) faults.push(wrong.tooDeep(path));
    else if (stats.isDirectory()) await walk(path, depth + 1);
    else if (stats.isFile()) keep(path, stats);
    else faults.push(wrong.notAFile(path));
  }

  function keep(path: string, stats: BigIntStats): void {
    const sizeBytes = Number(stats.size);
    if (totalBytes <= SKILL_LIMITS.totalBytes && totalBytes + sizeBytes > SKILL_LIMITS.totalBytes) {
      faults.push(wrong.tooLarge(path));
    }
    totalBytes += sizeBytes;
    files.push({ path, sizeBytes, stamp: [stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(":") });
  }

  await walk("", 1);
  return { files: files.sort(byPath), faults };
}

/** The names in one folder; no more of them are read than a skill may have. */
async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of await opendir(folder)) {
    names.push(name);
    if (names.length > SKILL_LIMITS.files) break;
  }
  return names;
}

/** Names that are one and the same file on systems that ignore case. */
function collisions(prefix: string, names: readonly string[]): SkillProblem[] {
  const seen = new Map<string, string>();
  const faults: SkillProblem[] = [];
  for (const name of names) {
    const folded = name.normalize("NFC").toLowerCase();
    const other = seen.get(folded);
    if (other === undefined) seen.set(folded, name);
    else faults.push(wrong.fileName(prefix === "" ? name : `${prefix}/${name}`, `is ${quote(other)} but for case`));
  }
  return faults;
}
