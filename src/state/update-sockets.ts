import type { ScapEvent } from "../event/event.ts";
import { hasParam, paramI64, paramU32, returnValue } from "../event/read-param.ts";
import { FdType } from "../scap/descriptor-list.ts";
import { connectionName, Descriptor, FdFlag, SERVER_V4, SERVER_V6, STATE_V4, STATE_V6 } from "./descriptor.ts";
import { socketAddressText, socketTupleText } from "./param-text.ts";
import { Family, isMappedV4, isWholeAddress, isWholeTuple, L4 } from "./socket-address.ts";
import { endsOf, setEnds, swapEnds } from "./socket-ends.ts";
import type { Thread } from "./thread.ts";
import type { Update, UpdateContext } from "./update-context.ts";

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;

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
