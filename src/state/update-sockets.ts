import type { ScapEvent } from "../event/event.ts";
import { hasParam, paramI64, paramU32, returnValue, textAt } from "../event/read-param.ts";
import { FdType } from "../scap/descriptor-list.ts";
import {
  connectionName,
  Descriptor,
  FdFlag,
  OpenFlag,
  SERVER_V4,
  SERVER_V6,
  STATE_V4,
  STATE_V6,
} from "./descriptor.ts";
import { enterOf } from "./enter-event.ts";
import { socketAddressText, socketTupleText } from "./param-text.ts";
import {
  EVENT_TUPLE_V4,
  EVENT_TUPLE_V6,
  Family,
  hexU64,
  isMappedV4,
  isWholeAddress,
  isWholeTuple,
  L4,
  type TupleLayout,
} from "./socket-address.ts";
import type { Thread } from "./thread.ts";
import type { Update, UpdateContext } from "./update-context.ts";

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const EINPROGRESS = 115;

/** Protocol numbers of socket(). */
const IPPROTO = { IP: 0, ICMP: 1, TCP: 6, UDP: 17, RAW: 255 } as const;

export const openSocket: Update = (state, event) => {
  const fd = returnValue(event);
  if (!state.thread || fd < 0) return;
  addSocket(state, fd, paramU32(event, 1), paramU32(event, 2), paramU32(event, 3), paramU32(event, 4));
};

function addSocket(
  state: UpdateContext,
  fd: number,
  domain: number,
  type: number,
  protocol: number,
  flags: number,
): void {
  const kind = { 1: FdType.UNIX, 2: FdType.IPV4, 10: FdType.IPV6, 16: FdType.NETLINK }[domain] ?? FdType.UNKNOWN;
  const socket = new Descriptor(kind);
  socket.openFlags = flags;
  if (kind === FdType.IPV4 || kind === FdType.IPV6) {
    socket.ownSocket()[kind === FdType.IPV4 ? STATE_V4.l4 : STATE_V6.l4] = l4Of(type, protocol);
  }
  state.open(fd, socket);
}

function l4Of(type: number, protocol: number): number {
  switch (protocol) {
    case IPPROTO.TCP:
      return type === SOCK_RAW ? L4.RAW : L4.TCP;
    case IPPROTO.UDP:
      return type === SOCK_RAW ? L4.RAW : L4.UDP;
    case IPPROTO.IP:
      if ((type & 0xff) === SOCK_STREAM) return L4.TCP;
      return (type & 0xff) === SOCK_DGRAM ? L4.UDP : L4.UNKNOWN;
    case IPPROTO.ICMP:
      return type === SOCK_RAW ? L4.RAW : L4.ICMP;
    default:
      return protocol === IPPROTO.RAW ? L4.RAW : L4.UNKNOWN;
  }
}

/** socketpair: both ends at once. */
export const openSocketPair: Update = (state, event) => {
  if (!state.thread || returnValue(event) < 0) return;
  const fds = [paramI64(event, 1), paramI64(event, 2)] as const;
  if (fds[0] === fds[1]) {
    state.descriptor = undefined;
    return;
  }
  const pair = new Descriptor(FdType.UNIX);
  copyParam(event, 3, pair.ownSocket(), 0);
  copyParam(event, 4, pair.ownSocket(), 8);
  state.open(fds[0], pair);
  const first = state.descriptor;
  state.open(fds[1], pair.clone());
  state.descriptor = first;
};

function copyParam(event: ScapEvent, index: number, to: Buffer, at: number): void {
  const start = event.paramStart(index);
  if (event.paramLength(index) === 8) event.bytes.copy(to, at, start, start + 8);
}

export const bindSocket: Update = (state, event) => {
  const { descriptor } = state;
  if (!descriptor || returnValue(event) < 0) return;
  const at = event.paramStart(1);
  const { bytes } = event;
  if (!isWholeAddress(bytes, at, event.paramLength(1))) return;
  const family = bytes[at];
  if (family === Family.INET) listen(descriptor, bytes, at + 1, 4, bytes.readUInt16LE(at + 5));
  else if (family === Family.INET6) {
    const port = bytes.readUInt16LE(at + 17);
    if (isMappedV4(bytes, at + 1)) listen(descriptor, bytes, at + 13, 4, port);
    else listen(descriptor, bytes, at + 1, 16, port);
  }
  descriptor.name = socketAddressText(state, event, 1);
};

/** A socket bound to a port is taken for a listening one. */
function listen(descriptor: Descriptor, bytes: Buffer, at: number, width: 4 | 16, port: number): void {
  if (port === 0) return;
  const before = descriptor.type === FdType.IPV6 ? STATE_V6 : STATE_V4;
  const l4 = descriptor.socket[before.l4] ?? 0;
  const layout = width === 4 ? SERVER_V4 : SERVER_V6;
  descriptor.type = width === 4 ? FdType.IPV4_SERVER : FdType.IPV6_SERVER;
  const socket = descriptor.ownSocket();
  bytes.copy(socket, layout.ip, at, at + width);
  socket.writeUInt16LE(port, layout.port);
  socket[layout.l4] = l4;
  descriptor.flags |= FdFlag.SERVER;
}

export const connectSocket: Update = (state, event) => {
  const { descriptor, thread } = state;
  const result = returnValue(event);
  if (!thread || !descriptor || (result < 0 && result !== -EINPROGRESS)) return;
  descriptor.setConnection(FdFlag.CONNECTED);
  const enter = enterOf(state, event);
  const enterAddress =
    enter && isWholeAddress(enter.bytes, enter.paramStart(1), enter.paramLength(1)) ? enter : undefined;
  if (!hasParam(event, 1)) {
    if (enterAddress) connectTo(state, descriptor, enterAddress);
    return;
  }
  if (isWholeTuple(event.bytes, event.paramStart(1), event.paramLength(1)))
    connectBoth(descriptor, event, enterAddress);
};

/** The call gave no tuple, as with TCP fast open: only the other end is known, from the enter event. */
function connectTo(state: UpdateContext, descriptor: Descriptor, enter: ScapEvent): void {
  const { bytes } = enter;
  const at = enter.paramStart(1);
  if (bytes[at] !== Family.INET && bytes[at] !== Family.INET6) {
    descriptor.name = socketAddressText(state, enter, 1);
    return;
  }
  const isV6 = bytes[at] === Family.INET6;
  const isPlainV6 = isV6 && !isMappedV4(bytes, at + 1);
  descriptor.type = isPlainV6 ? FdType.IPV6 : FdType.IPV4;
  const layout = isPlainV6 ? STATE_V6 : STATE_V4;
  const ip = isV6 && !isPlainV6 ? at + 13 : at + 1;
  bytes.copy(descriptor.ownSocket(), layout.destinationIp, ip, ip + layout.width);
  bytes.copy(descriptor.ownSocket(), layout.destinationPort, at + (isV6 ? 17 : 5), at + (isV6 ? 19 : 7));
}

function connectBoth(descriptor: Descriptor, event: ScapEvent, enter: ScapEvent | undefined): void {
  const { bytes } = event;
  const at = event.paramStart(1);
  const family = bytes[at];
  if (family === Family.INET || family === Family.INET6) {
    const ends = endsOf(bytes, at);
    const trusted = enter && trustedDestination(event, enter, ends);
    if (trusted) Object.assign(ends, trusted);
    descriptor.type = ends.width === 4 ? FdType.IPV4 : FdType.IPV6;
    const changed = setEnds(descriptor, ends, true);
    if (changed && descriptor.flags & FdFlag.SERVER && descriptor.isUdp) swapEnds(descriptor);
    descriptor.name = connectionName(descriptor);
  } else {
    if (descriptor.type !== FdType.UNIX) return;
    bytes.copy(descriptor.ownSocket(), 0, at + 1, at + 17);
    const path = unixDestination(event, enter);
    descriptor.name = `${hexU64(bytes, at + 1)}->${hexU64(bytes, at + 9)} ${path}`;
  }
  if (descriptor.isRoleless) descriptor.flags |= FdFlag.CLIENT;
}

/** Both ends of a connection, wherever their bytes stand. */
interface Ends {
  width: 4 | 16;
  source: Buffer;
  sourcePort: number;
  destination: Buffer;
  destinationPort: number;
}

/** The ends of an event's tuple; IPv4 where it is written as IPv6. */
function endsOf(bytes: Buffer, at: number): Ends {
  const layout: TupleLayout = bytes[at] === Family.INET ? EVENT_TUPLE_V4 : EVENT_TUPLE_V6;
  const sourcePort = bytes.readUInt16LE(at + layout.sourcePort);
  const destinationPort = bytes.readUInt16LE(at + layout.destinationPort);
  const from = at + layout.sourceIp;
  const to = at + layout.destinationIp;
  const mapped = layout.width === 16 && isMappedV4(bytes, from) && isMappedV4(bytes, to);
  const skip = mapped ? 12 : 0;
  return {
    width: mapped ? 4 : layout.width,
    source: bytes.subarray(from + skip, from + layout.width),
    sourcePort,
    destination: bytes.subarray(to + skip, to + layout.width),
    destinationPort,
  };
}

/**
 * The address that the call was entered with, unless the kernel's own tuple says otherwise than the address that was
 * there at the end: a program may have changed that one for the recorder's eyes.
 */
function trustedDestination(event: ScapEvent, enter: ScapEvent, { width, destination, destinationPort }: Ends) {
  const at = event.paramStart(3);
  if (!isWholeAddress(event.bytes, at, event.paramLength(3))) return undefined;
  const full = event.bytes[at] === Family.INET6 ? 16 : 4;
  const skip = full === 16 && width === 4 ? 12 : 0;
  const enterAt = enter.paramStart(1);
  if (enter.bytes[enterAt] !== event.bytes[at]) return undefined;
  const ip = event.bytes.subarray(at + 1 + skip, at + 1 + full);
  if (event.bytes.readUInt16LE(at + 1 + full) !== destinationPort || !ip.equals(destination)) return undefined;
  return {
    destination: enter.bytes.subarray(enterAt + 1 + skip, enterAt + 1 + full),
    destinationPort: enter.bytes.readUInt16LE(enterAt + 1 + full),
  };
}

function unixDestination(event: ScapEvent, enter: ScapEvent | undefined): string {
  const tuplePath = tail(event, 1, 17);
  if (!enter || !isWholeAddress(event.bytes, event.paramStart(3), event.paramLength(3))) return tuplePath;
  return tail(event, 3, 1) === tuplePath ? tail(enter, 1, 1) : tuplePath;
}

/** Text of a parameter from `skip` bytes on. */
function tail(event: ScapEvent, index: number, skip: number): string {
  const start = event.paramStart(index);
  return textAt(
    event.bytes,
    Math.min(start + skip, start + event.paramLength(index)),
    start + event.paramLength(index),
  );
}

/** Takes over the ends of a connection; false where they were the same already, in either direction. */
function setEnds(descriptor: Descriptor, ends: Ends, overwrite = false): boolean {
  const layout = ends.width === 4 ? STATE_V4 : STATE_V6;
  const socket = descriptor.ownSocket();
  const source = socket.subarray(layout.sourceIp, layout.sourceIp + layout.width);
  const destination = socket.subarray(layout.destinationIp, layout.destinationIp + layout.width);
  const sourcePort = socket.readUInt16LE(layout.sourcePort);
  const destinationPort = socket.readUInt16LE(layout.destinationPort);
  const isSame = (a: Buffer, aPort: number, b: Buffer, bPort: number) =>
    a.equals(source) && aPort === sourcePort && b.equals(destination) && bPort === destinationPort;
  if (descriptor.type === (ends.width === 4 ? FdType.IPV4 : FdType.IPV6)) {
    if (isSame(ends.source, ends.sourcePort, ends.destination, ends.destinationPort)) return false;
    if (isSame(ends.destination, ends.destinationPort, ends.source, ends.sourcePort)) return false;
  }
  let changed = !source.equals(ends.source) || sourcePort !== ends.sourcePort;
  ends.source.copy(source);
  socket.writeUInt16LE(ends.sourcePort, layout.sourcePort);
  if (isZero(destination) || (overwrite && !destination.equals(ends.destination))) {
    ends.destination.copy(destination);
    changed = true;
  }
  if (destinationPort === 0 || (overwrite && destinationPort !== ends.destinationPort)) {
    socket.writeUInt16LE(ends.destinationPort, layout.destinationPort);
    changed = true;
  }
  return changed;
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

function swapEnds(descriptor: Descriptor): void {
  const layout = descriptor.type === FdType.IPV4 ? STATE_V4 : STATE_V6;
  const socket = descriptor.ownSocket();
  const before = Buffer.from(socket);
  before.copy(socket, layout.sourceIp, layout.destinationIp, layout.destinationIp + layout.width);
  before.copy(socket, layout.destinationIp, layout.sourceIp, layout.sourceIp + layout.width);
  before.copy(socket, layout.sourcePort, layout.destinationPort, layout.destinationPort + 2);
  before.copy(socket, layout.destinationPort, layout.sourcePort, layout.sourcePort + 2);
}

const ACCEPT4 = 389;

export const acceptSocket: Update = (state, event) => {
  const { thread } = state;
  const fd = returnValue(event);
  if (!thread || fd < 0) return;
  thread.lastFd = fd;
  const { bytes } = event;
  const at = event.paramStart(1);
  if (!isWholeTuple(bytes, at, event.paramLength(1))) return;
  const family = bytes[at];
  const socket = new Descriptor(FdType.UNIX);
  if (family === Family.INET || family === Family.INET6) {
    const ends = endsOf(bytes, at);
    // The kind is set only now, so that the ends are taken over whatever they are.
    setEnds(socket, ends);
    socket.type = ends.width === 4 ? FdType.IPV4 : FdType.IPV6;
    socket.ownSocket()[(ends.width === 4 ? STATE_V4 : STATE_V6).l4] = L4.TCP;
  } else if (family === Family.UNIX) {
    bytes.copy(socket.ownSocket(), 0, at + 1, at + 17);
  } else {
    return;
  }
  socket.name = socketTupleText(state, event, 1);
  if (event.type === ACCEPT4) socket.openFlags = paramU32(event, 5) & OpenFlag.CLOEXEC;
  socket.flags = FdFlag.SERVER | FdFlag.CONNECTED;
  state.open(fd, socket);
};

/** Parameter with both ends of the connection, by event type. */
const READ_TUPLES: Readonly<Record<number, number>> = { 35: 2, 53: 3, 55: 4, 33: 4 };
const RECVMMSG = 55;

/** read, recv and their kin: datagrams tell where they came from. */
export const readFrom: Update = (state, event) => {
  const { descriptor, thread } = state;
  if (!descriptor || !thread || (event.type === RECVMMSG && !hasParam(event, 0)) || returnValue(event) < 0) return;
  if (descriptor.type === FdType.IPV4 || descriptor.type === FdType.IPV6) descriptor.setConnection(FdFlag.CONNECTED);
  const param = READ_TUPLES[event.type];
  if (param !== undefined) learnEnds(state, event, param, thread, descriptor, true);
};

const SENDS = new Set([29, 31, 49, 51]);
const SENDMMSG = 51;
const SEND_TUPLE = 4;

/** write, send and their kin. A send on a descriptor that is not known makes a datagram socket of it. */
export const writeTo: Update = (state, event) => {
  if (event.type === SENDMMSG && !hasParam(event, 0)) return;
  const { thread } = state;
  const isSend = SENDS.has(event.type);
  if (isSend && event.type !== SENDMMSG && !state.descriptor && thread) inferSocket(state, event);
  const { descriptor } = state;
  if (!descriptor || !thread || returnValue(event) < 0) return;
  if (descriptor.type === FdType.IPV4 || descriptor.type === FdType.IPV6) descriptor.setConnection(FdFlag.CONNECTED);
  if (isSend) learnEnds(state, event, SEND_TUPLE, thread, descriptor, false);
};

function inferSocket(state: UpdateContext, event: ScapEvent): void {
  if (returnValue(event) < 0 || !hasParam(event, SEND_TUPLE)) return;
  const family = event.bytes[event.paramStart(SEND_TUPLE)];
  if (family !== Family.INET && family !== Family.INET6) return;
  addSocket(state, paramI64(event, 2), family, SOCK_DGRAM, IPPROTO.UDP, 0);
}

function learnEnds(
  state: UpdateContext,
  event: ScapEvent,
  param: number,
  thread: Thread,
  descriptor: Descriptor,
  incoming: boolean,
): void {
  if (descriptor.name !== "" && descriptor.isTcp) return;
  if (!updateEnds(state, event, param, descriptor)) return;
  if (descriptor.type !== FdType.IPV4 && descriptor.type !== FdType.IPV6) {
    descriptor.name = socketTupleText(state, event, param);
    return;
  }
  if (descriptor.isRoleless) guessRole(thread, descriptor, incoming);
  if (descriptor.flags & (incoming ? FdFlag.CLIENT : FdFlag.SERVER)) swapEnds(descriptor);
  descriptor.name = connectionName(descriptor);
}

/** Takes an event's tuple over; false where it says nothing new. */
function updateEnds(state: UpdateContext, event: ScapEvent, param: number, descriptor: Descriptor): boolean {
  const { bytes } = event;
  const at = event.paramStart(param);
  if (!isWholeTuple(bytes, at, event.paramLength(param))) return false;
  const family = bytes[at];
  if (family === Family.INET || family === Family.INET6) {
    const ends = endsOf(bytes, at);
    if (family === Family.INET && descriptor.type === FdType.IPV4_SERVER) {
      descriptor.ownSocket()[STATE_V4.l4] = descriptor.socket[SERVER_V4.l4] ?? 0;
    }
    if (ends.width === 4) descriptor.type = FdType.IPV4;
    if (!setEnds(descriptor, ends)) return false;
  } else if (family === Family.UNIX) {
    descriptor.type = FdType.UNIX;
    bytes.copy(descriptor.ownSocket(), 0, at + 1, at + 17);
    return true;
  }
  // TCP does not change its ends in the middle, so what does is taken for UDP.
  const layout = { [FdType.IPV4]: STATE_V4, [FdType.IPV6]: STATE_V6 }[descriptor.type];
  if (layout && descriptor.socket[layout.l4] === L4.UNKNOWN) descriptor.ownSocket()[layout.l4] = L4.UDP;
  state.interfaces.complete(descriptor);
  return true;
}

/** A process that is bound to the port is the server; libs looks at the bytes of an IPv4 socket whatever the kind. */
function guessRole(thread: Thread, descriptor: Descriptor, incoming: boolean): void {
  const port = descriptor.socket.readUInt16LE(STATE_V4.destinationPort);
  if (!isBound(thread, port)) descriptor.flags |= FdFlag.CLIENT;
  else if (!usesPort(thread, descriptor.socket.readUInt16LE(STATE_V4.sourcePort))) descriptor.flags |= FdFlag.SERVER;
  else descriptor.flags |= incoming ? FdFlag.SERVER : FdFlag.CLIENT;
}

function isBound(thread: Thread, port: number): boolean {
  for (const { type, socket } of thread.fds?.values() ?? []) {
    if (type === FdType.IPV4 && socket.readUInt16LE(STATE_V4.destinationPort) === port) return true;
    if (type === FdType.IPV4_SERVER && socket.readUInt16LE(SERVER_V4.port) === port) return true;
  }
  return false;
}

function usesPort(thread: Thread, port: number): boolean {
  for (const { type, socket } of thread.fds?.values() ?? []) {
    if (type === FdType.IPV4 && socket.readUInt16LE(STATE_V4.sourcePort) === port) return true;
  }
  return false;
}
