import { rmSync, statSync } from "node:fs";
import { syncFolder } from "../../paths/write-file.ts";
import { createByteCache } from "../byte-cache.ts";
import type { Driver } from "../sqlite-driver.ts";
import { onFile } from "../sqlite-errors.ts";
import { type FrozenMonth, openMonth } from "../sqlite-month.ts";
import { generationOf, type MonthFile, monthIn } from "../store-files.ts";
import { linesName } from "./cold-files.ts";
import { appendManifest, type ColdFile, readManifest } from "./manifest.ts";
import { monthRows } from "./month-rows.ts";
import { dayOf, feedOf, readBack, writeSegment } from "./write-segment.ts";

/** What moving a month needs. */
export interface SealWork {
  readonly storeFolder: string;
  readonly folder: string;
  readonly driver: Driver;
  readonly nowMs: number;
  readonly signal?: AbortSignal;
  readonly onAlerts: (alerts: number) => void;
}

export interface Sealed {
  readonly alerts: number;
  readonly bytes: number;
}

/** What a month's file says before it is moved. */
export interface MonthAge {
  readonly alerts: number;
  /** When the last of its alerts was received; 0 where it has none. */
  readonly lastReceivedMs: number;
  readonly isSealed: boolean;
}

const CACHE_BYTES = 16 * 1024 * 1024;

/** Opens a month with a connection of its own, so that whoever else has it open notices nothing. */
export function openAside(driver: Driver, path: string) {
  return openMonth(driver, path, { isReadOnly: false, partRows: 1, cache: createByteCache(CACHE_BYTES) });
}

export function ageOf(driver: Driver, path: string): MonthAge {
  const month = openAside(driver, path);
  try {
    const isSealed = month.isSealed();
    return month.read((parts) => {
      let alerts = 0;
      let lastReceivedMs = 0;
      for (const part of parts) {
        alerts += part.rows;
        for (const text of part.column("received")?.texts() ?? [])
          lastReceivedMs = Math.max(lastReceivedMs, Number(text));
      }
      return { alerts, lastReceivedMs, isSealed };
    });
  } finally {
    month.close();
  }
}

/**
 * Copies a month's alerts into the archive, reads the copies back, notes them in the manifest and only then removes the
 * month's file, which is the moment from which the archive answers for it. Stopped anywhere before that, the file still
 * holds everything. Undefined, and nothing changed, where somebody wrote to the month meanwhile. Fails with STORE_DAMAGED,
 * COLD_DAMAGED, DISK_FULL, HOME_NOT_WRITABLE and CANCELLED.
 */
export async function sealMonth(file: MonthFile, work: SealWork): Promise<Sealed | undefined> {
  const { folder, storeFolder, driver, nowMs, signal } = work;
  const monthName = monthIn(file.name);
  const month = openAside(driver, file.path);
  let files: readonly ColdFile[];
  try {
    const frozen = month.freeze();
    try {
      files = await writeMonth(monthName, file, frozen, work);
    } finally {
      frozen.release();
    }
    if (signal?.aborted === true) return undefined;
    const alerts = files.reduce((sum, one) => sum + one.alerts, 0);
    const isSealed = frozen.seal(() => {
      appendManifest(folder, [
        ...files.map((one) => ({ kind: "file" as const, from: file.name, ...one })),
        { kind: "sealed", from: file.name, month: monthName, files: files.length, alerts, atMs: nowMs },
      ]);
    });
    if (!isSealed) return undefined;
  } finally {
    month.close();
  }
  removeMonth(storeFolder, file.path);
  return {
    alerts: files.reduce((sum, one) => sum + one.alerts, 0),
    bytes: files.reduce((sum, { bytes, rows, ids }) => sum + bytes + rows.bytes + ids.bytes, 0),
  };
}

/**
 * Removes a month's file that was sealed but is still there, because the power went in between. Reads its copies again
 * first. Fails as `sealMonth` does.
 */
export async function finishSeal(file: MonthFile, { folder, storeFolder, signal }: SealWork): Promise<void> {
  const seal = readManifest(folder).seals.find(({ from }) => from === file.name);
  for (const one of seal?.files ?? []) await readBack(folder, one, signal);
  removeMonth(storeFolder, file.path);
}

/** Removes a month's file with what SQLite keeps beside it. */
export function removeMonth(storeFolder: string, path: string): void {
  onFile(path, () => {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
    syncFolder(storeFolder);
  });
}

/** Bytes of a month's file with its log. */
export function sizeOfMonth(path: string): number {
  return ["", "-wal"].reduce((sum, suffix) => sum + (statSync(path + suffix, { throwIfNoEntry: false })?.size ?? 0), 0);
}

async function writeMonth(
  month: string,
  file: MonthFile,
  frozen: FrozenMonth,
  { folder, signal, onAlerts }: SealWork,
): Promise<ColdFile[]> {
  const feed = feedOf(monthRows(frozen.parts, frozen));
  const files: ColdFile[] = [];
  let [day, piece] = ["", 0];
  for (let row = feed.peek(); row !== undefined; row = feed.peek()) {
    const next = dayOf(row.orderNs);
    piece = next === day ? piece + 1 : 0;
    day = next;
    const name = linesName(day, generationOf(file.name), piece);
    const options = { month, name, onRows: onAlerts, ...(signal === undefined ? {} : { signal }) };
    files.push(await writeSegment(folder, feed, options));
  }
  return files;
}
