import type { Checkpoint, NewAlert } from "./alert-store.ts";
import { orderTimeNs } from "./order-time.ts";
import type { Database, Driver } from "./sqlite-driver.ts";
import { onFile } from "./sqlite-errors.ts";
import { closeFile, inTransaction, META_TABLES, openFile, usable } from "./sqlite-file.ts";

/** The file that the months share. Calls are synchronous and fail with FalcoSkillsError. */
export interface Meta {
  readonly readCheckpoint: (source: string) => string | undefined;
  readonly writeCheckpoint: (checkpoint: Checkpoint) => unknown;
  /** The time each alert is filed under: see `orderTimeNs`. What was decided once about an alert stays. */
  readonly placeInTime: (batch: readonly NewAlert[]) => readonly bigint[];
  readonly noteSetAside: (path: string, reason: string) => unknown;
  readonly readSetAside: () => readonly { readonly path: string; readonly reason: string }[];
  readonly close: () => void;
}

export function openMeta(driver: Driver, path: string, isReadOnly: boolean): Meta {
  return onFile(path, () => {
    const db = openFile(driver, path, META_TABLES, isReadOnly);
    return usable(db, () => metaIn(db, path));
  });
}

function metaIn(db: Database, path: string): Meta {
  const guard = <Result>(work: () => Result): Result => onFile(path, work);
  const readState = db.prepare("select state from checkpoint where source = ?");
  const writeState = db.prepare("insert or replace into checkpoint(source, state) values (?, ?)");
  const readAside = db.prepare("select path, reason from set_aside order by path");
  const writeAside = db.prepare("insert or replace into set_aside(path, reason) values (?, ?)");
  const placeInTime = preparePlaceInTime(db);
  return {
    readCheckpoint: (source) => {
      const state = guard(() => readState.get(source)?.state);
      return state === undefined ? undefined : String(state);
    },
    writeCheckpoint: ({ source, state }) => guard(() => inTransaction(db, () => writeState.run(source, state))),
    placeInTime: (batch) => guard(() => placeInTime(batch)),
    noteSetAside: (file, reason) => guard(() => inTransaction(db, () => writeAside.run(file, reason))),
    readSetAside: () =>
      guard(() => readAside.all()).map((row) => ({ path: String(row.path), reason: String(row.reason) })),
    close: () => closeFile(db),
  };
}

function preparePlaceInTime(db: Database): Meta["placeInTime"] {
  const any = db.prepare("select 1 as found from skewed limit 1");
  const find = db.prepare("select ns from skewed where id = ?");
  find.setReadBigInts(true);
  const insert = db.prepare("insert or ignore into skewed(id, ns) values (?, ?)");
  const findNs = (alertId: string) => find.get(Buffer.from(alertId, "hex"))?.ns as bigint | undefined;

  return (batch) => {
    const places = batch.map(({ alert, receivedAtMs }) => orderTimeNs(alert.timeNs, receivedAtMs));
    const skewed = batch.filter(({ alert }, index) => places[index] !== alert.timeNs);
    if (skewed.length === 0 && any.get() === undefined) return places;
    return inTransaction(db, () => {
      for (const { alert, receivedAtMs } of skewed) {
        insert.run(Buffer.from(alert.id, "hex"), orderTimeNs(alert.timeNs, receivedAtMs));
      }
      return batch.map(({ alert }, index) => findNs(alert.id) ?? (places[index] as bigint));
    });
  };
}
