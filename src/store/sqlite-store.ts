import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import type { AddResult, AlertStore, Checkpoint, NewAlert, StoreStatus } from "./alert-store.ts";
import { getFromBoth, searchBoth, summarizeBoth } from "./ask-both.ts";
import { type Archive, openArchive, statusOf } from "./cold/archive.ts";
import { MAX_PART_ROWS } from "./seal-part.ts";
import { type DriverName, loadDriver } from "./sqlite-driver.ts";
import { findDamaged, openSqliteFiles, type SqliteFiles } from "./sqlite-files.ts";
import type { MonthRow } from "./sqlite-month.ts";
import { monthIn, monthOf, sizeOfStore } from "./store-files.ts";
import { summarizeParts } from "./summarize-parts.ts";

export interface SqliteStoreOptions {
  /** Created at the first write. */
  readonly folder: string;
  /** Asks for one driver; absent for the first that works. */
  readonly driver?: DriverName;
  readonly nowMs: () => number;
  /**
   * Nothing that is stored is created or changed; a folder that does not exist is an empty store. SQLite still keeps its
   * `-wal` and `-shm` files beside the others, so the folder itself must be writable unless they are there.
   */
  readonly readOnly?: boolean;
  /** Sets damaged files aside (renamed to `*.damaged-<time>`) and goes on without them. */
  readonly repair?: boolean;
  /** Alerts of a sealed part, at most and where absent 2048. */
  readonly partRows?: number;
}

/**
 * A store in one folder: a SQLite file a month, and `meta.db`. Nothing is opened before the first call. `add` writes the
 * months of a batch one after the other and its checkpoint last, so a crash in between leaves a batch that reading it
 * again completes without a double. Several processes may use the folder at once. Beyond what the interface says it fails
 * with STORE_DRIVER_MISSING, STORE_DAMAGED, STORE_VERSION, STORE_BUSY, DISK_FULL and HOME_NOT_WRITABLE.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<AlertStore> {
  const { folder } = options;
  const archive = openArchive(folder);
  let files: SqliteFiles | undefined;
  let driverName: DriverName | undefined;
  let isClosed = false;
  const open = async (): Promise<SqliteFiles> => {
    if (isClosed) throw closedError();
    if (files !== undefined) return files;
    const driver = await loadDriver(options.driver);
    driverName = driver.name;
    files ??= openSqliteFiles({
      folder,
      driver,
      isReadOnly: options.readOnly === true,
      nowMs: options.nowMs,
      partRows: Math.min(options.partRows ?? MAX_PART_ROWS, MAX_PART_ROWS),
    });
    return files;
  };
  const run = async <Result>(work: (files: SqliteFiles) => Result): Promise<Result> => {
    const opened = await open();
    return options.repair === true && options.readOnly !== true ? repairing(opened, work) : work(opened);
  };
  return {
    add: async (batch, checkpoint) => {
      if (options.readOnly === true) throw readOnlyError();
      return run((opened) => addBatch(opened, archive, batch, checkpoint));
    },
    get: (id, options = {}) => getFromBoth({ run, archive }, id, options),
    search: (filter, page) => searchBoth({ run, archive }, filter, page),
    summarize: (request) => summarizeBoth({ run, archive }, request),
    fieldNames: () => run(countFieldNames),
    readCheckpoint: (source) => run((opened) => opened.metaForReading()?.readCheckpoint(source)),
    status: () => run((opened) => readStatus(folder, opened, { driver: driverName ?? "", archive })),
    close: async () => {
      isClosed = true;
      files?.closeAll();
    },
  };
}

/** Repeats the work after each damaged file that was set aside on its way. */
function repairing<Result>(files: SqliteFiles, work: (files: SqliteFiles) => Result): Result {
  const aside = new Set<string>();
  for (;;) {
    try {
      return work(files);
    } catch (thrown) {
      const isDamage = thrown instanceof FalcoSkillsError && thrown.code === "STORE_DAMAGED";
      if (!isDamage || thrown.where === undefined || aside.has(thrown.where)) throw thrown;
      aside.add(thrown.where);
      files.setAside(thrown.where, thrown.message);
    }
  }
}

function addBatch(
  files: SqliteFiles,
  archive: Archive,
  batch: readonly NewAlert[],
  checkpoint: Checkpoint | undefined,
): AddResult {
  const total = { added: 0, known: 0, archived: 0 };
  const places = batch.length === 0 ? [] : files.metaForWriting().placeInTime(batch);
  const months = new Map<string, MonthRow[]>();
  batch.forEach((alert, index) => {
    const orderNs = places[index] as bigint;
    const name = monthOf(orderNs);
    const rows = months.get(name) ?? [];
    rows.push({ ...alert, orderNs });
    months.set(name, rows);
  });
  for (const rows of months.values()) {
    const { added, known, archived = 0 } = addToMonth(files, archive, rows);
    total.added += added;
    total.known += known;
    total.archived += archived;
  }
  // Last, so that it never covers what is not stored.
  if (checkpoint !== undefined) files.metaForWriting().writeCheckpoint(checkpoint);
  const { archived, ...result } = total;
  return archived === 0 ? result : total;
}

/**
 * What lies in the archive already is known and not stored again, except where a run gave it: the run's alerts must be
 * found by its name.
 */
function addToMonth(files: SqliteFiles, archive: Archive, rows: readonly MonthRow[]): AddResult {
  const { orderNs } = rows[0] as MonthRow;
  for (;;) {
    const { name, month } = files.monthForWriting(orderNs);
    const archived = new Set(archivedIn(archive, monthIn(monthOf(orderNs)), name, rows));
    const copies = month.add([...archived].filter(({ runId }) => runId !== undefined));
    const others = copies && month.add(archived.size === 0 ? rows : rows.filter((row) => !archived.has(row)));
    // Undefined where the file was moved into the archive just now: the next one takes the alerts.
    if (others === undefined) continue;
    return { added: others.added, known: others.known + archived.size, archived: archived.size };
  }
}

function archivedIn(archive: Archive, month: string, name: string, rows: readonly MonthRow[]): readonly MonthRow[] {
  if (!archive.manifest().seals.some((seal) => seal.month === month && seal.from !== name)) return [];
  return rows.filter(({ alert }) => archive.hasId(month, alert.id, name));
}

function countFieldNames(files: SqliteFiles): { name: string; alerts: number }[] {
  const counts = new Map<string, number>();
  for (const month of files.months()) {
    for (const [name, alerts] of month.open()?.countFields() ?? []) counts.set(name, (counts.get(name) ?? 0) + alerts);
  }
  return [...counts]
    .map(([name, alerts]) => ({ name, alerts }))
    .sort((a, b) => b.alerts - a.alerts || (a.name < b.name ? -1 : 1));
}

function readStatus(
  folder: string,
  files: SqliteFiles,
  { driver, archive }: { readonly driver: string; readonly archive: Archive },
): StoreStatus {
  const names = new Set(files.months().map(({ name }) => name));
  const sources = new Map<string, number>();
  let alerts = 0;
  let firstNs: bigint | undefined;
  let lastNs: bigint | undefined;
  const setAside = findDamaged(folder, files, (month) => {
    const summary = month.open()?.read((parts) => summarizeParts(parts, { filter: {}, by: ["source"], limit: 1000 }));
    if (summary === undefined) return;
    alerts += summary.matched;
    // Months come oldest first.
    firstNs ??= summary.firstNs;
    lastNs = summary.lastNs ?? lastNs;
    for (const { values, count } of summary.groups) {
      const source = values[0] ?? "";
      sources.set(source, (sources.get(source) ?? 0) + count);
    }
  });
  const archived = statusOf(archive.folder, archive.view(names));
  return {
    driver,
    alerts,
    ...(firstNs === undefined ? {} : { firstNs }),
    ...(lastNs === undefined ? {} : { lastNs }),
    bytes: sizeOfStore(folder),
    sources: [...sources]
      .map(([source, count]) => ({ source, alerts: count }))
      .sort((a, b) => b.alerts - a.alerts || (a.source < b.source ? -1 : 1)),
    setAside,
    ...(archived === undefined ? {} : { archive: archived }),
  };
}

function closedError(): FalcoSkillsError {
  return new FalcoSkillsError("STORE_CLOSED", "the alert store was closed before this call", {
    fix: "Open the store again.",
  });
}

function readOnlyError(): FalcoSkillsError {
  return new FalcoSkillsError("STORE_READ_ONLY", "alerts were to be added to a store that is open for reading", {
    fix: "Start without --read-only to add alerts.",
  });
}
