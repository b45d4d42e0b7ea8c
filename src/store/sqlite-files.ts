import { existsSync, statSync } from "node:fs";
import { basename } from "node:path";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { createByteCache } from "./byte-cache.ts";
import type { Part } from "./part.ts";
import type { Driver } from "./sqlite-driver.ts";
import { onFile } from "./sqlite-errors.ts";
import { type Meta, openMeta } from "./sqlite-meta.ts";
import { type Month, openMonth } from "./sqlite-month.ts";
import {
  createFolder,
  currentFile,
  listMonthFiles,
  listSetAside,
  META,
  type MonthFile,
  monthOf,
  nextFile,
  setAsideFile,
} from "./store-files.ts";

/** The files of a store, each opened when first needed. Synchronous; fails with FalcoSkillsError. */
export interface SqliteFiles {
  readonly monthForWriting: (orderNs: bigint) => { readonly name: string; readonly month: Month };
  /** Oldest first. */
  readonly months: () => readonly OpenableMonth[];
  /** Undefined where nothing was ever written to it. */
  readonly metaForReading: () => Meta | undefined;
  readonly metaForWriting: () => Meta;
  /** Gives up a damaged file: renames it and notes why. */
  readonly setAside: (path: string, reason: string) => void;
  readonly closeAll: () => void;
}

export interface OpenableMonth extends MonthFile {
  /** Undefined where the file went away meanwhile, as one does that is moved into the archive. */
  readonly open: () => Month | undefined;
}

interface FilesOptions {
  readonly folder: string;
  readonly driver: Driver;
  readonly isReadOnly: boolean;
  readonly nowMs: () => number;
  readonly partRows: number;
}

interface OpenMonth {
  readonly inode: bigint;
  readonly month: Month;
}

/** Enough for the times and a few columns of a million alerts. */
const CACHE_BYTES = 32 * 1024 * 1024;

export function openSqliteFiles({ folder, driver, isReadOnly, nowMs, partRows }: FilesOptions): SqliteFiles {
  const months = new Map<string, OpenMonth>();
  const cache = createByteCache(CACHE_BYTES);
  let openings = 0;
  let meta: { readonly path: string; readonly file: Meta } | undefined;
  const closeMonth = (path: string): void => {
    months.get(path)?.month.close();
    months.delete(path);
  };
  const openAt = (path: string): Month => {
    const inode = statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
    const open = months.get(path);
    // Retention may have unlinked the file, or another process set it aside, while it was open here.
    if (open !== undefined && open.inode === inode) return open.month;
    closeMonth(path);
    // Shared by all months, under keys that a file which takes this one's place does not get.
    const opening = openings++;
    const month = openMonth(driver, path, {
      isReadOnly,
      partRows,
      cache: { get: (key, read) => cache.get(`${opening} ${key}`, read) },
    });
    months.set(path, { month, inode: inode ?? onFile(path, () => statSync(path, { bigint: true }).ino) });
    return month;
  };
  const closeMeta = (): void => {
    meta?.file.close();
    meta = undefined;
  };
  const openMetaFile = (): Meta => {
    const path = currentFile(folder, META);
    if (meta !== undefined && meta.path !== path) closeMeta();
    meta ??= { path, file: openMeta(driver, path, isReadOnly) };
    return meta.file;
  };
  const metaForWriting = (): Meta => {
    createFolder(folder);
    return openMetaFile();
  };
  return {
    monthForWriting: (orderNs) => {
      createFolder(folder);
      const path = currentFile(folder, monthOf(orderNs));
      const month = openAt(path);
      if (!month.isSealed()) return { name: basename(path), month };
      const next = nextFile(folder, monthOf(orderNs));
      return { name: basename(next), month: openAt(next) };
    },
    months: () => {
      const files = listMonthFiles(folder);
      // A file that was moved into the archive keeps its room on the disk for as long as it is open.
      for (const path of [...months.keys()]) if (!files.some((file) => file.path === path)) closeMonth(path);
      // Opening would make a file that is not there.
      return files.map((file) => ({ ...file, open: () => (existsSync(file.path) ? openAt(file.path) : undefined) }));
    },
    metaForReading: () => (existsSync(currentFile(folder, META)) ? openMetaFile() : undefined),
    metaForWriting,
    setAside: (path, reason) => {
      closeMonth(path);
      if (path === meta?.path) closeMeta();
      const aside = setAsideFile(path, nowMs());
      // Opened after the rename: the damaged file may have been this one.
      metaForWriting().noteSetAside(aside, reason);
    },
    closeAll: () => {
      for (const path of [...months.keys()]) closeMonth(path);
      closeMeta();
    },
  };
}

/** Runs `work` over the parts of several months, each held at one moment until it is done, and the names of their files. */
export function readMonths<Result>(
  months: readonly OpenableMonth[],
  work: (parts: readonly Part[], names: ReadonlySet<string>) => Result,
): Result {
  const gather = (at: number, gathered: readonly Part[], names: readonly string[]): Result => {
    const file = months[at];
    if (file === undefined) return work(gathered, new Set(names));
    const month = file.open();
    if (month === undefined) return gather(at + 1, gathered, names);
    return month.read((parts) => gather(at + 1, [...gathered, ...parts], [...names, file.name]));
  };
  return gather(0, [], []);
}

/** Damaged files of a store: those set aside, and those that `probe` fails on. */
export function findDamaged(
  folder: string,
  files: SqliteFiles,
  probe: (month: OpenableMonth) => void,
): { readonly path: string; readonly reason: string }[] {
  const noted = new Map<string, string>();
  const inPlace: { path: string; reason: string }[] = [];
  const attempt = (work: () => void): void => {
    try {
      work();
    } catch (thrown) {
      if (!(thrown instanceof FalcoSkillsError) || thrown.code !== "STORE_DAMAGED") throw thrown;
      inPlace.push({ path: thrown.where ?? folder, reason: thrown.message });
    }
  };
  attempt(() => {
    for (const { path, reason } of files.metaForReading()?.readSetAside() ?? []) noted.set(path, reason);
  });
  for (const month of files.months()) attempt(() => probe(month));
  const aside = listSetAside(folder).map((path) => ({ path, reason: noted.get(path) ?? "set aside as damaged" }));
  return [...aside, ...inPlace];
}
