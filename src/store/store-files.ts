import { mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { coldFolder } from "./cold/cold-files.ts";
import { readManifest } from "./cold/manifest.ts";
import { onFile } from "./sqlite-errors.ts";

const STORE_FILE = /^(alerts-(\d{4})-(\d{2})|meta)(?:\.(\d{1,6}))?\.db$/;
const ASIDE_FILE = /^(alerts-\d{4}-\d{2}|meta)(?:\.(\d{1,6}))?\.db\.damaged-\d+$/;
/** What SQLite keeps beside a file while it is open. */
const COMPANIONS = ["", "-wal", "-shm"];

export interface MonthFile {
  readonly name: string;
  readonly path: string;
  /** Inclusive. */
  readonly fromNs: bigint;
  /** Exclusive. */
  readonly toNs: bigint;
  /** Tells a file from another that took its place. */
  readonly inode: bigint;
}

/** What the names of the files begin with that hold alerts of this time: `alerts-2026-11`, months in UTC. */
export function monthOf(orderNs: bigint): string {
  return `alerts-${new Date(Number(orderNs / 1_000_000n)).toISOString().slice(0, 7)}`;
}

/** The month in a name or the beginning of one: `2026-11` of `alerts-2026-11.1.db`. */
export function monthIn(name: string): string {
  return name.slice("alerts-".length, "alerts-2026-11".length);
}

export const META = "meta";

/**
 * Path of the file to use for a month or for `meta`: the one there is, else a new one. A name that was set aside or moved
 * into the archive is not used again (`alerts-2026-11.1.db` follows `alerts-2026-11.db`), because SQLite deletes a log by
 * its name, so a process that closes the old file later would delete the log of the new one.
 */
export function currentFile(folder: string, base: string): string {
  const live = generationsOf(listFolder(folder), STORE_FILE, base);
  return live.length > 0 ? fileOf(folder, base, Math.max(...live)) : nextFile(folder, base);
}

/** Path of a file for a month or for `meta` whose name was never used. */
export function nextFile(folder: string, base: string): string {
  const names = [...listFolder(folder), ...readManifest(coldFolder(folder)).sources];
  const used = [STORE_FILE, ASIDE_FILE].flatMap((pattern) => generationsOf(names, pattern, base));
  return fileOf(folder, base, Math.max(-1, ...used) + 1);
}

/** How often the name of a month's file was used before: 0 for `alerts-2026-11.db`, 1 for `alerts-2026-11.1.db`. */
export function generationOf(name: string): number {
  return Number(STORE_FILE.exec(name)?.[4] ?? 0);
}

function fileOf(folder: string, base: string, generation: number): string {
  return join(folder, generation === 0 ? `${base}.db` : `${base}.${generation}.db`);
}

function generationsOf(names: readonly string[], pattern: RegExp, base: string): number[] {
  return names.flatMap((name) => {
    const match = pattern.exec(name);
    return match?.[1] === base ? [Number(match.at(-1) ?? 0)] : [];
  });
}

/** The month files in a folder, oldest first; none where there is no folder. */
export function listMonthFiles(folder: string): readonly MonthFile[] {
  return listFolder(folder).flatMap((name) => {
    const match = STORE_FILE.exec(name);
    if (match?.[2] === undefined) return [];
    const [year, month] = [Number(match[2]), Number(match[3])];
    const path = join(folder, name);
    const inode = statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
    const nsAt = (index: number) => BigInt(Date.UTC(year, index)) * 1_000_000n;
    return inode === undefined ? [] : [{ name, path, fromNs: nsAt(month - 1), toNs: nsAt(month), inode }];
  });
}

/** Paths of files that were set aside, in a folder that may be missing. */
export function listSetAside(folder: string): readonly string[] {
  return listFolder(folder)
    .filter((name) => ASIDE_FILE.test(name))
    .map((name) => join(folder, name));
}

/** Bytes of all files of the store, set-aside ones left out. */
export function sizeOfStore(folder: string): number {
  return listFolder(folder)
    .filter((name) => STORE_FILE.test(name.replace(/-(?:wal|shm)$/, "")))
    .reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** Creates the folder, readable for its owner alone. Fails with HOME_NOT_WRITABLE and DISK_FULL. */
export function createFolder(folder: string): void {
  onFile(folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
}

/** Renames a damaged file and what lies beside it; returns the new path. */
export function setAsideFile(path: string, nowMs: number): string {
  const aside = `${path}.damaged-${Math.trunc(nowMs)}`;
  onFile(path, () => {
    for (const suffix of COMPANIONS) {
      if (statSync(path + suffix, { throwIfNoEntry: false })) renameSync(path + suffix, aside + suffix);
    }
  });
  return aside;
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (thrown) {
    // No folder yet, or a file where the folder would be: nothing is stored there, and only a write has to complain.
    if (["ENOENT", "ENOTDIR"].includes((thrown as NodeJS.ErrnoException).code ?? "")) return [];
    throw thrown;
  }
}
