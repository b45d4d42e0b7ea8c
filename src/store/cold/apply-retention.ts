import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { replaceFile, syncFolder } from "../../paths/write-file.ts";
import { monthsBefore, type Span } from "../../retention/retention-settings.ts";
import type { ColdFault } from "../alert-store.ts";
import { type Driver, type DriverName, loadDriver } from "../sqlite-driver.ts";
import { onFile } from "../sqlite-errors.ts";
import { listMonthFiles, type MonthFile, monthIn } from "../store-files.ts";
import { openArchive } from "./archive.ts";
import { coldFolder, idsName, listCold, rowsName } from "./cold-files.ts";
import { appendManifest, type ColdFile, manifestPath, readManifest, type Seal } from "./manifest.ts";
import { ageOf, finishSeal, type MonthAge, removeMonth, type SealWork, sealMonth, sizeOfMonth } from "./seal-month.ts";
import { cancelled } from "./segment-reader.ts";

export interface ApplyRetentionOptions {
  /** The folder of the alert store. */
  readonly folder: string;
  /** How long alerts are kept. */
  readonly span: Span;
  /** Name of the setting that the limits come from, kept with what is deleted: a preset or `own`. */
  readonly setting: string;
  readonly nowMs: number;
  readonly driver?: DriverName;
  /** Says what would be done and does nothing. */
  readonly isDryRun?: boolean;
  /** Stops between two pieces with CANCELLED; months that are finished stay finished. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RetentionProgress) => void;
}

export interface RetentionProgress {
  readonly month: string;
  readonly doing: "writing" | "checking" | "deleting";
  readonly alerts: number;
  readonly totalAlerts: number;
}

export interface MovedMonth {
  /** In UTC: `2025-09`. */
  readonly month: string;
  readonly alerts: number;
  /** Of the month's file at hand. */
  readonly bytesBefore: number;
  /** Of its files in the archive; absent in a dry run. */
  readonly bytesAfter?: number;
}

export interface DeletedMonth {
  readonly month: string;
  readonly alerts: number;
  readonly bytes: number;
}

export interface WaitingMonth {
  readonly month: string;
  readonly reason: string;
}

export interface RetentionReport {
  readonly isDryRun: boolean;
  readonly moved: readonly MovedMonth[];
  readonly deleted: readonly DeletedMonth[];
  /** Months that are old enough but stay for now, with the reason. */
  readonly waiting: readonly WaitingMonth[];
  readonly faults: readonly ColdFault[];
  /** SHA-256 of the archive's manifest afterwards, for the audit trail; absent where there is none. */
  readonly manifestSha256?: string;
}

/**
 * A month into which something was received lately stays at hand however old its alerts are: somebody who replays an
 * old capture, or imports the logs of an old incident, is working on it.
 */
export const REST_MS = 30 * 86_400_000;
/** How often a background application makes sense. */
const DAY_MS = 86_400_000;
/** Attempts at a month that is written to meanwhile. */
const ATTEMPTS = 3;

/**
 * Moves months whose alerts are all older than the limit at hand into the archive, then deletes months of the archive that
 * are older than the limit in all, by their alerts' times and by when they were received; what was deleted stays on
 * record. Gives way to everything else every few milliseconds. Only one process at a time: fails with RETENTION_BUSY, and
 * with COLD_MANIFEST where the archive's manifest was cut or changed, STORE_DRIVER_MISSING, DISK_FULL, HOME_NOT_WRITABLE
 * and CANCELLED. Damaged months stay where they are and are told under `waiting`.
 */
export async function applyRetention(options: ApplyRetentionOptions): Promise<RetentionReport> {
  const { folder: storeFolder, isDryRun = false, nowMs } = options;
  const driver = await loadDriver(options.driver);
  const folder = coldFolder(storeFolder);
  if (isDryRun) return plan(options, driver);
  if (!existsSync(storeFolder)) return { isDryRun, moved: [], deleted: [], waiting: [], faults: [] };
  return alone(driver, folder, async () => {
    refuseDamagedManifest(storeFolder);
    sweep(folder);
    const { moved, waiting } = await moveMonths(options, driver);
    const deleted = deleteMonths(options);
    replaceFile(join(folder, APPLIED), `${JSON.stringify({ at_ms: nowMs })}\n`, "durable");
    syncFolder(folder);
    return { isDryRun, moved, deleted, waiting, faults: [], ...manifestHash(folder) };
  });
}

const APPLIED = "applied.json";

/** True where retention was not applied to a store within a day. */
export function isRetentionDue(storeFolder: string, nowMs: number): boolean {
  try {
    const applied: unknown = JSON.parse(readFileSync(join(coldFolder(storeFolder), APPLIED), "utf8"));
    const atMs = (applied as { readonly at_ms?: unknown }).at_ms;
    return typeof atMs !== "number" || atMs > nowMs || nowMs - atMs >= DAY_MS;
  } catch {
    return true;
  }
}

/** Runs `work` while no other process does the same; the system ends the lock with the process. */
async function alone<Result>(driver: Driver, folder: string, work: () => Promise<Result>): Promise<Result> {
  const path = join(folder, "lock.db");
  const db = onFile(path, () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return driver.open(path, { readOnly: false });
  });
  try {
    onFile(path, () => db.exec("pragma busy_timeout=0; begin exclusive"));
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof FalcoSkillsError) || thrown.code !== "STORE_BUSY" || thrown.where !== path) throw thrown;
    throw new FalcoSkillsError("RETENTION_BUSY", "another process is applying retention to this store", {
      fix: "Wait until it is done, then repeat falco-skills retention apply.",
      where: path,
      cause: thrown,
    });
  } finally {
    db.close();
  }
}

function refuseDamagedManifest(storeFolder: string): void {
  const namesAtHand = new Set(listMonthFiles(storeFolder).map(({ name }) => name));
  const fault = openArchive(storeFolder).view(namesAtHand).faults[0];
  if (fault === undefined) return;
  throw new FalcoSkillsError("COLD_MANIFEST", fault.message, {
    fix: "Restore the manifest from a backup, or move the archive's folder away and ingest its .jsonl.gz files again.",
    where: fault.path,
  });
}

/** Removes what an interrupted application left: half files, and files of months that were deleted. */
function sweep(folder: string): void {
  const gone = readManifest(folder).tombstones.flatMap(({ files }) => files.flatMap(({ name }) => namesOf(name)));
  const names = new Set([...listCold(folder).filter((name) => name.endsWith(".tmp")), ...gone]);
  for (const name of names) onFile(folder, () => rmSync(join(folder, name), { force: true }));
}

const namesOf = (lines: string): readonly string[] => [lines, rowsName(lines), idsName(lines)];

/** A month that is old enough, and why it stays if it does. */
interface Candidate {
  readonly file: MonthFile;
  readonly month: string;
  readonly age: MonthAge | undefined;
  readonly stays: string | undefined;
}

function candidates({ folder, span, nowMs }: ApplyRetentionOptions, driver: Driver): Candidate[] {
  const limitNs = BigInt(monthsBefore(nowMs, span.atHandMonths)) * 1_000_000n;
  return listMonthFiles(folder)
    .filter(({ toNs }) => toNs <= limitNs)
    .map((file) => {
      const month = monthIn(file.name);
      try {
        const age = ageOf(driver, file.path);
        const restsAt = age.lastReceivedMs + REST_MS;
        const isAwake = !age.isSealed && age.alerts > 0 && restsAt > nowMs;
        const until = new Date(restsAt).toISOString().slice(0, 10);
        return {
          file,
          month,
          age,
          stays: isAwake ? `alerts of it were received lately: it moves after ${until}` : undefined,
        };
      } catch (thrown) {
        return { file, month, age: undefined, stays: reasonOf(thrown) };
      }
    });
}

/** Why a month cannot be read; anything that is no fault of the month goes up. */
function reasonOf(thrown: unknown): string {
  const codes = ["STORE_DAMAGED", "STORE_VERSION", "STORE_BUSY", "COLD_DAMAGED"];
  if (!(thrown instanceof FalcoSkillsError) || !codes.includes(thrown.code)) throw thrown;
  return `${thrown.code}: ${thrown.message}`;
}

async function moveMonths(
  options: ApplyRetentionOptions,
  driver: Driver,
): Promise<Pick<RetentionReport, "moved" | "waiting">> {
  const all = candidates(options, driver);
  const totalAlerts = all.reduce((sum, { age, stays }) => sum + (stays === undefined ? (age?.alerts ?? 0) : 0), 0);
  const moved: MovedMonth[] = [];
  const waiting: WaitingMonth[] = [];
  let done = 0;
  for (const { file, month, age, stays } of all) {
    if (options.signal?.aborted === true) throw cancelled();
    if (stays !== undefined || age === undefined) {
      waiting.push({ month, reason: stays ?? "" });
      continue;
    }
    const work: SealWork = {
      storeFolder: options.folder,
      folder: coldFolder(options.folder),
      driver,
      nowMs: options.nowMs,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      onAlerts: (alerts) => {
        done += alerts;
        options.onProgress?.({ month, doing: "writing", alerts: done, totalAlerts });
      },
    };
    try {
      const result = await moveMonth(file, age, work);
      if (typeof result === "string") waiting.push({ month, reason: result });
      else moved.push({ month, ...result });
    } catch (thrown) {
      waiting.push({ month, reason: reasonOf(thrown) });
    }
  }
  return { moved, waiting };
}

async function moveMonth(file: MonthFile, age: MonthAge, work: SealWork): Promise<Omit<MovedMonth, "month"> | string> {
  const bytesBefore = sizeOfMonth(file.path);
  const seal = readManifest(work.folder).seals.find(({ from }) => from === file.name);
  const archived = alertsIn(seal?.files ?? []);
  if (seal !== undefined && age.isSealed) {
    await finishSeal(file, work);
    return { alerts: archived, bytesBefore, bytesAfter: bytesOf(seal.files) };
  }
  if (archived > age.alerts) {
    // An empty file in the place of one that was moved: somebody opened it in the moment it went.
    if (age.alerts > 0) return `the archive holds ${archived} alerts of it, but its file only ${age.alerts}`;
    removeMonth(work.storeFolder, file.path);
    return { alerts: 0, bytesBefore, bytesAfter: 0 };
  }
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const sealed = await sealMonth(file, work);
    if (work.signal?.aborted === true && sealed === undefined) throw cancelled();
    if (sealed !== undefined) return { alerts: sealed.alerts, bytesBefore, bytesAfter: sealed.bytes };
  }
  return "alerts are being added to it";
}

function alertsIn(files: readonly ColdFile[]): number {
  return files.reduce((sum, { alerts }) => sum + alerts, 0);
}

function bytesOf(files: readonly ColdFile[]): number {
  return files.reduce((sum, { bytes, rows, ids }) => sum + bytes + rows.bytes + ids.bytes, 0);
}

/** Months of the archive whose time is over, with all their files. */
function overdue(
  { folder: storeFolder, span, nowMs }: ApplyRetentionOptions,
  isAtHand: (name: string) => boolean,
): Seal[] {
  const limitMs = monthsBefore(nowMs, span.inAllMonths);
  const months = new Map<string, Seal>();
  for (const seal of readManifest(coldFolder(storeFolder)).seals) {
    const files = [...(months.get(seal.month)?.files ?? []), ...seal.files];
    months.set(seal.month, { ...seal, files });
  }
  return [...months.values()].filter(({ month, files }) => {
    const [year = 0, number = 0] = month.split("-").map(Number);
    const isOld = Date.UTC(year, number) <= limitMs && files.every(({ lastReceivedMs }) => lastReceivedMs <= limitMs);
    return files.length > 0 && isOld && !isAtHand(month);
  });
}

function deleteMonths(options: ApplyRetentionOptions): DeletedMonth[] {
  const { folder: storeFolder, nowMs, setting, span } = options;
  const folder = coldFolder(storeFolder);
  const atHand = new Set(listMonthFiles(storeFolder).map(({ name }) => monthIn(name)));
  return overdue(options, (month) => atHand.has(month)).map((seal) => {
    const alerts = alertsIn(seal.files);
    const files = seal.files.map(({ name, alerts: count, firstNs, lastNs, sha256, content }) => ({
      name,
      alerts: count,
      firstNs,
      lastNs,
      sha256,
      contentSha256: content.sha256,
    }));
    options.onProgress?.({ month: seal.month, doing: "deleting", alerts, totalAlerts: alerts });
    // On record first: files without it would look like damage.
    appendManifest(folder, [
      { kind: "deleted", month: seal.month, alerts, files, setting, inAllMonths: span.inAllMonths, atMs: nowMs },
    ]);
    sweep(folder);
    return { month: seal.month, alerts, bytes: bytesOf(seal.files) };
  });
}

function plan(options: ApplyRetentionOptions, driver: Driver): RetentionReport {
  const files = listMonthFiles(options.folder);
  const all = candidates(options, driver);
  const moving = all.filter(({ stays }) => stays === undefined);
  const goes = new Set(moving.map(({ file }) => file.name));
  const staying = new Set(files.filter(({ name }) => !goes.has(name)).map(({ name }) => monthIn(name)));
  const limitMs = monthsBefore(options.nowMs, options.span.inAllMonths);
  const moved = moving.map(({ file, month, age }) => ({
    month,
    alerts: age?.alerts ?? 0,
    bytesBefore: sizeOfMonth(file.path),
  }));
  // What would be moved and deleted in one step; its size in the archive is not known yet.
  const atOnce = moving
    .filter(
      ({ file, age }) => file.toNs <= BigInt(limitMs) * 1_000_000n && (age?.lastReceivedMs ?? limitMs + 1) <= limitMs,
    )
    .map(({ month, age }) => ({ month, alerts: age?.alerts ?? 0, bytes: 0 }));
  const deleted = overdue(options, (month) => staying.has(month)).map(({ month, files: gone }) => ({
    month,
    alerts: alertsIn(gone),
    bytes: bytesOf(gone),
  }));
  return {
    isDryRun: true,
    moved,
    deleted: [...deleted, ...atOnce],
    waiting: all.flatMap(({ month, stays }) => (stays === undefined ? [] : [{ month, reason: stays }])),
    faults: openArchive(options.folder).view(new Set(files.map(({ name }) => name))).faults,
    ...manifestHash(coldFolder(options.folder)),
  };
}

function manifestHash(folder: string): { readonly manifestSha256?: string } {
  const path = manifestPath(folder);
  if (!existsSync(path)) return {};
  return { manifestSha256: createHash("sha256").update(readFileSync(path)).digest("hex") };
}
