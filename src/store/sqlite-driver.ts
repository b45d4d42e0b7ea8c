import { FalcoSkillsError } from "../errors/falco-skills-error.ts";

export type DriverName = "node:sqlite" | "@photostructure/sqlite";

export const DRIVER_NAMES: readonly DriverName[] = ["node:sqlite", "@photostructure/sqlite"];

export type SqlValue = string | number | bigint | Uint8Array | null;
export type SqlRow = Record<string, SqlValue>;

/** The part of node:sqlite that the store uses; both drivers have it. */
export interface Statement {
  run(...parameters: SqlValue[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  get(...parameters: SqlValue[]): SqlRow | undefined;
  all(...parameters: SqlValue[]): SqlRow[];
  setReadBigInts(on: boolean): void;
}

export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

export interface Driver {
  readonly name: DriverName;
  readonly open: (path: string, options: { readonly readOnly: boolean }) => Database;
}

interface SqliteModule {
  readonly DatabaseSync: new (path: string, options: { readonly readOnly: boolean }) => unknown;
}

/**
 * The SQLite driver asked for, or the first that this Node has: its own `node:sqlite`, else `@photostructure/sqlite`,
 * which has the same interface and brings its binaries along. Fails with STORE_DRIVER_MISSING.
 */
export async function loadDriver(wanted?: DriverName): Promise<Driver> {
  const failures: string[] = [];
  for (const name of wanted === undefined ? DRIVER_NAMES : [wanted]) {
    try {
      const { DatabaseSync } = name === "node:sqlite" ? loadBuiltin() : await import("@photostructure/sqlite");
      return { name, open: (path, options) => new DatabaseSync(path, options) as unknown as Database };
    } catch (cause) {
      failures.push(`${name}: ${cause instanceof Error ? cause.message.split("\n")[0] : String(cause)}`);
    }
  }
  throw new FalcoSkillsError("STORE_DRIVER_MISSING", `no SQLite driver works here (${failures.join("; ")})`, {
    fix: "Use Node 22.13 or newer, or run npm install without --omit=optional so that @photostructure/sqlite is there.",
  });
}

/** Drivers that work on this Node, in the order of preference. */
export async function findDrivers(): Promise<readonly DriverName[]> {
  const found: DriverName[] = [];
  for (const name of DRIVER_NAMES) {
    const works = await loadDriver(name).then(
      () => true,
      () => false,
    );
    if (works) found.push(name);
  }
  return found;
}

function loadBuiltin(): SqliteModule {
  const emitWarning = process.emitWarning;
  // Loading it warns on Node 22 that it is experimental, on the user's stderr. The load is synchronous, so nothing else
  // can warn meanwhile.
  process.emitWarning = () => {};
  try {
    const builtin: unknown = process.getBuiltinModule?.("node:sqlite");
    if (builtin === undefined) throw new Error(`Node ${process.versions.node} has none`);
    return builtin as SqliteModule;
  } finally {
    process.emitWarning = emitWarning;
  }
}
