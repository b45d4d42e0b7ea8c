import { FalcoSkillsError } from "../errors/falco-skills-error.ts";

/** SQLite's primary result codes (sqlite.org/rescode.html); the low byte of the extended ones. */
const SQLITE = {
  perm: 3,
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  notADb: 26,
};
/** SQLite's own words for them: @photostructure/sqlite 1.2 gives no code where reading many rows fails. */
const CODE_OF_MESSAGE: Readonly<Record<string, number>> = {
  "database is locked": SQLITE.busy,
  "attempt to write a readonly database": SQLITE.readOnly,
  "disk I/O error": SQLITE.ioError,
  "database disk image is malformed": SQLITE.corrupt,
  "database or disk is full": SQLITE.full,
  "unable to open database file": SQLITE.cantOpen,
  "file is not a database": SQLITE.notADb,
};
/** Extended code of a file that ends too early. */
const SHORT_READ = 522;

/** Runs something on one file of the store; what SQLite or the file system throws comes out as one of our errors. */
export function onFile<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (thrown) {
    throw translateStoreError(thrown, path);
  }
}

/** The error that a failure of SQLite or the file system means for the store; anything else as it is. */
export function translateStoreError(thrown: unknown, path: string): unknown {
  if (thrown instanceof FalcoSkillsError || !(thrown instanceof Error)) return thrown;
  const { errcode, code } = thrown as Error & { readonly errcode?: number; readonly code?: string };
  if (code === "ERR_SQLITE_ERROR" || typeof errcode === "number") {
    return translateSqlite(errcode ?? CODE_OF_MESSAGE[thrown.message] ?? 0, thrown, path);
  }
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return diskFull(path, thrown);
    case "EACCES":
    case "EPERM":
    case "EROFS":
    case "ENOTDIR":
    case "EEXIST":
      return notWritable(path, thrown);
    default:
      return thrown;
  }
}

function translateSqlite(errcode: number, cause: Error, path: string): FalcoSkillsError {
  switch (errcode & 0xff) {
    case SQLITE.corrupt:
    case SQLITE.notADb:
      return damaged(path, cause.message, cause);
    case SQLITE.full:
      return diskFull(path, cause);
    case SQLITE.perm:
    case SQLITE.readOnly:
    case SQLITE.cantOpen:
      return notWritable(path, cause);
    case SQLITE.busy:
    case SQLITE.locked:
      return new FalcoSkillsError("STORE_BUSY", "another process kept the alert store locked", {
        fix: "Repeat the call; if it fails again, end the process that holds the file open.",
        where: path,
        cause,
      });
    default:
      if (errcode === SHORT_READ) return damaged(path, cause.message, cause);
      return new FalcoSkillsError("STORE_FAILED", `SQLite failed with "${cause.message}" (${errcode})`, {
        fix: "Check the disk that holds the file, then repeat the call.",
        where: path,
        cause,
      });
  }
}

/** The file's bytes cannot be right. */
export function damaged(path: string, reason: string, cause?: unknown): FalcoSkillsError {
  return new FalcoSkillsError("STORE_DAMAGED", `a file of the alert store is damaged (${reason})`, {
    fix: "Start with --repair to set the file aside, then ingest its alerts again from where they came.",
    where: path,
    cause,
  });
}

function diskFull(path: string, cause: Error): FalcoSkillsError {
  return new FalcoSkillsError("DISK_FULL", "the disk has no room for more alerts", {
    fix: "Free space on the disk, or move the data with --home to a larger one.",
    where: path,
    cause,
  });
}

function notWritable(path: string, cause: Error): FalcoSkillsError {
  return new FalcoSkillsError("HOME_NOT_WRITABLE", `the alert store cannot be opened (${cause.message})`, {
    fix: "Pass a folder that you may write with --home, or give yourself the right to write this one.",
    where: path,
    cause,
  });
}
