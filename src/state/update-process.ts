import type { ScapEvent } from "../event/event.ts";
import { ABSENT_TEXT, hasParam, paramI64, paramText, paramU32, paramU64, returnValue } from "../event/read-param.ts";
import { enterOf } from "./enter-event.ts";
import { resolvePath } from "./path.ts";
import { Thread, ThreadFlag, withoutDeleted } from "./thread.ts";
import { countDeath } from "./thread-table.ts";
import type { Update, UpdateContext } from "./update-context.ts";
import { folderOf } from "./update-files.ts";

/** Parameters of clone, fork and execve exit events, which are laid out alike up to the cgroups. */
const P = {
  exe: 1,
  args: 2,
  pid: 4,
  ptid: 5,
  fdLimit: 7,
  majorFaults: 8,
  minorFaults: 9,
  vmSize: 10,
  vmRss: 11,
  vmSwap: 12,
  comm: 13,
  cgroups: 14,
} as const;

/** Parameters of clone and fork from the cgroups on. */
const CLONE = { flags: 15, uid: 16, gid: 17, vtid: 18, vpid: 19, pidNamespaceStart: 20 } as const;

const VFORK = 227;
/** A thread of that age with the same tid is another one, whose exit was missed. */
const STALE_NS = 2_000_000_000n;

/** clone, clone3, fork, vfork: both sides return from the call, in any order. */
export const cloneThread: Update = (state, event) => {
  const child = returnValue(event);
  if (child === 0) cloneInChild(state, event);
  else if (child > 0) cloneInParent(state, event, child);
};

/**
 * The parent's side makes the child, unless the child itself must: in a pid namespace, where the number that the parent
 * sees means nothing here, and with vfork, where the child may have ended already.
 */
function cloneInParent(state: UpdateContext, event: ScapEvent, childTid: number): void {
  const { threads } = state;
  const parent = threads.get(event.tid);
  state.thread = parent;
  if (!parent) return;
  const isKnown = !parent.isInvalid;
  if (!isKnown) fillStandIn(state, parent, event);
  const flags = paramU32(event, CLONE.flags);
  const inNamespace =
    ThreadFlag.CHILD_IN_PID_NAMESPACE | ThreadFlag.NEW_PID_NAMESPACE | ThreadFlag.CLONE_PARENT | ThreadFlag.VFORK;
  if (flags & inNamespace || event.tid !== parent.vtid || event.type === VFORK) return;
  if (threads.hasJustExited(childTid, event.tid, event.timeNs)) return;
  const existing = threads.find(childTid);
  if (existing) {
    if (existing.flags & ThreadFlag.INVERTED) return;
    threads.remove(childTid);
  }
  const child = new Thread(childTid);
  child.flags = flags;
  if (flags & ThreadFlag.CLONE_THREAD) {
    child.pid = parent.pid;
    child.ptid = parent.ptid;
    child.flags |= ThreadFlag.CLONE_FILES;
  } else {
    if (isKnown) inheritProcess(child, parent);
    child.pid = childTid;
    child.ptid = parent.tid;
  }
  child.vtid = childTid;
  child.vpid = child.pid;
  fillChild(state, child, event);
  child.pidNamespaceStartNs = state.bootNs;
  if (isKnown) inheritThread(child, parent);
  else {
    parent.exe = child.exe;
    parent.comm = child.comm;
    parent.argBytes = child.argBytes;
  }
  threads.add(child);
  if (existing) state.thread = threads.find(event.tid);
}

/** The child's side makes itself, if its parent's did not come first. */
function cloneInChild(state: UpdateContext, event: ScapEvent): void {
  const { threads, thread } = state;
  if (thread && thread.cloneNs !== 0n) {
    if (event.timeNs - thread.cloneNs < STALE_NS) return;
    threads.remove(event.tid);
    state.thread = undefined;
  }
  const child = new Thread(event.tid);
  child.pid = paramI64(event, P.pid);
  child.ptid = paramI64(event, P.ptid);
  child.vtid = hasParam(event, CLONE.vpid) ? paramI64(event, CLONE.vtid) : event.tid;
  child.vpid = hasParam(event, CLONE.vpid) ? paramI64(event, CLONE.vpid) : -1;
  child.flags = paramU32(event, CLONE.flags) | ThreadFlag.INVERTED;
  const isProcess = (child.flags & ThreadFlag.CLONE_THREAD) === 0;
  if (!isProcess) child.flags |= ThreadFlag.CLONE_FILES;
  const model = threads.get(isProcess ? child.ptid : child.pid);
  if (!model) {
    state.thread = undefined;
    return;
  }
  const isKnown = !model.isInvalid;
  if (!isKnown && !isProcess) {
    Object.assign(model, { pid: child.pid, ptid: child.ptid, vpid: child.vpid, vtid: child.vpid });
    threads.link(model);
  }
  fillChild(state, child, event);
  if (isKnown) {
    inheritThread(child, model);
    if (isProcess) inheritProcess(child, model);
  } else if (!isProcess) {
    model.exe = child.exe;
    model.comm = child.comm;
    model.argBytes = child.argBytes;
  }
  setNamespaceStart(state, child, event);
  state.thread = threads.add(child);
}

function fillStandIn(state: UpdateContext, thread: Thread, event: ScapEvent): void {
  thread.pid = paramI64(event, P.pid);
  thread.ptid = paramI64(event, P.ptid);
  const knowsVirtual = hasParam(event, CLONE.vpid);
  thread.vtid = knowsVirtual ? paramI64(event, CLONE.vtid) : event.tid;
  thread.vpid = knowsVirtual ? paramI64(event, CLONE.vpid) : -1;
  state.threads.link(thread);
}

/** What the event itself says of the child. */
function fillChild(state: UpdateContext, child: Thread, event: ScapEvent): void {
  child.exe = paramText(event, P.exe);
  child.argBytes = bytesOf(event, P.args);
  child.comm = hasParam(event, P.comm) ? paramText(event, P.comm) : child.exe;
  child.fdLimit = paramI64(event, P.fdLimit);
  setMemory(child, event);
  child.uid = paramU32(event, CLONE.uid);
  child.gid = paramU32(event, CLONE.gid);
  state.users.meet("", child.uid, child.gid);
  setCgroups(state, child, event);
  child.cloneNs = event.timeNs;
}

function setNamespaceStart({ bootNs }: UpdateContext, child: Thread, event: ScapEvent): void {
  const inNamespace = ThreadFlag.CHILD_IN_PID_NAMESPACE | ThreadFlag.NEW_PID_NAMESPACE;
  if ((child.flags & inNamespace) === 0 && child.tid === child.vtid) child.pidNamespaceStartNs = bootNs;
  else if (hasParam(event, CLONE.pidNamespaceStart)) {
    child.pidNamespaceStartNs = BigInt.asUintN(64, paramU64(event, CLONE.pidNamespaceStart) + bootNs);
  }
}

/** What a new process shares with the one that made it. */
function inheritProcess(child: Thread, parent: Thread): void {
  for (const [fd, descriptor] of parent.fds ?? []) {
    const copy = descriptor.clone();
    copy.fd = fd;
    child.descriptors.set(fd, copy);
  }
  child.cwd = parent.workingFolder;
  child.envBytes = parent.envBytes;
}

/** What every new thread shares with the one it was made from. */
function inheritThread(child: Thread, from: Thread): void {
  child.exepath = from.exepath;
  child.exeWritable = from.exeWritable;
  child.exeUpperLayer = from.exeUpperLayer;
  child.exeLowerLayer = from.exeLowerLayer;
  child.exeFromMemfd = from.exeFromMemfd;
  child.root = from.root;
  child.sid = from.sid;
  child.vpgid = from.vpgid;
  child.pgid = from.pgid;
  child.tty = from.tty;
  child.loginUid = from.loginUid;
  child.capPermitted = from.capPermitted;
  child.capInheritable = from.capInheritable;
  child.capEffective = from.capEffective;
  child.exeInode = from.exeInode;
  child.exeCtimeNs = from.exeCtimeNs;
  child.exeMtimeNs = from.exeMtimeNs;
  child.exeCtimeToCloneNs = from.exeCtimeToCloneNs;
}

/** Parameters of execve exit events behind those that clone has too. */
const EXEC = {
  env: 15,
  tty: 16,
  vpgid: 17,
  loginUid: 18,
  flags: 19,
  capInheritable: 20,
  capPermitted: 21,
  capEffective: 22,
  inode: 23,
  ctime: 24,
  mtime: 25,
  uid: 26,
  path: 27,
  pgid: 28,
  gid: 29,
} as const;

const EXE_FLAG = { WRITABLE: 1, UPPER_LAYER: 2, FROM_MEMFD: 4, LOWER_LAYER: 8 } as const;

/** execve, execveat: the process is another program now. */
export const executeProgram: Update = (state, event) => {
  const { thread } = state;
  if (!thread || returnValue(event) < 0) return;
  if (thread.isDead) resurrect(thread);
  thread.exe = paramText(event, P.exe);
  thread.comm = hasParam(event, P.comm) ? paramText(event, P.comm) : thread.exe;
  thread.argBytes = bytesOf(event, P.args);
  thread.pid = paramI64(event, P.pid);
  if (thread.isInvalid) {
    thread.ptid = paramI64(event, P.ptid);
    if ((thread.flags & ThreadFlag.CHILD_IN_PID_NAMESPACE) === 0) {
      thread.vtid = thread.tid;
      thread.vpid = thread.pid;
    }
    state.threads.link(thread);
  }
  thread.fdLimit = paramI64(event, P.fdLimit);
  setMemory(thread, event);
  if (hasParam(event, EXEC.env)) thread.envBytes = bytesOf(event, EXEC.env);
  setCgroups(state, thread, event);
  if (hasParam(event, EXEC.path)) thread.exepath = withoutDeleted(paramText(event, EXEC.path));
  else rebuildPath(state, thread, event);
  setProgram(thread, event);
  setIds(thread, event);
  for (const [fd, descriptor] of thread.fds ?? []) if (descriptor.isCloseOnExec) thread.fds?.delete(fd);
  const kept = ThreadFlag.PIPE_SOURCE | ThreadFlag.PIPE_DESTINATION | ThreadFlag.MAIN_THREAD | ThreadFlag.INVERTED;
  thread.flags = ThreadFlag.ACTIVE | ThreadFlag.NAME_CHANGED | (thread.flags & kept);
  endOtherThreads(state, thread);
};

function resurrect(thread: Thread): void {
  thread.flags &= ~ThreadFlag.CLOSED;
  if (thread.group) thread.group.alive += 1;
}

/** Old events do not carry the program's path; it is made of what the call was entered with. */
function rebuildPath(state: UpdateContext, thread: Thread, event: ScapEvent): void {
  const enter = enterOf(state, event);
  if (!enter) return;
  const isExecve = enter.type === 292;
  const name = paramText(enter, isExecve ? 0 : 1);
  if (isExecve) {
    thread.exepath = name === ABSENT_TEXT ? name : withoutDeleted(resolvePath(thread.workingFolder, name));
    return;
  }
  const fd = paramI64(enter, 0);
  const folder = folderOf(thread, name, fd);
  if (folder !== "." && folder !== "<UNKNOWN>") state.descriptor = thread.fd(fd);
  const isEmptyPath = (paramU32(enter, 2) & 1) !== 0;
  if ((!isEmptyPath && name === ABSENT_TEXT) || folder === "<UNKNOWN>") thread.exepath = ABSENT_TEXT;
  else thread.exepath = withoutDeleted(isEmptyPath ? resolvePath("", folder) : resolvePath(folder, name));
}

function setProgram(thread: Thread, event: ScapEvent): void {
  if (hasParam(event, EXEC.flags)) {
    const flags = paramU32(event, EXEC.flags);
    thread.exeWritable = (flags & EXE_FLAG.WRITABLE) !== 0;
    thread.exeUpperLayer = (flags & EXE_FLAG.UPPER_LAYER) !== 0;
    thread.exeFromMemfd = (flags & EXE_FLAG.FROM_MEMFD) !== 0;
    thread.exeLowerLayer = (flags & EXE_FLAG.LOWER_LAYER) !== 0;
  }
  if (hasParam(event, EXEC.capEffective)) {
    thread.capInheritable = paramU64(event, EXEC.capInheritable);
    thread.capPermitted = paramU64(event, EXEC.capPermitted);
    thread.capEffective = paramU64(event, EXEC.capEffective);
  }
  if (!hasParam(event, EXEC.mtime)) return;
  thread.exeInode = paramU64(event, EXEC.inode);
  thread.exeCtimeNs = paramU64(event, EXEC.ctime);
  thread.exeMtimeNs = paramU64(event, EXEC.mtime);
  if (thread.cloneNs !== 0n) {
    thread.exeCtimeToCloneNs = BigInt.asUintN(64, thread.cloneNs - thread.exeCtimeNs);
  }
  if (thread.pidNamespaceStartNs !== 0n && thread.exeCtimeNs > thread.pidNamespaceStartNs) {
    thread.exeCtimeSincePidNamespaceNs = thread.exeCtimeNs - thread.pidNamespaceStartNs;
  }
}

function setIds(thread: Thread, event: ScapEvent): void {
  if (hasParam(event, EXEC.tty)) thread.tty = paramU32(event, EXEC.tty);
  if (hasParam(event, EXEC.vpgid)) thread.vpgid = paramI64(event, EXEC.vpgid);
  if (hasParam(event, EXEC.loginUid)) thread.loginUid = paramU32(event, EXEC.loginUid);
  if (hasParam(event, EXEC.uid)) thread.uid = paramU32(event, EXEC.uid);
  thread.pgid = hasParam(event, EXEC.pgid) ? paramI64(event, EXEC.pgid) : -1;
  if (hasParam(event, EXEC.gid)) thread.gid = paramU32(event, EXEC.gid);
}

/** A program that starts is alone in its process. */
function endOtherThreads({ threads }: UpdateContext, thread: Thread): void {
  if (!thread.group || thread.group.alive <= 1) return;
  for (const other of [...thread.group.threads]) {
    if (!other.isGone && !other.isMain && other.tid !== thread.tid) threads.remove(other.tid);
  }
}

function setMemory(thread: Thread, event: ScapEvent): void {
  if (!hasParam(event, P.vmSwap)) return;
  thread.majorFaults = paramU64(event, P.majorFaults);
  thread.minorFaults = paramU64(event, P.minorFaults);
  thread.vmSizeKb = paramU32(event, P.vmSize);
  thread.vmRssKb = paramU32(event, P.vmRss);
  thread.vmSwapKb = paramU32(event, P.vmSwap);
}

function setCgroups({ cgroupSets }: UpdateContext, thread: Thread, event: ScapEvent): void {
  if (!hasParam(event, P.cgroups)) return;
  const start = event.paramStart(P.cgroups);
  const set = cgroupSets.parse(event.bytes, start, start + event.paramLength(P.cgroups));
  if (set) thread.cgroups = set;
}

function bytesOf(event: ScapEvent, index: number): Buffer {
  const start = event.paramStart(index);
  return Buffer.from(event.bytes.subarray(start, start + Math.max(0, event.paramLength(index))));
}

/** A thread ended: it goes after everybody has seen the event, and its children go to the reaper that the kernel named. */
export const exitThread: Update = (state, event) => {
  const { thread } = state;
  if (!thread) return;
  if (thread.group && !thread.isDead) countDeath(thread.group);
  thread.flags |= ThreadFlag.CLOSED;
  state.removeLater(event.tid);
  if (thread.children.length === 0) return;
  thread.reaperTid = event.paramCount > 4 ? (hasParam(event, 4) ? paramI64(event, 4) : thread.reaperTid) : -1;
};
