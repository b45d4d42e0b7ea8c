import type { ScapEvent } from "../event/event.ts";
import { EVENT_TYPES, type ParamFormat, type ParamInfo, type ParamType } from "../event/event-types.ts";
import { errorName, signalName } from "../event/names.ts";
import { ABSENT_TEXT, textAt } from "../event/read-param.ts";
import { SYSCALL_NAMES } from "../event/syscall-names.ts";
import { typeLetter } from "./descriptor.ts";
import { asFolder, resolvePath } from "./path.ts";
import {
  addressText,
  EVENT_TUPLE_V4,
  EVENT_TUPLE_V6,
  Family,
  isMappedV4,
  isWholeAddress,
  isWholeTuple,
  L4,
  tupleText,
  unixTupleText,
} from "./socket-address.ts";
import type { Thread } from "./thread.ts";
import type { ThreadTable } from "./thread-table.ts";
import { timeText } from "./time-text.ts";
import type { Users } from "./users.ts";

/** An argument as Falco prints it: `flags=4097(O_RDONLY|O_CLOEXEC)` has the text `4097` and what stands in brackets. */
interface ParamText {
  readonly text: string;
  /** What the number or path means; empty where the text says it all. */
  readonly resolved: string;
}

/** What the texts of arguments are looked up in. */
interface TextContext {
  readonly threads: ThreadTable;
  readonly users: Users;
  threadOf(event: ScapEvent): Thread | undefined;
}

const AT_FDCWD = -100;

/** Types that read `NULL` where they are absent; all others read `<NA>`. */
const NULL_TYPES = new Set<ParamType>(["BYTEBUF", "SOCKTUPLE", "FDLIST", "CHARBUFARRAY", "CHARBUF_PAIR_ARRAY", "DYN"]);

/** Parameter `index` of an event as text; undefined where the event has no such parameter (libs `get_param_as_str`). */
export function paramAsText(context: TextContext, event: ScapEvent, index: number): ParamText | undefined {
  const length = event.paramLength(index);
  const info = EVENT_TYPES[event.type]?.params[index];
  if (length < 0 || !info) return undefined;
  if (length === 0) return plain(NULL_TYPES.has(info.type) ? "NULL" : ABSENT_TEXT);
  const at = event.paramStart(index);
  if (info.type !== "DYN") return valueText({ context, event, info, index, type: info.type, at, end: at + length });
  const variant = info.variants?.[event.bytes[at] ?? 0];
  if (!variant) return plain("INVALID DYNAMIC PARAMETER");
  return valueText({ context, event, info, index, type: variant.type, at: at + 1, end: at + length });
}

interface Value {
  readonly context: TextContext;
  readonly event: ScapEvent;
  readonly info: ParamInfo;
  readonly index: number;
  readonly type: ParamType;
  readonly at: number;
  readonly end: number;
}

/** How each type is written; types that are not here have no text. */
const WRITERS: Partial<Record<ParamType, (value: Value) => ParamText>> = {
  INT8: integer,
  INT16: integer,
  INT32: integer,
  INT64: integer,
  UINT8: integer,
  UINT16: integer,
  UINT32: integer,
  UINT64: integer,
  FD: (value) => descriptorText(value),
  PID: (value) => {
    const pid = signed(value);
    return { text: pid.toString(), resolved: value.context.threads.find(Number(pid))?.comm ?? "" };
  },
  ERRNO: (value) => {
    const result = signed(value);
    return { text: result.toString(), resolved: result < 0n ? errorName(Number(result)) : "" };
  },
  CHARBUF: ({ event, at, end }) => plain(orAbsent(textAt(event.bytes, at, end))),
  FSPATH: pathText,
  FSRELPATH: pathText,
  BYTEBUF: ({ event, at, end }) => plain(printable(event.bytes, at, end)),
  SOCKADDR: ({ event, at, end }) => plain(addressOf(event.bytes, at, end)),
  SOCKTUPLE: ({ event, at, end }) => plain(tupleOf(event.bytes, at, end)),
  FDLIST: (value) => plain(descriptorList(value)),
  SYSCALLID: (value) => {
    const code = Number(unsigned(value));
    return { text: String(code), resolved: SYSCALL_NAMES[code] ?? "" };
  },
  SIGTYPE: (value) => {
    const signal = Number(unsigned(value));
    return { text: String(signal), resolved: signalName(signal) };
  },
  SIGSET: (value) => {
    const set = Number(unsigned(value));
    const names = Array.from({ length: 32 }, (_, bit) => (set & (1 << bit) ? signalName(bit + 1) : ""));
    return plain(names.filter((name) => name !== "").join(" "));
  },
  RELTIME: (value) => {
    const ns = unsigned(value);
    if (ns === 0xffff_ffff_ffff_ffffn) return plain("none");
    return { text: ns.toString(), resolved: `${generalNumber(Number(ns) / 1e9)}s` };
  },
  ABSTIME: (value) => plain(timeText(unsigned(value), { date: true, nanoseconds: true })),
  FLAGS8: flagsText,
  FLAGS16: flagsText,
  FLAGS32: flagsText,
  ENUMFLAGS8: enumText,
  ENUMFLAGS16: enumText,
  ENUMFLAGS32: enumText,
  MODE: modeText,
  UID: (value) => idText(value, ({ users }, container, id) => users.user(container, id)?.name),
  GID: (value) => idText(value, ({ users }, container, id) => users.groupName(container, id)),
};

function valueText(value: Value): ParamText {
  return WRITERS[value.type]?.(value) ?? plain("(n.a.)");
}

function plain(text: string): ParamText {
  return { text, resolved: "" };
}

function orAbsent(text: string): string {
  return text === "(NULL)" ? ABSENT_TEXT : text;
}

/** The value's bytes as an unsigned number. */
function unsigned({ event, at, end }: Value): bigint {
  let value = 0n;
  for (let i = Math.min(end, at + 8) - 1; i >= at; i--) value = (value << 8n) | BigInt(event.bytes[i] ?? 0);
  return value;
}

/** The same for flags, of which there are at most 32. */
function bits({ event, at, end }: Value): number {
  return event.bytes.readUIntLE(at, Math.min(4, end - at));
}

function signed(value: Value): bigint {
  return BigInt.asIntN(Math.min(8, value.end - value.at) * 8, unsigned(value));
}

function integer(value: Value): ParamText {
  return plain(numberText(unsigned(value), value.type, value.info.format, Math.min(8, value.end - value.at) * 8));
}

/** A number as its format wants it; unsigned ones of 32 and 64 bits come out signed in decimal, as in Falco. */
function numberText(value: bigint, type: ParamType, format: ParamFormat, bits: number): string {
  if (format === "oct") return value === 0n ? "0" : `0${value.toString(8)}`;
  if (format === "hex") return value.toString(16).toUpperCase();
  const isWide = bits >= 32 || type.startsWith("INT");
  const decimal = (isWide ? BigInt.asIntN(bits, value) : value).toString();
  return format === "padded" ? decimal.padStart(9, "0") : decimal;
}

function descriptorText({ context, event, at, end }: Value): ParamText {
  const fd = end - at === 8 ? event.bytes.readInt32LE(at + 4) * 0x1_0000_0000 + event.bytes.readUInt32LE(at) : 0;
  const thread = context.threadOf(event);
  const text = String(fd);
  if (!thread) return plain(text);
  if (fd === AT_FDCWD) return { text, resolved: "AT_FDCWD" };
  if (fd < 0) return { text, resolved: errorName(fd) };
  const descriptor = thread.fd(fd);
  if (!descriptor) return plain(text);
  const l4 = descriptor.isNetwork
    ? ({ [L4.TCP]: "t", [L4.UDP]: "u", [L4.ICMP]: "i", [L4.RAW]: "r" }[descriptor.l4] ?? "")
    : "";
  return { text, resolved: `<${typeLetter(descriptor.type)}${l4}>${descriptor.name}` };
}

function pathText({ context, event, info, at, end }: Value): ParamText {
  const text = orAbsent(textAt(event.bytes, at, end));
  const thread = context.threadOf(event);
  if (!thread || text === ABSENT_TEXT || text === "" || text[0] === "/") return plain(text);
  return { text, resolved: resolvePath(startFolder(thread, event, info), text) };
}

/** The folder that a relative path of an event starts from. */
function startFolder(thread: Thread, event: ScapEvent, { folderParam }: ParamInfo): string {
  if (folderParam === undefined) return thread.workingFolder;
  if (EVENT_TYPES[event.type]?.params[folderParam]?.type !== "FD") return thread.workingFolder;
  if (event.paramLength(folderParam) !== 8) return thread.workingFolder;
  const at = event.paramStart(folderParam);
  const fd = event.bytes.readInt32LE(at + 4) * 0x1_0000_0000 + event.bytes.readUInt32LE(at);
  if (fd === AT_FDCWD) return thread.workingFolder;
  const name = thread.fd(fd)?.name ?? "";
  return name === "" ? "" : asFolder(name);
}

/** Bytes with a dot for each that cannot be printed. */
export function printable(bytes: Buffer, at: number, end: number): string {
  let text = "";
  for (let i = at; i < end; i++) {
    const byte = bytes[i] ?? 0;
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".";
  }
  return text;
}

/** The address of a parameter as text, as a bound socket is named after it. */
export function socketAddressText(_context: unknown, event: ScapEvent, index: number): string {
  const length = event.paramLength(index);
  const at = event.paramStart(index);
  return length <= 0 ? ABSENT_TEXT : addressOf(event.bytes, at, at + length);
}

/** Both ends of a parameter as text, as a connected socket is named after them. */
export function socketTupleText(_context: unknown, event: ScapEvent, index: number): string {
  const length = event.paramLength(index);
  const at = event.paramStart(index);
  return length <= 0 ? "NULL" : tupleOf(event.bytes, at, at + length);
}

function addressOf(bytes: Buffer, at: number, end: number): string {
  const family = bytes[at] ?? 0;
  if (!isWholeAddress(bytes, at, end - at)) return invalid(family, "SOCKADDR");
  if (family === Family.UNIX) return textAt(bytes, at + 1, end);
  if (family === Family.INET) return `${addressText(bytes, at + 1, 4)}:${bytes.readUInt16LE(at + 5)}`;
  if (family === Family.INET6) return `${addressText(bytes, at + 1, 16)}:${bytes.readUInt16LE(at + 17)}`;
  return `family ${family}`;
}

function tupleOf(bytes: Buffer, at: number, end: number): string {
  const family = bytes[at] ?? 0;
  if (!isWholeTuple(bytes, at, end - at)) return invalid(family, "SOCKTUPLE");
  if (family === Family.UNIX) return unixTupleText(bytes, at, textAt(bytes, at + 17, end));
  if (family === Family.INET) return tupleText(bytes, at, EVENT_TUPLE_V4);
  if (family !== Family.INET6) return `family ${family}`;
  const { sourceIp, destinationIp } = EVENT_TUPLE_V6;
  const isMapped = isMappedV4(bytes, at + sourceIp) && isMappedV4(bytes, at + destinationIp);
  if (!isMapped) return tupleText(bytes, at, EVENT_TUPLE_V6);
  return tupleText(bytes, at, {
    ...EVENT_TUPLE_V6,
    width: 4,
    sourceIp: sourceIp + 12,
    destinationIp: destinationIp + 12,
  });
}

function invalid(family: number, kind: string): string {
  return `INVALID ${{ [Family.UNIX]: "PATH", [Family.INET]: "IPv4", [Family.INET6]: "IPv6" }[family] ?? kind}`;
}

/** `7:f1 8:p4`: descriptor, kind and what is waited for, of poll's list. */
function descriptorList({ context, event, at, end }: Value): string {
  const thread = context.threadOf(event);
  if (!thread || end - at < 2) return "";
  const { bytes } = event;
  const parts: string[] = [];
  const count = bytes.readUInt16LE(at);
  for (let i = 0; i < count && at + 2 + (i + 1) * 10 <= end; i++) {
    const place = at + 2 + i * 10;
    const fd = bytes.readBigUInt64LE(place);
    const descriptor = thread.fd(Number(BigInt.asIntN(64, fd)));
    const waits = (bytes.readInt16LE(place + 8) >>> 0).toString(16);
    parts.push(`${fd}:${descriptor ? typeLetter(descriptor.type) : "?"}${waits}`);
  }
  return parts.join(" ");
}

function flagsText(value: Value): ParamText {
  const all = bits(value);
  let left = all;
  const names: string[] = [];
  for (const flag of value.info.flags) {
    const holds = flag.value === 0 ? all === 0 : left !== 0 && (left & flag.value) >>> 0 === flag.value;
    if (!holds) continue;
    left = (left & ~flag.value) >>> 0;
    names.push(flag.name);
    if (flag.value === all) break;
  }
  return { text: String(all), resolved: names.join("|") };
}

function enumText(value: Value): ParamText {
  const all = bits(value);
  const names = value.info.flags.filter((flag) => flag.value === all).map(({ name }) => name);
  return { text: String(all), resolved: names.join("|") };
}

function modeText(value: Value): ParamText {
  const all = bits(value);
  let left = all;
  const names: string[] = [];
  for (const mode of value.info.flags) {
    if (mode.value === all) {
      names.push(mode.name);
      break;
    }
    if (mode.value !== 0 && left !== 0 && (left & mode.value) >>> 0 === mode.value) {
      names.push(mode.name);
      left = (left & ~mode.value) >>> 0;
    }
  }
  return { text: numberText(BigInt(all), "UINT32", value.info.format, 32), resolved: names.join("|") };
}

function idText(
  value: Value,
  nameOf: (context: TextContext, containerId: string, id: number) => string | undefined,
): ParamText {
  const id = Number(unsigned(value));
  if (id === 0xffff_ffff) return { text: "-1", resolved: "<NONE>" };
  const thread = value.context.threadOf(value.event);
  const name = thread ? nameOf(value.context, thread.containerId, id) : undefined;
  return { text: String(id | 0), resolved: name === undefined || name === "" ? ABSENT_TEXT : name };
}

/** A number as C's `%g` writes it: six significant digits, without zeros at the end. */
function generalNumber(value: number): string {
  if (value === 0) return "0";
  const [mantissa = "", exponent = "0"] = value.toExponential(5).split("e");
  const power = Number(exponent);
  const trimmed = (text: string) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  if (power >= -4 && power < 6) return trimmed(value.toFixed(5 - power));
  return `${trimmed(mantissa)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}
