import type { Alert } from "../alert/alert.ts";
import type { AddResult, StoredAlert } from "./alert-store.ts";
import type { ByteCache } from "./byte-cache.ts";
import type { MonthFacts } from "./cold/month-rows.ts";
import { compareRows, type Part, rowsPart } from "./part.ts";
import { COLUMN_SPAN, PART_BYTES, prepareSeal } from "./seal-part.ts";
import type { Database, Driver } from "./sqlite-driver.ts";
import { onFile } from "./sqlite-errors.ts";
import { closeFile, inTransaction, MONTH_TABLES, openFile, usable } from "./sqlite-file.ts";
import { isMarkedSealed, prepareFrozen } from "./sqlite-freeze.ts";
import { type PartPlace, preparePartReader, readStored, sqlitePart, storedAlert } from "./sqlite-part.ts";

/** An alert with all that is decided about it before it is stored. */
export interface MonthRow {
  readonly alert: Alert;
  readonly orderNs: bigint;
  readonly receivedAtMs: number;
  readonly occurrence: number;
  readonly runId?: string;
}

/** One month's file. All calls are synchronous and fail with FalcoSkillsError. */
export interface Month {
  /** Stores all rows or none; none, and undefined, where the month was sealed. */
  readonly add: (rows: readonly MonthRow[]) => AddResult | undefined;
  /** Runs `read` over the month as it is at this moment, whatever other processes write meanwhile. */
  readonly read: <Result>(read: (parts: readonly Part[]) => Result) => Result;
  /** Names of output fields ever seen, with how many of the newest alerts have them. */
  readonly countFields: () => ReadonlyMap<string, number>;
  /** True once the archive has the month: nothing is added to this file any more. */
  readonly isSealed: () => boolean;
  /** Holds the month as it is now until it is released. Only for a connection that nothing else uses meanwhile. */
  readonly freeze: () => FrozenMonth;
  readonly close: () => void;
}

/** A month at one moment, for as long as it takes to read it. */
export interface FrozenMonth extends MonthFacts {
  readonly parts: readonly Part[];
  readonly release: () => void;
  /**
   * After `release`: keeps writers out while it runs `work`, and marks the month as sealed. False, and nothing done, where
   * somebody wrote to the month since it was frozen.
   */
  readonly seal: (work: () => void) => boolean;
}

interface TailRow {
  /** Its key in the table; absent until it is written. */
  readonly n?: number;
  readonly alert: Alert;
  readonly orderNs: bigint;
  readonly receivedAtMs: number;
}

interface MonthOptions {
  readonly isReadOnly: boolean;
  readonly partRows: number;
  readonly cache: ByteCache;
}

/** Parts whose fields are counted for `countFields`. */
const SAMPLE_PARTS = 8;

export function openMonth(driver: Driver, path: string, { isReadOnly, partRows, cache }: MonthOptions): Month {
  return onFile(path, () => {
    const db = openFile(driver, path, MONTH_TABLES, isReadOnly);
    return usable(db, () => monthIn(db, path, partRows, cache));
  });
}

function monthIn(db: Database, path: string, partRows: number, cache: ByteCache): Month {
  const guard = <Result>(work: () => Result): Result => onFile(path, work);
  const reader = preparePartReader(db, path, cache);
  const tail = prepareTail(db, path);
  const readPlaces = preparePlaces(db);
  const add = prepareAdd(db, tail, partRows);
  const partOf = keepLastTail((rows) =>
    rowsPart([...rows].sort(compareRows), {
      alertOf: (row): StoredAlert => storedAlert(row.alert, { ...row, reader }),
      isOfRun: ({ orderNs, alert }, runId) => reader.readRun(runId, orderNs, orderNs).some(({ id }) => id === alert.id),
    }),
  );
  const view = () => guard(() => [tail.refresh(), readPlaces()] as const);
  const inSnapshot = <Result>(work: (rows: readonly TailRow[], places: readonly PartPlace[]) => Result): Result => {
    // A plain "begin" takes its view of the file at the first read and keeps it to the end.
    guard(() => db.exec("begin"));
    try {
      return work(...view());
    } finally {
      guard(() => db.exec("rollback"));
    }
  };
  const partsOf = (rows: readonly TailRow[], places: readonly PartPlace[]): readonly Part[] => {
    const sealed = places.map((place) => sqlitePart(place, reader));
    return rows.length === 0 ? sealed : [...sealed, partOf(rows)];
  };
  return {
    add: (rows) => guard(() => add(rows)),
    read: (work) => inSnapshot((rows, places) => work(partsOf(rows, places))),
    countFields: () => inSnapshot((rows, places) => guard(() => countFields(db, rows, places))),
    isSealed: () => guard(() => isMarkedSealed(db)),
    freeze: () => {
      guard(() => db.exec("begin"));
      const parts = partsOf(...view());
      return { parts, ...prepareFrozen(db, reader, guard) };
    },
    close: () => closeFile(db),
  };
}

/** The tail's part with its columns is kept for as long as the tail stays the same array. */
function keepLastTail(make: (rows: readonly TailRow[]) => Part): (rows: readonly TailRow[]) => Part {
  let last: { readonly rows: readonly TailRow[]; readonly part: Part } | undefined;
  return (rows) => {
    if (last?.rows !== rows) last = { rows, part: make(rows) };
    return last.part;
  };
}

interface Tail {
  /** The rows that no part holds yet, oldest arrival first; the same array while nothing changed. */
  readonly refresh: () => readonly TailRow[];
  readonly forget: () => void;
}

/** Keeps the tail parsed, and reads only what other processes added to it. */
function prepareTail(db: Database, path: string): Tail {
  const bounds = db.prepare("select coalesce(min(n), 0) as first, coalesce(max(n), 0) as last from tail");
  const after = db.prepare("select n, ns, received, raw from tail where n > ? order by n");
  after.setReadBigInts(true);
  let rows: readonly TailRow[] = [];
  return {
    refresh: () => {
      const { first, last } = bounds.get() as { first: number; last: number };
      const kept = rows[0] !== undefined && (rows[0].n ?? 0) < first ? rows.filter(({ n = 0 }) => n >= first) : rows;
      const known = kept.at(-1)?.n ?? 0;
      const added = last === 0 || known === last ? [] : after.all(known);
      if (kept.length > 0 && last === 0) rows = [];
      else if (kept !== rows || added.length > 0) {
        rows = [
          ...kept,
          ...added.map((row) => ({
            n: Number(row.n),
            orderNs: row.ns as bigint,
            receivedAtMs: Number(row.received),
            alert: readStored(String(row.raw), path),
          })),
        ];
      }
      return rows;
    },
    forget: () => {
      rows = [];
    },
  };
}

/** Reads the list of sealed parts; they never change, so only new ones are read. */
function preparePlaces(db: Database): () => readonly PartPlace[] {
  const after = db.prepare("select k, rows, min_ns, max_ns from part where k > ? order by k");
  after.setReadBigInts(true);
  let places: readonly PartPlace[] = [];
  return () => {
    const added = after.all(places.at(-1)?.k ?? 0);
    if (added.length > 0) {
      places = [
        ...places,
        ...added.map((row) => ({
          k: Number(row.k),
          rows: Number(row.rows),
          minNs: row.min_ns as bigint,
          maxNs: row.max_ns as bigint,
        })),
      ];
    }
    return places;
  };
}

function prepareAdd(db: Database, tail: Tail, partRows: number): Month["add"] {
  const markSeen = prepareSeen(db);
  const seal = prepareSeal(db);
  const insertTail = db.prepare("insert into tail(ns, received, raw) values (?, ?, ?)");
  const deleteTail = db.prepare("delete from tail where n <= ?");

  const store = (fresh: readonly MonthRow[]): void => {
    const waiting: readonly TailRow[] = tail.refresh();
    const { full, rest } = cutParts([...waiting, ...fresh], partRows);
    for (const rows of full) seal(rows);
    const sealedUpTo = Math.max(0, ...full.flat().map(({ n = 0 }) => n));
    if (sealedUpTo > 0) deleteTail.run(sealedUpTo);
    for (const { n, orderNs, receivedAtMs, alert } of rest) {
      if (n === undefined) insertTail.run(orderNs, receivedAtMs, alert.raw);
    }
  };
  return (rows) => {
    // Neighbours in time lie side by side in the file.
    const ordered = [...rows].sort(compareRows);
    try {
      return inTransaction(db, () => {
        if (isMarkedSealed(db)) return undefined;
        const fresh = ordered.filter(markSeen);
        store(fresh);
        return { added: fresh.length, known: rows.length - fresh.length };
      });
    } catch (thrown) {
      tail.forget();
      throw thrown;
    }
  };
}

/** Notes an alert, its repeats and its run; true where it is new. */
function prepareSeen(db: Database): (row: MonthRow) => boolean {
  const insert = db.prepare("insert or ignore into seen(ns, id, repeats, run) values (?, ?, ?, ?)");
  const update = db.prepare(
    "update seen set repeats = max(repeats, ?1), run = coalesce(?2, run) where ns = ?3 and id = ?4",
  );
  const addRun = db.prepare("insert or ignore into run(name) values (?)");
  const runOf = db.prepare("select id from run where name = ?");
  const addToRun = db.prepare("insert or ignore into run_alert(run, ns, id) values (?, ?, ?)");
  return ({ alert, orderNs, occurrence, runId }) => {
    const id = Buffer.from(alert.id, "hex");
    let run: number | null = null;
    if (runId !== undefined) {
      addRun.run(runId);
      run = Number(runOf.get(runId)?.id);
      addToRun.run(run, orderNs, id);
    }
    const isNew = Number(insert.run(orderNs, id, occurrence, run).changes) === 1;
    if (!isNew && (occurrence > 1 || run !== null)) update.run(occurrence, run, orderNs, id);
    return isNew;
  };
}

/** Cuts rows into full parts, by number or by bytes, and what is left. */
function cutParts(
  rows: readonly TailRow[],
  partRows: number,
): { full: (readonly TailRow[])[]; rest: readonly TailRow[] } {
  const full: (readonly TailRow[])[] = [];
  let start = 0;
  let bytes = 0;
  rows.forEach(({ alert }, index) => {
    bytes += alert.raw.length;
    if (index + 1 - start < partRows && bytes < PART_BYTES) return;
    full.push(rows.slice(start, index + 1));
    start = index + 1;
    bytes = 0;
  });
  return { full, rest: rows.slice(start) };
}

function countFields(db: Database, tail: readonly TailRow[], places: readonly PartPlace[]): Map<string, number> {
  const recent = places.slice(-SAMPLE_PARTS);
  const names = new Map<string, number>();
  const count = db.prepare("select present from col where k = ?");
  for (const { id, name } of db.prepare("select id, name from field").all()) {
    if (!String(name).startsWith("field:")) continue;
    let alerts = 0;
    for (const { k } of recent) alerts += Number(count.get(k * COLUMN_SPAN + Number(id))?.present ?? 0);
    names.set(String(name).slice("field:".length), alerts);
  }
  for (const { alert } of tail) {
    for (const [name, value] of Object.entries(alert.fields)) {
      names.set(name, (names.get(name) ?? 0) + (value === null ? 0 : 1));
    }
  }
  return names;
}
