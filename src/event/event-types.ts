import { EVENT_ROWS, FLAG_ROWS } from "./event-table.ts";
import { SYSCALL_NAMES } from "./syscall-names.ts";

/** How a number is written in an argument's text. */
export type ParamFormat = "na" | "dec" | "hex" | "padded" | "id" | "dir" | "oct";

export type ParamType =
  | "INT8"
  | "INT16"
  | "INT32"
  | "INT64"
  | "UINT8"
  | "UINT16"
  | "UINT32"
  | "UINT64"
  | "CHARBUF"
  | "BYTEBUF"
  | "ERRNO"
  | "SOCKADDR"
  | "SOCKTUPLE"
  | "FD"
  | "FD32"
  | "PID"
  | "PID32"
  | "FDLIST"
  | "FSPATH"
  | "FSRELPATH"
  | "SYSCALLID"
  | "SIGTYPE"
  | "SIGSET"
  | "RELTIME"
  | "ABSTIME"
  | "PORT"
  | "FLAGS8"
  | "FLAGS16"
  | "FLAGS32"
  | "ENUMFLAGS8"
  | "ENUMFLAGS16"
  | "ENUMFLAGS32"
  | "MODE"
  | "UID"
  | "GID"
  | "IPV4ADDR"
  | "IPV6ADDR"
  | "CHARBUFARRAY"
  | "CHARBUF_PAIR_ARRAY"
  | "DYN";

/** One name of a flag set; the order of a set is the order Falco tries its names. */
interface FlagName {
  readonly name: string;
  readonly value: number;
}

export interface ParamInfo {
  readonly name: string;
  readonly type: ParamType;
  readonly format: ParamFormat;
  /** Empty where the parameter is no flag or enumeration. */
  readonly flags: readonly FlagName[];
  /** For FSRELPATH: index of the parameter that holds the folder's descriptor. */
  readonly folderParam?: number;
  /** For DYN: the type by the value's first byte. */
  readonly variants?: readonly { readonly type: ParamType; readonly format: ParamFormat }[];
}

interface EventType {
  /** Numeric type in captures; the index in EVENT_TYPES. */
  readonly id: number;
  readonly name: string;
  /** True for `>` (a call begins), false for `<` (it returned). */
  readonly enter: boolean;
  /** Bits of EventCategory. */
  readonly category: number;
  /** Bits of EventFlag. */
  readonly flags: number;
  readonly params: readonly ParamInfo[];
}

/** Bits of EventType.flags (libs `ppm_event_flags`). */
export const EventFlag = {
  CREATES_FD: 1 << 0,
  DESTROYS_FD: 1 << 1,
  USES_FD: 1 << 2,
  READS_FROM_FD: 1 << 3,
  WRITES_TO_FD: 1 << 4,
  MODIFIES_STATE: 1 << 5,
  UNUSED: 1 << 6,
  WAITS: 1 << 7,
  SKIP_PARSER_RESET: 1 << 8,
  OLD_VERSION: 1 << 9,
  LARGE_PAYLOAD: 1 << 11,
  CONVERTED: 1 << 12,
} as const;

/** The low six bits of EventType.category are one of the first group; the others are bits. */
export const EventCategory = {
  UNKNOWN: 0,
  OTHER: 1,
  FILE: 2,
  NET: 3,
  IPC: 4,
  MEMORY: 5,
  PROCESS: 6,
  SLEEP: 7,
  SYSTEM: 8,
  SIGNAL: 9,
  USER: 10,
  TIME: 11,
  PROCESSING: 12,
  IO_READ: 32,
  IO_WRITE: 33,
  IO_OTHER: 34,
  WAIT: 1 << 6,
  SCHEDULER: 1 << 7,
  INTERNAL: 1 << 8,
  SYSCALL: 1 << 9,
  TRACEPOINT: 1 << 10,
  PLUGIN: 1 << 11,
  METAEVENT: 1 << 12,
  ITERATOR: 1 << 13,
} as const;

/** The two types that stand for every call without a type of its own; their first parameter names the call. */
export const GENERIC_TYPES: readonly number[] = [0, 1];

/** Every event type, by numeric type. Parameters are parsed when asked for: whoever loads rules needs names alone. */
export const EVENT_TYPES: readonly EventType[] = EVENT_ROWS.map(parseEvent);

const typesByName = groupByName();

/**
 * Numeric types that an event name stands for, ascending; empty for an unknown name.
 * The name of a call without a type of its own gives GENERIC_TYPES, since only the event itself tells which call it is.
 */
export function eventTypesByName(name: string): readonly number[] {
  return typesByName.get(name) ?? (generic.has(name) ? GENERIC_TYPES : []);
}

/** True for every value that `evt.type` may be compared with. */
export function isEventName(name: string): boolean {
  return name !== "" && (typesByName.has(name) || generic.has(name) || name === "syscall");
}

/** Calls whose own events carry another name (prlimit64 comes as prlimit) or that are no call at all. */
const NEVER_GENERIC = new Set(
  (
    "unknown na_1 prlimit64 sendfile64 ugetrlimit fcntl64 _llseek pread64 pwrite64 setuid32 getuid32 setgid32 geteuid32 " +
    "setresuid32 setresgid32 getresuid32 getresgid32 getgid32 getegid32 sched_process_exit sched_switch " +
    "page_fault_user page_fault_kernel signal_deliver"
  ).split(" "),
);

const generic = new Set(SYSCALL_NAMES.filter((name) => name !== ""));

/** Names that a rule can select events by, sorted: what Falco lists for a condition that allows every event. */
export const EVENT_NAMES: readonly string[] = [
  ...new Set([...typesByName.keys(), ...[...generic].filter((name) => !NEVER_GENERIC.has(name))]),
].sort();

function groupByName(): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const { id, name } of EVENT_TYPES) {
    if (GENERIC_TYPES.includes(id)) continue;
    const group = groups.get(name);
    if (group) group.push(id);
    else groups.set(name, [id]);
  }
  return groups;
}

function parseEvent(row: string, id: number): EventType {
  const [name = "", direction, category, flags, ...words] = row.split(" ");
  let params: readonly ParamInfo[] | undefined;
  return {
    id,
    name,
    enter: direction === ">",
    category: Number(category),
    flags: Number(flags),
    get params() {
      params ??= words.map(parseParam);
      return params;
    },
  };
}

function parseParam(word: string): ParamInfo {
  const [name = "", type, format, extra = ""] = word.split(":");
  const info = { name, type: type as ParamType, format: format as ParamFormat };
  const rest = extra.slice(1);
  switch (extra[0]) {
    case "@":
      return { ...info, flags: flagSet(rest) };
    case "^":
      return { ...info, flags: [], folderParam: Number(rest) };
    case "|":
      return { ...info, flags: [], variants: rest.split("|").map(parseVariant) };
    default:
      return { ...info, flags: [] };
  }
}

function parseVariant(word: string): { type: ParamType; format: ParamFormat } {
  const [type, format] = word.split("/");
  return { type: type as ParamType, format: format as ParamFormat };
}

const flagSets = new Map<string, readonly FlagName[]>();

function flagSet(name: string): readonly FlagName[] {
  const known = flagSets.get(name) ?? FLAG_ROWS[name]?.split(" ").map(parseFlag) ?? [];
  flagSets.set(name, known);
  return known;
}

function parseFlag(word: string): FlagName {
  const at = word.lastIndexOf("=");
  return { name: word.slice(0, at), value: Number(word.slice(at + 1)) };
}
