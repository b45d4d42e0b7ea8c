import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import type { Database, Driver } from "./sqlite-driver.ts";

/** Counts up when a file's tables change; kept in `pragma user_version`. */
const SCHEMA_VERSION = 1;

/** One alert file, a month of alerts by the time they are filed under. */
export const MONTH_TABLES = `
  -- one row an alert, to know it again; times first, so that new rows land side by side
  create table seen(ns integer not null, id blob not null, repeats integer not null, run integer,
    primary key(ns, id)) without rowid;
  -- alerts that wait until a part is full; n ascends and is never given twice
  create table tail(n integer primary key autoincrement, ns integer not null, received integer not null,
    raw text not null);
  -- a sealed part never changes: its alerts in order of (ns, id), columns over them, words, and the lines themselves
  create table part(k integer primary key, rows integer not null, min_ns integer not null, max_ns integer not null);
  create table field(id integer primary key, name text not null unique);
  create table col(k integer primary key, present integer not null, data blob not null);
  create table word(k integer primary key, data blob not null);
  create table block(k integer primary key, z blob not null);
  -- which runs gave which alerts
  create table run(id integer primary key, name text not null unique);
  create table run_alert(run integer not null, ns integer not null, id blob not null,
    primary key(run, ns, id)) without rowid;
`;

/** What the month files share. */
export const META_TABLES = `
  create table checkpoint(source text primary key, state text not null) without rowid;
  -- alerts filed under the time of receipt, so that reading them again later files them there too
  create table skewed(id blob primary key, ns integer not null) without rowid;
  create table set_aside(path text primary key, reason text not null) without rowid;
`;

/** Opens a file of the store, with its tables made if it is new. Throws what the driver throws, and STORE_VERSION. */
export function openFile(driver: Driver, path: string, tables: string, isReadOnly: boolean): Database {
  const db = driver.open(path, { readOnly: isReadOnly });
  return usable(db, () => {
    db.exec("pragma busy_timeout=5000; pragma trusted_schema=off; pragma cell_size_check=on");
    db.exec("pragma cache_size=-16384; pragma temp_store=memory");
    if (!isReadOnly) {
      db.exec("pragma page_size=8192");
      turnOnWal(db);
      // full: a commit is on the disk when add() returns, whatever happens to the machine.
      db.exec("pragma synchronous=full; pragma wal_autocheckpoint=4000; pragma journal_size_limit=67108864");
      createTables(db, tables);
    }
    checkVersion(db, path);
    return db;
  });
}

/** What `prepare` makes of an open file, which is closed again where that fails. */
export function usable<Result>(db: Database, prepare: () => Result): Result {
  try {
    return prepare();
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

/** Closes a file with everything in its main part, however long the driver keeps the connection itself. */
export function closeFile(db: Database): void {
  try {
    db.exec("pragma wal_checkpoint(truncate)");
  } catch {
    // Read-only, busy elsewhere or damaged: the log stays beside the file and is read with it.
  }
  db.close();
}

/** Runs `work` in a transaction that takes the writer's lock at once. */
export function inTransaction<Result>(db: Database, work: () => Result): Result {
  db.exec("begin immediate");
  try {
    const result = work();
    db.exec("commit");
    return result;
  } catch (thrown) {
    try {
      db.exec("rollback");
    } catch {
      // SQLite has rolled back already, as it does when the disk is full.
    }
    throw thrown;
  }
}

function turnOnWal(db: Database): void {
  // The switch needs the file alone, and SQLite does not wait for that even with a busy timeout.
  for (let attempt = 1; ; attempt++) {
    try {
      db.exec("pragma journal_mode=wal");
      return;
    } catch (thrown) {
      const isBusy = ((thrown as { readonly errcode?: number }).errcode ?? 0) % 256 === 5;
      if (!isBusy || attempt === 100) throw thrown;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}

function createTables(db: Database, tables: string): void {
  if (readVersion(db) !== 0) return;
  inTransaction(db, () => {
    // Another process may have made them while this one waited for the lock.
    if (readVersion(db) === 0) db.exec(`${tables}; pragma user_version=${SCHEMA_VERSION}`);
  });
}

function readVersion(db: Database): number {
  return Number(db.prepare("pragma user_version").get()?.user_version ?? 0);
}

function checkVersion(db: Database, path: string): void {
  const version = readVersion(db);
  if (version <= SCHEMA_VERSION) return;
  throw new FalcoSkillsError("STORE_VERSION", `the file has version ${version}, this program knows ${SCHEMA_VERSION}`, {
    fix: "Update falco-skills, or pass another folder with --home.",
    where: path,
  });
}
