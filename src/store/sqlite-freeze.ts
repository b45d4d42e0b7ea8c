import type { Database } from "./sqlite-driver.ts";
import { inTransaction } from "./sqlite-file.ts";
import type { FrozenMonth } from "./sqlite-month.ts";
import type { PartReader } from "./sqlite-part.ts";

/** Stands in the head of a file whose alerts the archive has: "FSKa". */
const SEALED = 0x46534b61;

/** True where the file was marked as moved into the archive. */
export function isMarkedSealed(db: Database): boolean {
  return Number(db.prepare("pragma application_id").get()?.application_id) === SEALED;
}

/** What can be done with a month whose connection stands in a read transaction. */
export function prepareFrozen(
  db: Database,
  reader: PartReader,
  guard: <Result>(work: () => Result) => Result,
): Omit<FrozenMonth, "parts"> {
  const runs = guard(() => db.prepare("select name from run order by id").all()).map(({ name }) => String(name));
  // Changes when another connection commits, and by nothing else.
  const version = prepareVersion(db);
  const frozenAt = guard(version);
  return {
    readSeen: reader.readSeen,
    readRuns: (fromNs, toNs) => {
      const found = new Map<string, string[]>();
      for (const run of runs) {
        for (const { id } of reader.readRun(run, fromNs, toNs - 1n)) found.set(id, [...(found.get(id) ?? []), run]);
      }
      return found;
    },
    release: () => guard(() => db.exec("rollback")),
    seal: (work) =>
      guard(() =>
        inTransaction(db, () => {
          if (version() !== frozenAt) return false;
          work();
          db.exec(`pragma application_id=${SEALED}`);
          return true;
        }),
      ),
  };
}

function prepareVersion(db: Database): () => number {
  const read = db.prepare("pragma data_version");
  return () => Number(read.get()?.data_version);
}
