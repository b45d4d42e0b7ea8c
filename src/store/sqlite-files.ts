import { existsSync, statSync } from "node:fs";
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
  setAsideFile,
} from "./store-files.ts";

/** The files of a store, each opened when first needed. Synchronous; fails with FalcoSkillsError. */
export interface SqliteFiles {
  readonly monthForWriting: (orderNs: bigint) => Month;
  /** Months that overlap a window, oldest first. */
  readonly monthsBetween: (fromNs: bigint | undefined, toNs: bigint | undefined) => readonly OpenableMonth[];
  /** Undefined where nothing was ever written to it. */
  readonly metaForReading: () => Meta | undefined;
  readonly metaForWriting: () => Meta;
  /** Gives up a damaged file: renames it and notes why. */
  readonly setAside: (path: string, reason: string) => void;
  readonly closeAll: () => void;
}

export interface OpenableMonth extends MonthFile {
  readonly open: () => Month;
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
      return openAt(currentFile(folder, monthOf(orderNs)));
    },
    monthsBetween: (fromNs, toNs) =>
      listMonthFiles(folder)
        .filter((file) => (fromNs === undefined || file.toNs > fromNs) && (toNs === undefined || file.fromNs < toNs))
        .map((file) => ({ ...file, open: () => openAt(file.path) })),
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

/** Runs `work` over the parts of several months, each held at one moment until it is done. */
export function readMonths<Result>(
  months: readonly OpenableMonth[],
  work: (parts: readonly Part[]) => Result,
  gathered: readonly Part[] = [],
): Result {
  const [first, ...rest] = months;
  if (first === undefined) return work(gathered);
  return first.open().read((parts) => readMonths(rest, work, [...gathered, ...parts]));
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
  for (const month of files.monthsBetween(undefined, undefined)) attempt(() => probe(month));
  const aside = listSetAside(folder).map((path) => ({ path, reason: noted.get(path) ?? "set aside as damaged" }));
  return [...aside, ...inPlace];
}
