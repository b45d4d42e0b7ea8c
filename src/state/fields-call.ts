import type { ScapEvent } from "../event/event.ts";
import { EVENT_TYPES, EventCategory, EventFlag, type ParamType } from "../event/event-types.ts";
import { hasParam, paramText, paramU32, returnValue } from "../event/read-param.ts";
import { FdType } from "../scap/descriptor-list.ts";
import type { CaptureState } from "./capture-state.ts";
import { OpenFlag } from "./descriptor.ts";
import { exact, type FieldReader, type FieldTable, type FieldValue, indexOf } from "./field-reader.ts";
import { paramAsText } from "./param-text.ts";

const GENERIC_EXIT = 1;
const OPENS = [3, 59, 307, 327, 337];
const CONNECTS = [247, 389, 23];
const PROCINFO = 234;

const FLAGS = Uint16Array.from(EVENT_TYPES, ({ flags }) => flags);
/** What kind of call it is, without where the event comes from. */
const KINDS = Uint16Array.from(EVENT_TYPES, ({ category }) => category & (EventCategory.SYSCALL - 1));
const IS_CALL = Uint8Array.from(EVENT_TYPES, ({ category, id }) =>
  category & EventCategory.SYSCALL && id % 2 === 1 && id !== GENERIC_EXIT ? 1 : 0,
);

/** Kinds by name; reads and writes are named after what they read or write. */
const KIND_NAMES: Readonly<Record<number, string>> = {
  0: "unknown",
  1: "other",
  2: "file",
  3: "net",
  4: "IPC",
  5: "memory",
  6: "process",
  7: "sleep",
  8: "system",
  9: "signal",
  10: "user",
  11: "time",
  12: "processing",
  64: "wait",
  128: "scheduler",
  256: "internal",
};

const IO_KIND = 32;
const FILES = [FdType.FILE, FdType.FILE_V2, FdType.DIRECTORY] as readonly number[];
const IPC = [
  FdType.FIFO,
  FdType.UNIX,
  FdType.EVENT,
  FdType.SIGNALFD,
  FdType.INOTIFY,
  FdType.USERFAULTFD,
] as readonly number[];

/** True for events that say what a call returned. */
function hasReturn(event: ScapEvent): boolean {
  return IS_CALL[event.type] === 1 && event.paramCount > 0;
}

/** Fields of a call: arguments, result, what it read or wrote. */
export function callFields(state: CaptureState): FieldTable {
  const has = (flag: number) => (event: ScapEvent) => ((FLAGS[event.type] ?? 0) & flag) !== 0;
  const failed = (event: ScapEvent) => (hasReturn(event) ? returnValue(event) < 0 : undefined);
  const failures = (event: ScapEvent) => (hasReturn(event) ? (returnValue(event) < 0 ? 1 : 0) : undefined);
  return {
    plain: {
      "evt.category": (event) => categoryOf(state, event),
      "evt.args": (event) => argsOf(state, event),
      "evt.info": (event) => argsOf(state, event),
      "evt.buffer": bufferOf,
      "evt.res": (event) => resultText(state, event),
      "evt.rawres": (event) => (hasReturn(event) ? returnValue(event) : undefined),
      "evt.failed": failed,
      "evt.is_io": has(EventFlag.READS_FROM_FD | EventFlag.WRITES_TO_FD),
      "evt.is_io_read": has(EventFlag.READS_FROM_FD),
      "evt.is_io_write": has(EventFlag.WRITES_TO_FD),
      "evt.io_dir": (event) =>
        has(EventFlag.WRITES_TO_FD)(event) ? "write" : has(EventFlag.READS_FROM_FD)(event) ? "read" : undefined,
      "evt.is_wait": has(EventFlag.WAITS),
      "evt.is_syslog": (event) =>
        has(EventFlag.WRITES_TO_FD)(event) && (state.descriptor?.name.includes("/dev/log") ?? false),
      "evt.count.error": failures,
      "evt.count.error.file": (event) => (isFileCall(state, event) ? failures(event) : undefined),
      "evt.count.error.net": (event) => (isNetworkCall(state, event) ? failures(event) : undefined),
      "evt.count.error.memory": (event) => (isMemoryCall(event) ? failures(event) : undefined),
      "evt.count.error.other": (event) => (isOtherCall(state, event) ? failures(event) : undefined),
      "evt.count.exit": (event) => (event.type % 2 === 1 ? 1 : undefined),
      "evt.count.threadinfo": (event) => (event.type === PROCINFO ? 1 : 0),
      "evt.count.procinfo": (event) => (event.type === PROCINFO && state.threadOf(event)?.isMain ? 1 : 0),
      ...bufferLengths(state),
      "evt.is_open_read": (event) => (openFlags(event) & OpenFlag.RDONLY) !== 0,
      "evt.is_open_write": (event) => (openFlags(event) & OpenFlag.WRONLY) !== 0,
      "evt.is_open_exec": isOpenExec,
      "evt.is_open_create": isOpenCreate,
      ...dockerFields(),
    },
    made: {
      "evt.arg": (argument) => argumentReader(state, argument),
      "evt.rawarg": (argument) => rawArgumentReader(argument),
      "evt.type.is": typeIsReader,
    },
  };
}

function categoryOf({ descriptor }: CaptureState, event: ScapEvent): string {
  const kind = KINDS[event.type] ?? 0;
  if (kind < IO_KIND || kind > IO_KIND + 2) return KIND_NAMES[kind] ?? "unknown";
  if (!descriptor) return "unknown";
  if (FILES.includes(descriptor.type)) return "file";
  if (descriptor.isNetwork) return "net";
  return IPC.includes(descriptor.type) ? "ipc" : "unknown";
}

function argsOf(state: CaptureState, event: ScapEvent): string {
  if (event.type === GENERIC_EXIT) return "";
  const params = EVENT_TYPES[event.type]?.params ?? [];
  const parts: string[] = [];
  for (let i = 0; i < event.paramCount; i++) {
    const value = paramAsText(state, event, i);
    if (!value) break;
    parts.push(`${params[i]?.name}=${value.text}${value.resolved === "" ? "" : `(${value.resolved})`}`);
  }
  return parts.join(" ");
}

/** Parameter `data` of each event type; -1 where it has none. */
const DATA_PARAMS = Int8Array.from(EVENT_TYPES, ({ params }) => params.findIndex(({ name }) => name === "data"));

function bufferOf(event: ScapEvent): Uint8Array | undefined {
  const index = DATA_PARAMS[event.type] ?? -1;
  const length = index < 0 ? -1 : event.paramLength(index);
  if (length < 0) return undefined;
  const start = event.paramStart(index);
  return event.bytes.subarray(start, start + length);
}

function resultText(state: CaptureState, event: ScapEvent): string | undefined {
  if (!hasReturn(event)) return undefined;
  if (returnValue(event) >= 0) return "SUCCESS";
  const value = paramAsText(state, event, 0);
  return value && (value.resolved === "" ? value.text : value.resolved);
}

function isFileCall({ descriptor }: CaptureState, { type }: ScapEvent): boolean {
  return descriptor ? FILES.includes(descriptor.type) : OPENS.includes(type);
}

function isNetworkCall({ descriptor }: CaptureState, { type }: ScapEvent): boolean {
  return descriptor ? descriptor.isNetwork || descriptor.type === FdType.UNIX : CONNECTS.includes(type);
}

function isMemoryCall({ type }: ScapEvent): boolean {
  return KINDS[type] === EventCategory.MEMORY;
}

function isOtherCall(state: CaptureState, event: ScapEvent): boolean {
  if (isFileCall(state, event) || isNetworkCall(state, event)) return false;
  return state.descriptor !== undefined || !isMemoryCall(event);
}

/** Bytes that a call moved, and the same for kinds of calls and of descriptors only. */
function bufferLengths(state: CaptureState): Record<string, FieldReader> {
  const reader =
    (isWanted: (kind: number, type: number) => boolean): FieldReader =>
    (event) => {
      const { descriptor } = state;
      if (!descriptor || !isWanted(KINDS[event.type] ?? 0, descriptor.type) || event.type % 2 === 0) return undefined;
      const moved = returnValue(event);
      return moved >= 0 ? moved : undefined;
    };
  const isIo = (kind: number) => (kind & IO_KIND) !== 0;
  const isRead = (kind: number) => kind === EventCategory.IO_READ;
  const isWrite = (kind: number) => kind === EventCategory.IO_WRITE;
  const isFile = (type: number) => type === FdType.FILE || type === FdType.FILE_V2;
  const isNet = (type: number) => type >= FdType.IPV4 && type <= FdType.IPV6_SERVER;
  return {
    "evt.buflen": reader(isIo),
    "evt.buflen.in": reader(isRead),
    "evt.buflen.out": reader(isWrite),
    "evt.buflen.file": reader((kind, type) => isIo(kind) && isFile(type)),
    "evt.buflen.file.in": reader((kind, type) => isRead(kind) && isFile(type)),
    "evt.buflen.file.out": reader((kind, type) => isWrite(kind) && isFile(type)),
    "evt.buflen.net": reader((kind, type) => isIo(kind) && isNet(type)),
    "evt.buflen.net.in": reader((kind, type) => isRead(kind) && isNet(type)),
    "evt.buflen.net.out": reader((kind, type) => isWrite(kind) && isNet(type)),
  };
}

const CREAT = 59;
const OPEN_BY_HANDLE = 337;
const ANY_EXECUTE = 0b1001001;

function openFlags(event: ScapEvent): number {
  switch (event.type) {
    case 3:
    case OPEN_BY_HANDLE:
      return paramU32(event, 2);
    case 307:
    case 327:
      return paramU32(event, 3);
    default:
      return 0;
  }
}

function isOpenExec(event: ScapEvent): boolean {
  if (event.type === CREAT) return (paramU32(event, 2) & ANY_EXECUTE) !== 0;
  if (event.type === OPEN_BY_HANDLE || !(openFlags(event) & (OpenFlag.TMPFILE | OpenFlag.CREAT))) return false;
  return (paramU32(event, event.type === 3 ? 3 : 4) & ANY_EXECUTE) !== 0;
}

function isOpenCreate(event: ScapEvent): boolean {
  const flags = openFlags(event);
  if (flags & OpenFlag.CREATED) return true;
  return (flags & OpenFlag.TMPFILE) !== 0 && hasReturn(event) && returnValue(event) >= 0;
}

/** Where each event type has the parameter of a name; -1 where it has none. */
function placesOf(name: string): Int8Array {
  return Int8Array.from(EVENT_TYPES, ({ params }) => params.findIndex((param) => param.name === name));
}

/** evt.arg.name or evt.arg[number] */
function argumentReader(state: CaptureState, argument: string | undefined): FieldReader | undefined {
  if (argument === undefined) return undefined;
  const index = indexOf(argument);
  const places = index === undefined ? placesOf(argument) : undefined;
  return (event) => {
    const place = places ? (places[event.type] ?? -1) : (index ?? -1);
    const value = place < 0 ? undefined : paramAsText(state, event, place);
    return value && (value.resolved === "" ? value.text : value.resolved);
  };
}

/** evt.rawarg.name: the argument in its own type. */
function rawArgumentReader(argument: string | undefined): FieldReader | undefined {
  if (argument === undefined) return undefined;
  const places = placesOf(argument);
  return (event) => {
    const place = places[event.type] ?? -1;
    return place < 0 ? undefined : rawValue(event, place);
  };
}

const TEXT_TYPES = new Set<ParamType>(["CHARBUF", "FSPATH", "FSRELPATH"]);
const SIGNED_TYPES = new Set<ParamType>(["INT8", "INT16", "INT32", "INT64", "ERRNO", "FD", "PID", "FD32", "PID32"]);
const BYTE_TYPES = new Set<ParamType>(["BYTEBUF", "SOCKADDR", "SOCKTUPLE", "FDLIST", "DYN", "IPV6ADDR", "IPV4ADDR"]);

function rawValue(event: ScapEvent, index: number): FieldValue | undefined {
  const length = event.paramLength(index);
  const type = EVENT_TYPES[event.type]?.params[index]?.type ?? "BYTEBUF";
  if (length < 0) return undefined;
  if (TEXT_TYPES.has(type)) return paramText(event, index);
  if (length === 0) return undefined;
  const start = event.paramStart(index);
  const bytes = event.bytes.subarray(start, start + length);
  if (BYTE_TYPES.has(type) || length > 8) return bytes;
  if (length === 8) return exact(SIGNED_TYPES.has(type) ? bytes.readBigInt64LE() : bytes.readBigUInt64LE());
  return SIGNED_TYPES.has(type) ? bytes.readIntLE(0, length) : bytes.readUIntLE(0, length);
}

/**
 * evt.type.is.name or evt.type.is.number: 1 for that type, or for either event of the first pair with that name. For calls
 * whose events have had later versions (execve, openat, clone) that pair is in no capture of today, as in Falco.
 */
function typeIsReader(argument: string | undefined): FieldReader | undefined {
  const number = indexOf(argument);
  const first = number ?? EVENT_TYPES.find(({ name }) => name === argument)?.id;
  if (first === undefined) return undefined;
  const second = number === undefined ? first + 1 : -1;
  return ({ type }) => (type === first || type === second ? 1 : 0);
}

const INFRASTRUCTURE = 286;

/** What old events of container engines say in their description: `Event: start;ID: 1234;name: web`. */
function dockerFields(): Record<string, FieldReader> {
  const reader =
    (key: string, shape: (text: string) => string = (text) => text): FieldReader =>
    (event) => {
      if (event.type !== INFRASTRUCTURE || !hasParam(event, 2)) return undefined;
      const part = paramText(event, 2)
        .split(";")
        .map((text) => text.trim())
        .find((text) => text.startsWith(key));
      return part === undefined ? undefined : shape((part.split(":")[1] ?? "").trim());
    };
  return {
    "evt.infra.docker.name": reader("Event"),
    "evt.infra.docker.container.id": reader("ID", (id) => id.slice(0, 12)),
    "evt.infra.docker.container.name": reader("name"),
    "evt.infra.docker.container.image": reader("Image", (image) => image.split("@")[0] ?? ""),
  };
}
