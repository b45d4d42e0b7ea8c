import type { ScapEvent } from "../event/event.ts";
import { EVENT_TYPES, EventFlag } from "../event/event-types.ts";
import { hasParam, paramI64, paramText } from "../event/read-param.ts";
import { FdType } from "../scap/descriptor-list.ts";
import type { CaptureState } from "./capture-state.ts";
import {
  type Descriptor,
  FdFlag,
  SERVER_V4,
  SERVER_V6,
  STATE_V4,
  STATE_V6,
  typeLetter,
  typeWord,
} from "./descriptor.ts";
import { exact, type FieldReader, type FieldTable, type FieldValue, indexOf } from "./field-reader.ts";
import { paramAsText } from "./param-text.ts";
import { resolvePath } from "./path.ts";
import { L4 } from "./socket-address.ts";
import type { Thread } from "./thread.ts";
import { folderOf } from "./update-files.ts";

/** Types of events that make, use or close a descriptor. */
const TOUCHES_FD = Uint8Array.from(EVENT_TYPES, ({ flags }) =>
  flags & (EventFlag.CREATES_FD | EventFlag.USES_FD | EventFlag.DESTROYS_FD) ? 1 : 0,
);

/** What an event says about its descriptor: `descriptor` is absent where the call failed or it is not known. */
interface Subject {
  thread: Thread;
  descriptor: Descriptor | undefined;
}

const L4_NAMES: Readonly<Record<number, string>> = {
  [L4.TCP]: "tcp",
  [L4.UDP]: "udp",
  [L4.ICMP]: "icmp",
  [L4.RAW]: "raw",
};

/** Fields of the descriptor that the event's call works on. */
export function descriptorFields(state: CaptureState): FieldTable {
  // One object for all readers: it is filled anew for each question and never kept.
  const subject = {} as Subject;
  const subjectOf = (event: ScapEvent): Subject | undefined => {
    const thread = TOUCHES_FD[event.type] ? state.threadOf(event) : undefined;
    if (!thread) return undefined;
    subject.thread = thread;
    subject.descriptor = state.descriptor ?? (thread.lastFd === -1 ? undefined : thread.fd(thread.lastFd));
    return subject;
  };
  const known = (read: (descriptor: Descriptor, thread: Thread) => FieldValue | undefined): FieldReader => {
    return (event) => {
      const found = subjectOf(event);
      return found?.descriptor && read(found.descriptor, found.thread);
    };
  };
  const named = (read: (found: Subject, event: ScapEvent) => string | undefined): FieldReader => {
    return (event) => {
      const found = subjectOf(event);
      return found && read(found, event);
    };
  };
  const folder = (found: Subject, event: ScapEvent) => folderName(state, found, event);
  const name = ({ descriptor }: Subject, event: ScapEvent) => descriptor?.name ?? nameFromEvent(state, event);
  const inContainer = (thread: Thread, text: string | undefined) =>
    text === undefined ? undefined : `${thread.containerId}:${text}`;
  return {
    plain: {
      "fd.num": (event) => subjectOf(event)?.thread.lastFd,
      "fd.type": known(({ type }) => typeWord(type)),
      "fd.typechar": named(({ descriptor }, event) => (descriptor ? typeLetter(descriptor.type) : letterOf(event))),
      "fd.name": named(name),
      "fd.nameraw": named(({ descriptor }, event) =>
        withoutDoubleSlashes(descriptor ? descriptor.rawName : nameFromEvent(state, event, true)),
      ),
      "fd.directory": named(folder),
      "fd.filename": known(fileName),
      "fd.containername": named((found, event) => inContainer(found.thread, name(found, event))),
      "fd.containerdirectory": named((found, event) => inContainer(found.thread, folder(found, event))),
      "fd.l4proto": known(({ l4 }) => L4_NAMES[l4] ?? "<NA>"),
      "fd.sockfamily": known(({ isNetwork, type }) => (isNetwork ? "ip" : type === FdType.UNIX ? "unix" : undefined)),
      "fd.is_server": known((descriptor, thread) => isServer(state, descriptor, thread)),
      "fd.uid": (event) => {
        const thread = subjectOf(event)?.thread;
        return thread && `${thread.tid}${thread.lastFd}`;
      },
      "fd.connected": known(({ flags }) => (flags & FdFlag.CONNECTED) !== 0),
      "fd.name_changed": known(() => state.isNameChanged),
      "fd.dev": known(({ device }) => device),
      "fd.dev.major": known(({ device }) => (device & 0xfff00) >> 8),
      "fd.dev.minor": known(({ device }) => (device & 0xff) | ((device >>> 12) & 0xfff00)),
      "fd.ino": known(({ inode }) => exact(BigInt.asIntN(64, inode))),
      "fd.is_upper_layer": known(({ flags }) => (flags & FdFlag.UPPER_LAYER) !== 0),
      "fd.is_lower_layer": known(({ flags }) => (flags & FdFlag.LOWER_LAYER) !== 0),
      ...endFields(state, known),
    },
    made: {
      "fd.types": (argument) => {
        const fd = indexOf(argument);
        if (fd === undefined) return (event) => allTypes(subjectOf(event)?.thread);
        return (event) => {
          const descriptor = subjectOf(event)?.thread.fd(fd);
          return descriptor && [typeWord(descriptor.type)];
        };
      },
    },
  };
}

function allTypes(thread: Thread | undefined): readonly string[] | undefined {
  if (!thread) return undefined;
  const types = new Set(Array.from(thread.fds?.values() ?? [], ({ type }) => typeWord(type)));
  return [...types];
}

/** The name that a failed open would have given, or the address that a failed connection was for. */
function nameFromEvent(state: CaptureState, event: ScapEvent, raw = false): string | undefined {
  switch (event.type) {
    case 3:
    case 59:
    case 247:
    case 389:
    case 23: {
      const value = paramAsText(state, event, 1);
      return value && (value.resolved === "" ? value.text : value.resolved);
    }
    case 307:
    case 327: {
      if (!hasParam(event, 2)) return undefined;
      const path = paramText(event, 2);
      if (raw) return path;
      if (!hasParam(event, 1)) return undefined;
      return resolvePath(folderOf(state.threadOf(event), path, paramI64(event, 1)), path);
    }
    case 337:
      return paramText(event, 3);
    default:
      return event.type % 2 === 0 ? undefined : "";
  }
}

function folderName(state: CaptureState, { descriptor }: Subject, event: ScapEvent): string | undefined {
  if (descriptor && !descriptor.isFile && descriptor.type !== FdType.DIRECTORY) return undefined;
  const name = descriptor ? descriptor.name : nameFromEvent(state, event);
  if (name === undefined || (descriptor && !descriptor.isFile)) return name;
  const slash = name.lastIndexOf("/");
  if (slash <= 0) return "/";
  return slash < name.length - 1 ? name.slice(0, slash) : name;
}

function fileName({ isFile, name }: Descriptor): string | undefined {
  if (!isFile) return undefined;
  const slash = name.lastIndexOf("/");
  if (slash < 0) return "/";
  return slash < name.length - 1 ? name.slice(slash + 1) : name;
}

function withoutDoubleSlashes(path: string | undefined): string | undefined {
  return path?.replace(/\/{2,}/g, "/");
}

const LETTERS: Readonly<Record<number, string>> = {
  307: "f",
  327: "f",
  59: "f",
  19: "4",
  247: "4",
  389: "4",
  61: "p",
  393: "p",
  63: "e",
  397: "e",
  127: "s",
  399: "s",
  137: "t",
  139: "i",
  395: "i",
};

/** Kind of descriptor that a call would have made. */
function letterOf(event: ScapEvent): string {
  return LETTERS[event.type | 1] ?? "o";
}

/** True where an address is this machine's; inside a container that is its own address, as far as one is known. */
function isLocal(state: CaptureState, thread: Thread, socket: Buffer, at: number, width: 4 | 16): boolean {
  if (thread.containerId !== "") {
    if (width === 16) return false;
    const text = `${socket[at]}.${socket[at + 1]}.${socket[at + 2]}.${socket[at + 3]}`;
    const ip = state.containers.get(thread.containerId)?.ip ?? "";
    if (ip === "") return [...state.containers.ips()].includes(text);
    if (ip === text) return true;
  }
  return state.interfaces.has(socket, at, width);
}

function isServer(state: CaptureState, { type, socket }: Descriptor, thread: Thread): boolean {
  if (type === FdType.IPV4_SERVER || type === FdType.IPV6_SERVER) return true;
  if (type !== FdType.IPV4 && type !== FdType.IPV6) return false;
  const { width, destinationIp } = type === FdType.IPV4 ? STATE_V4 : STATE_V6;
  return isLocal(state, thread, socket, destinationIp, width);
}

/** Which end of a connection a field is about. */
type End = "client" | "server" | "local" | "remote";

/** Addresses, ports and networks of both ends, as client and server, as here and there, and together. */
function endFields(
  state: CaptureState,
  known: (read: (descriptor: Descriptor, thread: Thread) => FieldValue | undefined) => FieldReader,
): Record<string, FieldReader> {
  const fields: Record<string, FieldReader> = {};
  const letters: readonly [string, End][] = [
    ["c", "client"],
    ["s", "server"],
    ["l", "local"],
    ["r", "remote"],
  ];
  for (const [letter, end] of letters) {
    const ip = known((descriptor, thread) => addressOf(state, descriptor, thread, end));
    const port = known((descriptor, thread) => portOf(state, descriptor, thread, end));
    fields[`fd.${letter}ip`] = ip;
    fields[`fd.${letter}net`] = ip;
    fields[`fd.${letter}port`] = port;
    fields[`fd.${letter}proto`] = known((descriptor, thread) => {
      const value = portOf(state, descriptor, thread, end);
      // Only connections have the text; a listening socket's is empty.
      if (value !== undefined) return isConnection(descriptor) ? String(value) : "";
      return end === "client" && isRoleful(descriptor) ? "" : undefined;
    });
    // Names are never looked up, so an address that is known has an empty one.
    fields[`fd.${letter}ip.name`] = known((descriptor) =>
      isConnection(descriptor) && isRoleful(descriptor) ? "" : undefined,
    );
  }
  const addresses = known(bothAddresses);
  const ports = known(bothPorts);
  return { ...fields, "fd.ip": addresses, "fd.net": addresses, "fd.port": ports, "fd.proto": ports };
}

function isConnection({ type }: Descriptor): boolean {
  return type === FdType.IPV4 || type === FdType.IPV6;
}

function isRoleful({ isRoleless }: Descriptor): boolean {
  return !isRoleless;
}

function stateLayout({ type }: Descriptor): typeof STATE_V4 | typeof STATE_V6 {
  return type === FdType.IPV4 ? STATE_V4 : STATE_V6;
}

function serverLayout({ type }: Descriptor): typeof SERVER_V4 | typeof SERVER_V6 | undefined {
  if (type === FdType.IPV4_SERVER) return SERVER_V4;
  return type === FdType.IPV6_SERVER ? SERVER_V6 : undefined;
}

/** True where the asked end is the one that the socket's state calls its source, the client. */
function isSource(state: CaptureState, descriptor: Descriptor, thread: Thread, end: End): boolean {
  if (end === "client" || end === "server") return end === "client";
  const { width, sourceIp } = stateLayout(descriptor);
  return isLocal(state, thread, descriptor.socket, sourceIp, width) === (end === "local");
}

function addressOf(state: CaptureState, descriptor: Descriptor, thread: Thread, end: End): Uint8Array | undefined {
  if (descriptor.isRoleless) return undefined;
  const { socket } = descriptor;
  if (isConnection(descriptor)) {
    const { width, sourceIp, destinationIp } = stateLayout(descriptor);
    const at = isSource(state, descriptor, thread, end) ? sourceIp : destinationIp;
    return socket.subarray(at, at + width);
  }
  const layout = end === "server" ? serverLayout(descriptor) : undefined;
  return layout && socket.subarray(layout.ip, layout.ip + layout.width);
}

function portOf(state: CaptureState, descriptor: Descriptor, thread: Thread, end: End): number | undefined {
  const { socket } = descriptor;
  if (isConnection(descriptor)) {
    if (descriptor.isRoleless) return undefined;
    const { sourcePort, destinationPort } = stateLayout(descriptor);
    return socket.readUInt16LE(isSource(state, descriptor, thread, end) ? sourcePort : destinationPort);
  }
  const layout = end === "server" ? serverLayout(descriptor) : undefined;
  return layout && socket.readUInt16LE(layout.port);
}

/** Both addresses of a connection, client first; one of a listening socket; none of anything else. */
function bothAddresses(descriptor: Descriptor): readonly Uint8Array[] {
  const { socket } = descriptor;
  if (isConnection(descriptor)) {
    const { width, sourceIp, destinationIp } = stateLayout(descriptor);
    return [socket.subarray(sourceIp, sourceIp + width), socket.subarray(destinationIp, destinationIp + width)];
  }
  const layout = serverLayout(descriptor);
  return layout ? [socket.subarray(layout.ip, layout.ip + layout.width)] : [];
}

function bothPorts(descriptor: Descriptor): readonly number[] {
  const { socket } = descriptor;
  if (isConnection(descriptor)) {
    const { sourcePort, destinationPort } = stateLayout(descriptor);
    return [socket.readUInt16LE(sourcePort), socket.readUInt16LE(destinationPort)];
  }
  const layout = serverLayout(descriptor);
  return layout ? [socket.readUInt16LE(layout.port)] : [];
}
