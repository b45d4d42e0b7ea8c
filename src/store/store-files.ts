import { mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { onFile } from "./sqlite-errors.ts";

export const META_FILE = "meta.db";
const MONTH_FILE = /^alerts-(\d{4})-(\d{2})\.db$/;
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

/** Name of the file that holds alerts of this time: `alerts-2026-11.db`, months in UTC. */
export function monthFileName(orderNs: bigint): string {
  const month = new Date(Number(orderNs / 1_000_000n)).toISOString().slice(0, 7);
  return `alerts-${month}.db`;
}

/** The month files in a folder, oldest first; none where there is no folder. */
export function listMonthFiles(folder: string): readonly MonthFile[] {
  return listFolder(folder).flatMap((name) => {
    const match = MONTH_FILE.exec(name);
    if (match === null) return [];
    const [year, month] = [Number(match[1]), Number(match[2])];
    const path = join(folder, name);
    const inode = statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
    const nsAt = (index: number) => BigInt(Date.UTC(year, index)) * 1_000_000n;
    return inode === undefined ? [] : [{ name, path, fromNs: nsAt(month - 1), toNs: nsAt(month), inode }];
  });
}

/** Paths of files that were set aside, in a folder that may be missing. */
export function listSetAside(folder: string): readonly string[] {
  return listFolder(folder)
    .filter((name) => /\.db\.damaged-\d+$/.test(name))
    .map((name) => join(folder, name));
}

/** Bytes of all files of the store, set-aside ones left out. */
export function sizeOfStore(folder: string): number {
  return listFolder(folder)
    .filter((name) => /^(?:alerts-\d{4}-\d{2}|meta)\.db(?:-wal|-shm)?$/.test(name))
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
