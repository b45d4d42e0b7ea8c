import type { Cursor } from "../bytes/cursor.ts";
import { captureError } from "./capture-fault.ts";
import { skipTo } from "./interface-list.ts";

/** Kinds of file descriptors, by the number captures give them (libs `scap_fd_type`). */
export const FdType = {
  UNKNOWN: 0,
  FILE: 1,
  DIRECTORY: 2,
  IPV4: 3,
  IPV6: 4,
  IPV4_SERVER: 5,
  IPV6_SERVER: 6,
  FIFO: 7,
  UNIX: 8,
  EVENT: 9,
  UNSUPPORTED: 10,
  SIGNALFD: 11,
  EVENTPOLL: 12,
  INOTIFY: 13,
  TIMERFD: 14,
  NETLINK: 15,
  FILE_V2: 16,
  BPF: 17,
  USERFAULTFD: 18,
  IO_URING: 19,
  MEMFD: 20,
  PIDFD: 21,
} as const;

/** A descriptor that was open when the capture began. */
export interface DescriptorEntry {
  readonly fd: number;
  readonly inode: bigint;
  readonly type: number;
  /** Path of a file, of a unix socket, or whatever the recorder called it. */
  readonly name: string;
  /** Network and unix sockets: addresses, ports and protocol in the file's order; see `state/socket-address.ts`. */
  readonly socket?: Buffer;
  readonly openFlags: number;
  readonly device: number;
}

const MAX_NAME_BYTES = 1023;

/** Bytes that a socket of each type is described by. */
const SOCKET_BYTES: ReadonlyMap<number, number> = new Map([
  [FdType.IPV4, 13],
  [FdType.IPV4_SERVER, 7],
  [FdType.IPV6, 37],
  [FdType.IPV6_SERVER, 19],
  [FdType.UNIX, 16],
]);

/** Descriptor list: the thread, then its descriptors; since version 2 each begins with its length. */
export function readDescriptors(
  cursor: Cursor,
  version: number,
  each: (tid: number, entry: DescriptorEntry) => void,
): void {
  const tid = cursor.i64("thread of a descriptor list");
  while (cursor.left >= 4) each(tid, readDescriptor(cursor, version));
}

function readDescriptor(cursor: Cursor, version: number): DescriptorEntry {
  const begin = cursor.offset;
  const length = version === 2 ? cursor.u32("length of a descriptor") : 0;
  const end = length === 0 ? undefined : begin + length;
  const fd = cursor.i64("descriptor number");
  const inode = cursor.u64("descriptor inode");
  const type = cursor.u8("descriptor type");
  const entry = { fd, inode, type, name: "", openFlags: 0, device: 0, ...readDetails(cursor, type, end) };
  if (end !== undefined) skipTo(cursor, end, "descriptor");
  return entry;
}

function readDetails(cursor: Cursor, type: number, end: number | undefined): Partial<DescriptorEntry> {
  const bytes = SOCKET_BYTES.get(type);
  if (bytes !== undefined) {
    const socket = Buffer.from(cursor.slice(bytes, "socket"));
    return type === FdType.UNIX ? { socket, name: name(cursor) } : { socket };
  }
  if (type === FdType.FILE_V2) {
    const openFlags = cursor.u32("open flags");
    const path = name(cursor);
    const device = end !== undefined && end - cursor.offset >= 4 ? cursor.u32("device") : 0;
    return { openFlags, name: path, device };
  }
  if (type === FdType.UNKNOWN) return {};
  if (type > FdType.PIDFD) return { type: FdType.UNSUPPORTED, name: `unknown-type:[${type}]` };
  return { name: name(cursor) };
}

function name(cursor: Cursor): string {
  const length = cursor.u16("length of a descriptor's name");
  if (length > MAX_NAME_BYTES) {
    throw captureError("CAPTURE_DAMAGED", `a descriptor's name has ${length} bytes, more than ${MAX_NAME_BYTES}`);
  }
  return cursor.text(length, "descriptor's name");
}
