import { FdType } from "../scap/descriptor-list.ts";
import { type Descriptor, STATE_V4, STATE_V6 } from "./descriptor.ts";
import { EVENT_TUPLE_V4, EVENT_TUPLE_V6, Family, isMappedV4, type TupleLayout } from "./socket-address.ts";

/** Both ends of a connection, wherever their bytes stand. */
export interface Ends {
  width: 4 | 16;
  source: Buffer;
  sourcePort: number;
  destination: Buffer;
  destinationPort: number;
}

/** The ends of an event's tuple; IPv4 where it is written as IPv6. */
export function endsOf(bytes: Buffer, at: number): Ends {
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

/** Takes over the ends of a connection; false where they were the same already, in either direction. */
export function setEnds(descriptor: Descriptor, ends: Ends): boolean {
  const layout = ends.width === 4 ? STATE_V4 : STATE_V6;
  const socket = descriptor.ownSocket();
  const source = socket.subarray(layout.sourceIp, layout.sourceIp + layout.width);
  const destination = socket.subarray(layout.destinationIp, layout.destinationIp + layout.width);
  const sourcePort = socket.readUInt16LE(layout.sourcePort);
  const destinationPort = socket.readUInt16LE(layout.destinationPort);
  const isSame = (a: Buffer, aPort: number, b: Buffer, bPort: number) =>
    a.equals(source) && aPort === sourcePort && b.equals(destination) && bPort === destinationPort;
  if (isSame(ends.source, ends.sourcePort, ends.destination, ends.destinationPort)) return false;
  const isSameType = descriptor.type === (ends.width === 4 ? FdType.IPV4 : FdType.IPV6);
  if (isSameType && isSame(ends.destination, ends.destinationPort, ends.source, ends.sourcePort)) return false;
  ends.source.copy(source);
  socket.writeUInt16LE(ends.sourcePort, layout.sourcePort);
  ends.destination.copy(destination);
  socket.writeUInt16LE(ends.destinationPort, layout.destinationPort);
  return true;
}

/** Turns a connection round. */
export function swapEnds(descriptor: Descriptor): void {
  const layout = descriptor.type === FdType.IPV4 ? STATE_V4 : STATE_V6;
  const socket = descriptor.ownSocket();
  const before = Buffer.from(socket);
  before.copy(socket, layout.sourceIp, layout.destinationIp, layout.destinationIp + layout.width);
  before.copy(socket, layout.destinationIp, layout.sourceIp, layout.sourceIp + layout.width);
  before.copy(socket, layout.sourcePort, layout.destinationPort, layout.destinationPort + 2);
  before.copy(socket, layout.destinationPort, layout.sourcePort, layout.sourcePort + 2);
}
