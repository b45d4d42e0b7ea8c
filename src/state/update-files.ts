import type { ScapEvent } from "../event/event.ts";
import {
  ABSENT_TEXT,
  hasParam,
  paramI64,
  paramText,
  paramU8,
  paramU16,
  paramU32,
  paramU64,
  returnValue,
} from "../event/read-param.ts";
import { FdType } from "../scap/descriptor-list.ts";
import { Descriptor, FdFlag, OpenFlag } from "./descriptor.ts";
import { enterOf } from "./enter-event.ts";
import { asFolder, resolvePath } from "./path.ts";
import { type Thread, ThreadFlag } from "./thread.ts";
import type { Update } from "./update-context.ts";

export const AT_FDCWD = -100;
const FD_CLOEXEC = 1n;

/** Where the parameters of the ways to open a file stand; -1 for those that one does not have. */
interface OpenLayout {
  readonly folder: number;
  readonly name: number;
  readonly flags: number;
  readonly device: number;
  /** The same in the enter event. */
  readonly enter?: { readonly folder: number; readonly name: number; readonly flags: number };
}

const LAYOUTS: Readonly<Record<number, OpenLayout>> = {
  3: { folder: -1, name: 1, flags: 2, device: 4, enter: { folder: -1, name: 0, flags: 1 } },
  59: { folder: -1, name: 1, flags: -1, device: 3, enter: { folder: -1, name: 0, flags: -1 } },
  307: { folder: 1, name: 2, flags: 3, device: 5, enter: { folder: 0, name: 1, flags: 2 } },
  327: { folder: 1, name: 2, flags: 3, device: 6, enter: { folder: 0, name: 1, flags: 2 } },
  337: { folder: -1, name: 3, flags: 2, device: 4 },
};
const CREAT = 59;
const OPEN_BY_HANDLE = 337;
const CREAT_UPPER_LAYER = 1;
const CREAT_LOWER_LAYER = 2;

/** open, creat, openat, openat2, open_by_handle_at: the file that was opened. */
export const openFile: Update = (state, event) => {
  const { thread } = state;
  const layout = LAYOUTS[event.type];
  const fd = returnValue(event);
  if (!thread || !layout || fd < 0) return;
  // What the call was entered with cannot have been swapped for the recorder's eyes.
  const entered = layout.enter && enterOf(state, event);
  const enterName = entered && layout.enter ? paramText(entered, layout.enter.name) : ABSENT_TEXT;
  const trusted = enterName === ABSENT_TEXT ? undefined : entered;
  const name = trusted ? enterName : paramText(event, layout.name);
  const flags = openFlags(event, layout, trusted);
  const path = resolvePath(baseFolder(thread, event, layout, trusted, name), name);

  const file = new Descriptor(flags & OpenFlag.DIRECTORY ? FdType.DIRECTORY : FdType.FILE_V2);
  file.openFlags = flags;
  file.device = paramU32(event, layout.device);
  if (hasParam(event, layout.device)) file.inode = paramU64(event, layout.device + 1);
  file.rawName = name;
  file.name = path;
  if (flags & OpenFlag.UPPER_LAYER) file.flags |= FdFlag.UPPER_LAYER;
  if (flags & OpenFlag.LOWER_LAYER) file.flags |= FdFlag.LOWER_LAYER;
  state.open(fd, file);
};

function openFlags(event: ScapEvent, layout: OpenLayout, entered: ScapEvent | undefined): number {
  if (event.type === CREAT) {
    const layer = paramU16(event, 5);
    if (layer & CREAT_UPPER_LAYER) return OpenFlag.UPPER_LAYER;
    return layer & CREAT_LOWER_LAYER ? OpenFlag.LOWER_LAYER : 0;
  }
  const flags = paramU32(event, layout.flags);
  if (!entered || !layout.enter) return flags;
  return paramU32(entered, layout.enter.flags) | (flags & ~(OpenFlag.CREATED - 1));
}

function baseFolder(
  thread: Thread,
  event: ScapEvent,
  layout: OpenLayout,
  entered: ScapEvent | undefined,
  name: string,
): string {
  if (event.type === OPEN_BY_HANDLE) return "";
  if (layout.folder < 0) return thread.workingFolder;
  const source = entered ?? event;
  const param = entered && layout.enter ? layout.enter.folder : layout.folder;
  return hasParam(source, param) ? folderOf(thread, name, paramI64(source, param)) : "";
}

/** The folder that a path given together with descriptor `fd` starts from; `<UNKNOWN>` where that is not known. */
export function folderOf(thread: Thread | undefined, path: string, fd: number): string {
  if (path[0] === "/") return ".";
  if (!thread) return "<UNKNOWN>";
  if (fd === AT_FDCWD) return thread.workingFolder;
  const folder = thread.fd(fd);
  if (!folder) return "<UNKNOWN>";
  return folder.name === "" ? "" : asFolder(folder.name);
}

/** close: the descriptor goes after everybody has seen the event. */
export const closeFile: Update = (state, event) => {
  const { thread, descriptor } = state;
  if (thread && descriptor && returnValue(event) >= 0) state.closeLater(thread.tid, thread.lastFd);
};

const CLOSE_RANGE_CLOEXEC = 4;

export const closeRange: Update = ({ thread }, event) => {
  const fds = thread?.fds;
  if (!fds || returnValue(event) < 0) return;
  const first = paramU32(event, 1);
  const last = paramU32(event, 2);
  const onExec = (paramU32(event, 3) & CLOSE_RANGE_CLOEXEC) !== 0;
  for (const [fd, descriptor] of fds) {
    if (fd < first || fd > last) continue;
    if (onExec) descriptor.openFlags |= OpenFlag.CLOEXEC;
    else fds.delete(fd);
  }
};

const DUP3 = 365;

/** dup, dup2, dup3. The new descriptor is a copy; descriptors 0 and 1 mark the ends of a shell's pipe. */
export const duplicate: Update = (state, event) => {
  const { thread, descriptor } = state;
  const fd = returnValue(event);
  if (!thread || !descriptor || fd < 0) return;
  if (fd === 0) thread.flags |= ThreadFlag.PIPE_DESTINATION;
  if (fd === 1) thread.flags |= ThreadFlag.PIPE_SOURCE;
  thread.fd(fd);
  const closes = event.type === DUP3 && (paramU32(event, 3) & OpenFlag.CLOEXEC) !== 0;
  state.open(fd, copyOf(descriptor, closes));
};

const F_DUPFD = 1;
const F_SETFD = 3;
const F_DUPFD_CLOEXEC = 26;

export const controlFile: Update = (state, event) => {
  const { thread, descriptor } = state;
  const fd = returnValue(event);
  if (!thread || !descriptor || fd < 0) return;
  const command = paramU8(event, 2);
  if (command === F_SETFD) {
    descriptor.clearCloseOnExec();
    if (paramU64(event, 3) & FD_CLOEXEC) descriptor.openFlags |= OpenFlag.CLOEXEC;
  } else if (command === F_DUPFD || command === F_DUPFD_CLOEXEC) {
    state.open(fd, copyOf(descriptor, command === F_DUPFD_CLOEXEC));
  }
};

function copyOf(descriptor: Descriptor, closesOnExec: boolean): Descriptor {
  const copy = descriptor.clone();
  copy.clearCloseOnExec();
  if (closesOnExec) copy.openFlags |= OpenFlag.CLOEXEC;
  return copy;
}

const PIPE2 = 393;

export const openPipe: Update = (state, event) => {
  if (!state.thread || returnValue(event) < 0) return;
  for (const param of [1, 2]) {
    const pipe = new Descriptor(FdType.FIFO);
    pipe.inode = paramU64(event, 3);
    if (event.type === PIPE2) pipe.openFlags = paramU32(event, 4);
    state.open(paramI64(event, param), pipe);
  }
};

/** Descriptors without a name that a call returns: eventfd, signalfd, epoll and the like. */
export function openNameless(type: number, flags: (event: ScapEvent) => number = () => 0): Update {
  return (state, event) => {
    const fd = returnValue(event);
    if (!state.thread || fd < 0) return;
    const descriptor = new Descriptor(type);
    descriptor.openFlags = flags(event);
    state.open(fd, descriptor);
  };
}

/** Flags of epoll_create1 as open flags. */
export function epollFlags(event: ScapEvent): number {
  return paramU32(event, 1) & 1 ? OpenFlag.CLOEXEC : 0;
}

/** memfd_create: libs makes an entry even for a call that failed, under the number it returned. */
export const openMemfd: Update = (state, event) => {
  if (!state.thread) return;
  const fd = returnValue(event);
  const memory = new Descriptor(fd >= 0 ? FdType.MEMFD : UNSET);
  if (fd >= 0) {
    memory.name = paramText(event, 1);
    memory.openFlags = paramU32(event, 2);
  }
  state.open(fd, memory);
};

const UNSET = -1;

export const openPidfd: Update = (state, event) => {
  const fd = returnValue(event);
  if (!state.thread || fd < 0) return;
  const pidfd = new Descriptor(FdType.PIDFD);
  pidfd.pid = paramI64(event, 1);
  pidfd.name = `/proc/${pidfd.pid}`;
  pidfd.openFlags = paramU32(event, 2);
  state.open(fd, pidfd);
};

/** pidfd_getfd: a copy of another process's descriptor. */
export const takeFd: Update = (state, event) => {
  const { thread } = state;
  if (!thread) return;
  const pidfd = thread.fd(paramI64(event, 1));
  if (pidfd?.type !== FdType.PIDFD) return;
  const target = state.threads.find(pidfd.pid)?.fd(paramI64(event, 2));
  if (target) state.open(returnValue(event), copyOf(target, true));
};

export const changeFolder: Update = ({ thread }, event) => {
  if (thread && returnValue(event) >= 0) enterFolder(thread, paramText(event, 1));
};

export const changeFolderByFd: Update = ({ thread, descriptor }, event) => {
  if (thread && descriptor && returnValue(event) >= 0) enterFolder(thread, descriptor.name);
};

function enterFolder(thread: Thread, path: string): void {
  const { main } = thread;
  // libs resolves against the thread's own folder, which only main threads have.
  if (main) main.cwd = asFolder(resolvePath(thread.cwd, path));
}

/** chroot: the path as the event's text shows it. */
export const changeRoot: Update = ({ thread }, event) => {
  if (!thread || returnValue(event) !== 0) return;
  const path = paramText(event, 1);
  thread.root = path === ABSENT_TEXT || path[0] === "/" ? path : resolvePath(thread.workingFolder, path);
};

const RLIMIT_NOFILE = 7;

/** getrlimit, setrlimit */
export const limitFiles: Update = ({ thread }, event) => {
  if (!thread || returnValue(event) < 0 || paramU8(event, 3) !== RLIMIT_NOFILE) return;
  setLimit(thread, paramI64(event, 1, -1));
};

/** prlimit: the limit may be another process's. */
export const limitFilesOf: Update = ({ threads }, event) => {
  if (returnValue(event) !== 0 || paramU8(event, 6) !== RLIMIT_NOFILE || !hasParam(event, 5)) return;
  const tid = paramI64(event, 5);
  const target = threads.get(tid === 0 ? event.tid : tid);
  if (target && !target.isInvalid) setLimit(target, paramI64(event, 1, -1));
};

function setLimit(thread: Thread, limit: number): void {
  const { main } = thread;
  if (main && limit !== -1) main.fdLimit = limit;
}
