import type { ScapEvent } from "../event/event.ts";
import { splitTexts } from "../event/read-param.ts";
import type { CgroupSet } from "./cgroups.ts";
import type { Descriptor } from "./descriptor.ts";

/** Flags of a thread: those of clone() as events carry them, and a few that only the state knows. */
export const ThreadFlag = {
  CLONE_FILES: 1 << 0,
  NEW_PID_NAMESPACE: 1 << 6,
  CLONE_PARENT: 1 << 8,
  CLONE_THREAD: 1 << 13,
  INVERTED: 1 << 16,
  NAME_CHANGED: 1 << 17,
  CLOSED: 1 << 18,
  ACTIVE: 1 << 19,
  NEW_USER_NAMESPACE: 1 << 20,
  PIPE_SOURCE: 1 << 21,
  PIPE_DESTINATION: 1 << 22,
  VFORK: 1 << 27,
  CHILD_IN_PID_NAMESPACE: 1 << 29,
  MAIN_THREAD: 1 << 30,
} as const;

export const NO_ID = 0xffff_ffff;
const NO_BYTES = Buffer.alloc(0);

/** Threads of one process. */
export interface ThreadGroup {
  readonly pid: number;
  /** Takes over the children of those of its descendants that die. */
  isReaper: boolean;
  alive: number;
  /** The main thread, while it is known, is the first. */
  threads: Thread[];
}

/** One thread; a process is its main thread. Ids are -1 where they are not known. */
export class Thread {
  readonly tid: number;
  pid = -1;
  ptid = -1;
  sid = -1;
  vpgid = -1;
  pgid = -1;
  vtid = -1;
  vpid = -1;
  reaperTid = -1;
  comm = "";
  exe = "";
  exepath = "";
  cwd = "";
  root = "";
  flags: number = ThreadFlag.NAME_CHANGED;
  fdLimit = -1;
  uid = NO_ID;
  gid = NO_ID;
  loginUid = NO_ID;
  capPermitted = 0n;
  capEffective = 0n;
  capInheritable = 0n;
  exeInode = 0n;
  exeCtimeNs = 0n;
  exeMtimeNs = 0n;
  exeCtimeToCloneNs = 0n;
  exeCtimeSincePidNamespaceNs = 0n;
  exeWritable = false;
  exeUpperLayer = false;
  exeLowerLayer = false;
  exeFromMemfd = false;
  vmSizeKb = 0;
  vmRssKb = 0;
  vmSwapKb = 0;
  majorFaults = 0n;
  minorFaults = 0n;
  pidNamespaceStartNs = 0n;
  tty = 0;
  /** When it was made; 0 for those that lived before the capture. */
  cloneNs = 0n;
  cgroups: CgroupSet | undefined;
  containerId = "";
  /** The descriptor that the last event of this thread used; -1 for none. */
  lastFd = 0;
  /** Type of the last enter event; -1 for none. */
  lastEnterType = -1;
  lastEnterValid = false;
  /** The enter event itself where its exit event needs it. */
  lastEnter: ScapEvent | undefined;
  group: ThreadGroup | undefined;
  /** May hold threads that are gone already; `liveChildren` counts those that are not. */
  children: Thread[] = [];
  liveChildren = 0;
  /** True once it is out of the table. */
  isGone = false;
  /** Descriptors of the process; the main thread's are those of all its threads. */
  readonly descriptors = new Map<number, Descriptor>();
  #args: readonly string[] | undefined;
  #argBytes: Buffer = NO_BYTES;
  #env: readonly string[] | undefined;
  #envBytes: Buffer = NO_BYTES;

  constructor(tid: number) {
    this.tid = tid;
  }

  get args(): readonly string[] {
    this.#args ??= splitTexts(this.#argBytes, 0, this.#argBytes.length);
    return this.#args;
  }

  /** NUL-separated arguments, kept as they are until somebody asks. */
  set argBytes(bytes: Buffer) {
    this.#argBytes = bytes;
    this.#args = undefined;
  }

  get argBytes(): Buffer {
    return this.#argBytes;
  }

  /** The environment of its own; see `environmentOf` for that of its process. */
  get ownEnv(): readonly string[] {
    this.#env ??= splitTexts(this.#envBytes, 0, this.#envBytes.length);
    return this.#env;
  }

  set envBytes(bytes: Buffer) {
    this.#envBytes = bytes;
    this.#env = undefined;
  }

  get envBytes(): Buffer {
    return this.#envBytes;
  }

  get isMain(): boolean {
    return this.tid === this.pid || (this.flags & ThreadFlag.MAIN_THREAD) !== 0;
  }

  get isInvalid(): boolean {
    return this.tid < 0 || this.pid < 0 || this.ptid < 0;
  }

  get isDead(): boolean {
    return (this.flags & ThreadFlag.CLOSED) !== 0;
  }

  get isInPidNamespace(): boolean {
    return (this.flags & ThreadFlag.CHILD_IN_PID_NAMESPACE) !== 0 || (this.tid !== this.vtid && this.vtid >= 0);
  }

  /** The main thread of its process; undefined where that is not known. */
  get main(): Thread | undefined {
    if (this.isMain) return this;
    const first = this.group?.threads[0];
    return first?.isMain && !first.isGone ? first : undefined;
  }

  /** The open descriptors it sees. */
  get fds(): Map<number, Descriptor> | undefined {
    return this.flags & ThreadFlag.CLONE_FILES ? this.main?.descriptors : this.descriptors;
  }

  /** The descriptor `fd`, remembering its name as the one before this event. */
  fd(fd: number): Descriptor | undefined {
    if (fd < 0) return undefined;
    const descriptor = this.fds?.get(fd);
    if (descriptor) descriptor.oldName = descriptor.name;
    return descriptor;
  }

  /** The working folder of its process, with a slash at the end. */
  get workingFolder(): string {
    return this.main?.cwd ?? "./";
  }

  /** `name argument argument…` */
  get cmdline(): string {
    const { args } = this;
    return args.length === 0 ? this.comm : `${this.comm} ${args.join(" ")}`;
  }
}

/** The environment of a thread's process. */
export function environmentOf(thread: Thread): readonly string[] {
  return (thread.isMain ? thread : (thread.main ?? thread)).ownEnv;
}

const DELETED = " (deleted)";

/** A program's path without the mark of a file that is gone. */
export function withoutDeleted(path: string): string {
  return path.length > DELETED.length && path.endsWith(DELETED) ? path.slice(0, -DELETED.length) : path;
}
