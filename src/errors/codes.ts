/**
 * Every code a person or a program can meet, with what it means: one row a code, grouped by the folder that raises it.
 * A row is the whole contract; the wording of each failure lives beside the code that raises it.
 */
export const ERROR_CODES = {
  // everywhere
  INTERNAL: "a defect of ours; details are on stderr, never in the answer",
  INVALID_ARGUMENT: "an argument has the wrong type, an unknown key or a value outside its limits",
  CANCELLED: "the caller cancelled the work",

  // files and home
  PATH_OUTSIDE_ROOTS: "a path resolves to a place that the server was not given",
  FILE_NOT_FOUND: "no file or folder is at that path",
  FILE_UNREADABLE: "the file exists but may not be read",
  FILE_NOT_REGULAR: "the path is a FIFO, device, socket or something else that is no plain file",
  FILE_TOO_LARGE: "the file is larger than the limit for its kind",
  DISK_FULL: "the disk that holds home has no room",
  HOME_NOT_WRITABLE: "the home folder cannot be created or written",

  // bytes, scap, state

  // alert, store

  // ingest

  // condition, fields, rules

  // replay, falco

  // skills

  // audit

  // compliance

  // mcp, cli
} as const satisfies Record<string, string>;

export type ErrorCode = keyof typeof ERROR_CODES;
