import { type DescriptorEntry, FdType } from "../scap/descriptor-list.ts";
import { addressText, L4 } from "./socket-address.ts";

/** Traits of an open descriptor that the events set. */
export const FdFlag = {
  CLIENT: 1 << 2,
  SERVER: 1 << 3,
  CONNECTED: 1 << 13,
  PENDING: 1 << 15,
  FAILED: 1 << 16,
  UPPER_LAYER: 1 << 17,
  LOWER_LAYER: 1 << 18,
} as const;

/** Open flags as events carry them (libs `PPM_O_*`, `PPM_FD_*`). */
export const OpenFlag = {
  RDONLY: 1 << 0,
  WRONLY: 1 << 1,
  CREAT: 1 << 2,
  DIRECTORY: 1 << 10,
  CLOEXEC: 1 << 12,
  TMPFILE: 1 << 13,
  CREATED: 1 << 14,
  UPPER_LAYER: 1 << 15,
  LOWER_LAYER: 1 << 16,
} as const;

/** Close-on-exec as eventpoll and memfd spell it. */
const OTHER_CLOEXEC = 1;

/** Bytes of a socket's state. The layouts overlap on purpose: a socket that changes its kind keeps the same bytes. */
const SOCKET_BYTES = 40;
const NO_SOCKET = Buffer.alloc(SOCKET_BYTES);

/** Where the ends of a connected socket stand in Descriptor.socket. */
export const STATE_V4 = {
  width: 4,
  sourceIp: 0,
  destinationIp: 4,
  sourcePort: 8,
  destinationPort: 10,
  l4: 12,
} as const;
export const STATE_V6 = {
  width: 16,
  sourceIp: 0,
  destinationIp: 16,
  sourcePort: 32,
  destinationPort: 34,
  l4: 36,
} as const;
/** Where a listening socket's address stands. */
export const SERVER_V4 = { width: 4, ip: 0, port: 4, l4: 6 } as const;
export const SERVER_V6 = { width: 16, ip: 0, port: 16, l4: 18 } as const;

/** One open file, socket or pipe of a process, as far as events told. */
export class Descriptor {
  type: number;
  name = "";
  /** The path as the call gave it, before it was resolved; files only. */
  rawName = "";
  /** The name before the event that is being looked at. */
  oldName = "";
  openFlags = 0;
  flags = 0;
  device = 0;
  inode = 0n;
  fd = -1;
  /** The process a pidfd stands for. */
  pid = 0;
  #socket: Buffer = NO_SOCKET;

  constructor(type: number) {
    this.type = type;
  }

  /** Addresses, ports and protocol; only to be read, and all zero for what is no socket. */
  get socket(): Buffer {
    return this.#socket;
  }

  /** The same to be written to. */
  ownSocket(): Buffer {
    if (this.#socket === NO_SOCKET) this.#socket = Buffer.alloc(SOCKET_BYTES);
    return this.#socket;
  }

  clone(): Descriptor {
    const copy = new Descriptor(this.type);
    copy.name = this.name;
    copy.rawName = this.rawName;
    copy.oldName = this.oldName;
    copy.openFlags = this.openFlags;
    copy.flags = this.flags;
    copy.device = this.device;
    copy.inode = this.inode;
    copy.fd = this.fd;
    copy.pid = this.pid;
    if (this.#socket !== NO_SOCKET) copy.#socket = Buffer.from(this.#socket);
    return copy;
  }

  get isFile(): boolean {
    return this.type === FdType.FILE_V2 || this.type === FdType.FILE;
  }

  get isNetwork(): boolean {
    return this.type >= FdType.IPV4 && this.type <= FdType.IPV6_SERVER;
  }

  get isRoleless(): boolean {
    return (this.flags & (FdFlag.CLIENT | FdFlag.SERVER)) === 0;
  }

  get isTcp(): boolean {
    return this.type === FdType.IPV4 && this.#socket[STATE_V4.l4] === L4.TCP;
  }

  get isUdp(): boolean {
    return this.type === FdType.IPV4 && this.#socket[STATE_V4.l4] === L4.UDP;
  }

  get isCloseOnExec(): boolean {
    if (this.openFlags & OpenFlag.CLOEXEC) return true;
    return (this.type === FdType.EVENTPOLL || this.type === FdType.MEMFD) && (this.openFlags & OTHER_CLOEXEC) !== 0;
  }

  clearCloseOnExec(): void {
    this.openFlags &= ~(OpenFlag.CLOEXEC | OTHER_CLOEXEC);
  }

  setConnection(state: number): void {
    this.flags = (this.flags & ~(FdFlag.CONNECTED | FdFlag.PENDING | FdFlag.FAILED)) | state;
  }

  /** The transport protocol; none for a connection of which no end is known to be the client. */
  get l4(): number {
    switch (this.type) {
      case FdType.IPV4:
      case FdType.IPV6: {
        const l4 = this.#socket[this.type === FdType.IPV4 ? STATE_V4.l4 : STATE_V6.l4] ?? 0;
        return l4 === L4.RAW || !this.isRoleless ? l4 : L4.NONE;
      }
      case FdType.IPV4_SERVER:
        return this.#socket[SERVER_V4.l4] ?? 0;
      case FdType.IPV6_SERVER:
        return this.#socket[SERVER_V6.l4] ?? 0;
      default:
        return L4.NONE;
    }
  }
}

/** A descriptor as the capture's list describes it. */
export function fromEntry(entry: DescriptorEntry): Descriptor {
  const descriptor = new Descriptor(entry.type);
  descriptor.fd = entry.fd;
  descriptor.inode = entry.inode;
  descriptor.openFlags = entry.openFlags;
  descriptor.device = entry.device;
  descriptor.name = entry.name;
  if (entry.socket) entry.socket.copy(descriptor.ownSocket());
  if (entry.type === FdType.UNIX) descriptor.flags |= entry.name === "" ? FdFlag.CLIENT : FdFlag.SERVER;
  return descriptor;
}

/** `1.2.3.4:80->5.6.7.8:90` of a connected socket's state, whatever its protocol. */
export function connectionText({ socket, type }: Descriptor): string {
  const layout = type === FdType.IPV4 ? STATE_V4 : STATE_V6;
  const source = `${addressText(socket, layout.sourceIp, layout.width)}:${socket.readUInt16LE(layout.sourcePort)}`;
  const to = `${addressText(socket, layout.destinationIp, layout.width)}:${socket.readUInt16LE(layout.destinationPort)}`;
  return `${source}->${to}`;
}

/** The same without ports where the protocol has none, and `<unknown>` where it is not known. */
export function connectionName(descriptor: Descriptor): string {
  const { socket, type } = descriptor;
  const layout = type === FdType.IPV4 ? STATE_V4 : STATE_V6;
  const l4 = socket[layout.l4];
  if (l4 === L4.TCP || l4 === L4.UDP) return connectionText(descriptor);
  if (l4 !== L4.ICMP && !(l4 === L4.RAW && type === FdType.IPV4)) return "<unknown>";
  const source = addressText(socket, layout.sourceIp, layout.width);
  return `${source}->${addressText(socket, layout.destinationIp, layout.width)}`;
}

/** `0.0.0.0:80` of a listening socket. */
export function serverText({ socket, type }: Descriptor): string {
  const layout = type === FdType.IPV4_SERVER ? SERVER_V4 : SERVER_V6;
  return `${addressText(socket, layout.ip, layout.width)}:${socket.readUInt16LE(layout.port)}`;
}

const LETTERS: ReadonlyMap<number, string> = new Map([
  [FdType.FILE_V2, "f"],
  [FdType.FILE, "f"],
  [FdType.IPV4, "4"],
  [FdType.IPV4_SERVER, "4"],
  [FdType.IPV6, "6"],
  [FdType.IPV6_SERVER, "6"],
  [FdType.DIRECTORY, "d"],
  [FdType.FIFO, "p"],
  [FdType.UNIX, "u"],
  [FdType.EVENT, "e"],
  [FdType.UNKNOWN, "o"],
  [FdType.UNSUPPORTED, "X"],
  [FdType.SIGNALFD, "s"],
  [FdType.EVENTPOLL, "l"],
  [FdType.INOTIFY, "i"],
  [FdType.TIMERFD, "t"],
  [FdType.NETLINK, "n"],
  [FdType.BPF, "b"],
  [FdType.USERFAULTFD, "u"],
  [FdType.IO_URING, "r"],
  [FdType.MEMFD, "m"],
  [FdType.PIDFD, "P"],
]);

const WORDS: ReadonlyMap<number, string> = new Map([
  [FdType.FILE_V2, "file"],
  [FdType.FILE, "file"],
  [FdType.DIRECTORY, "directory"],
  [FdType.IPV4, "ipv4"],
  [FdType.IPV4_SERVER, "ipv4"],
  [FdType.IPV6, "ipv6"],
  [FdType.IPV6_SERVER, "ipv6"],
  [FdType.UNIX, "unix"],
  [FdType.FIFO, "pipe"],
  [FdType.EVENT, "event"],
  [FdType.SIGNALFD, "signalfd"],
  [FdType.EVENTPOLL, "eventpoll"],
  [FdType.INOTIFY, "inotify"],
  [FdType.TIMERFD, "timerfd"],
  [FdType.NETLINK, "netlink"],
  [FdType.BPF, "bpf"],
  [FdType.USERFAULTFD, "userfaultfd"],
  [FdType.IO_URING, "io_uring"],
  [FdType.MEMFD, "memfd"],
  [FdType.PIDFD, "pidfd"],
]);

/** One letter for a kind of descriptor, as `fd.typechar` has it. */
export function typeLetter(type: number): string {
  return LETTERS.get(type) ?? "?";
}

/** A word for a kind of descriptor, as `fd.type` has it. */
export function typeWord(type: number): string {
  return WORDS.get(type) ?? "<NA>";
}
