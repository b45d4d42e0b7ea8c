import type { ScapEvent } from "../event/event.ts";
import { hasParam, paramU32, returnValue, textAt } from "../event/read-param.ts";
import { FdType } from "../scap/descriptor-list.ts";
import { connectionName, Descriptor, FdFlag, OpenFlag, STATE_V4, STATE_V6 } from "./descriptor.ts";
import { enterOf } from "./enter-event.ts";
import { socketAddressText, socketTupleText } from "./param-text.ts";
import { Family, hexU64, isMappedV4, isWholeAddress, isWholeTuple, L4 } from "./socket-address.ts";
import { type Ends, endsOf, setEnds, swapEnds } from "./socket-ends.ts";
import type { Update, UpdateContext } from "./update-context.ts";

const EINPROGRESS = 115;

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
    const changed = setEnds(descriptor, ends);
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
