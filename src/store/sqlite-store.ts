import type { AlertStore } from "./alert-store.ts";
import type { DriverName } from "./sqlite-driver.ts";

export interface SqliteStoreOptions {
  /** Created at the first write. */
  readonly folder: string;
  /** Asks for one driver; absent for the first that works. */
  readonly driver?: DriverName;
  readonly nowMs: () => number;
  /** Nothing is created or changed; a folder that does not exist is an empty store. */
  readonly readOnly?: boolean;
  /** Sets damaged files aside (renamed to `*.damaged-<time>`) and goes on without them. */
  readonly repair?: boolean;
}

export declare function openSqliteStore(options: SqliteStoreOptions): Promise<AlertStore>;
