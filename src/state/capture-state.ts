import type { ScapEvent } from "../event/event.ts";
import { EVENT_TYPES, EventCategory, EventFlag } from "../event/event-types.ts";
import { paramI64, paramText, returnValue } from "../event/read-param.ts";
import { type DescriptorEntry, FdType } from "../scap/descriptor-list.ts";
import type { NetworkInterface } from "../scap/interface-list.ts";
import type { MachineInfo } from "../scap/machine.ts";
import type { ProcessEntry } from "../scap/process-list.ts";
import type { UserList } from "../scap/user-list.ts";
import { CgroupSets } from "./cgroups.ts";
import { bareContainer, Containers, parseContainer } from "./containers.ts";
import type { Descriptor } from "./descriptor.ts";
import {
  connectionText,
  FdFlag,
  fromEntry,
  SERVER_V4,
  SERVER_V6,
  STATE_V4,
  STATE_V6,
  serverText,
} from "./descriptor.ts";
import { enterFdParam, exitFdParam } from "./fd-param.ts";
import { Interfaces } from "./interfaces.ts";
import { asFolder, resolvePath } from "./path.ts";
import { isMappedV4, L4 } from "./socket-address.ts";
import { Thread, ThreadFlag, withoutDeleted } from "./thread.ts";
import { ThreadTable } from "./thread-table.ts";
import type { UpdateContext } from "./update-context.ts";
import { UPDATES } from "./updates.ts";
import { Users } from "./users.ts";

const NO_MACHINE: MachineInfo = { cpus: 0, memoryBytes: 0n, hostname: "", bootNs: 0n };

/** Types that tell a capture's initial state: those before the first other event are never shown to rules. */
const INITIAL_STATE = typeSet(324, 354, 356, 358, 360, 402);
/** Types that no thread made. */
const THREADLESS = typeSet(324, 322, 354, 356, 358, 360, 402);
const CLONES_AND_ENDS = typeSet(223, 225, 227, 335, 186, 152);
/** Types after which a thread may be in another container. */
const NEW_PROCESS = typeSet(223, 225, 227, 335, 231, 283, 289, 293, 331, 267);

const PROCINFO = 234;
const SWITCH = 152;
const EXECVE_EXIT = 293;
const EXECVEAT_ENTER = 330;

const FLAGS = Uint16Array.from(EVENT_TYPES, ({ flags }) => flags);
const CATEGORIES = Uint16Array.from(EVENT_TYPES, ({ category }) => category);

/**
 * What is known of the recorded machine at the event that is being looked at: threads, files, users, containers. Feed it
 * what a capture tells in its order, and each event to `apply` before anything reads fields of it.
 * Follows libs `sinsp::next` and `sinsp_parser::reset` @48dfd53c.
 */
export class CaptureState implements UpdateContext {
  readonly threads = new ThreadTable();
  readonly users = new Users();
  readonly interfaces = new Interfaces();
  readonly containers = new Containers();
  readonly cgroupSets = new CgroupSets();
  machine: MachineInfo = NO_MACHINE;
  /**
   * Always 0: libs forgets the capture's machine block when it opens the file (`scap_generic_init_platform` @48dfd53c), so
   * Falco's replay counts starts of pid namespaces from boot, and so must whoever wants its values. `machine` has the truth.
   */
  readonly bootNs = 0n;
  /** Time of the first event that is no message about the recording itself. */
  firstEventNs = 0n;

  /** The thread of the current event; undefined where no thread made it or the thread is not known. */
  thread: Thread | undefined;
  /** The descriptor that the current event uses, or made. */
  descriptor: Descriptor | undefined;
  /** Whether the current event changed that descriptor's name. */
  isNameChanged = false;

  #isInitial = true;
  #hasFirst = false;
  #users: UserList | undefined;
  #serverPorts = new Set<number>();
  #exitedTid: number | undefined;
  #closed: { tid: number; fd: number } | undefined;

  onSection(): void {
    this.threads.clear();
    this.interfaces.set([]);
    this.#isInitial = true;
    this.#users = undefined;
    this.#serverPorts = new Set();
    this.#exitedTid = undefined;
    this.#closed = undefined;
    this.#hasFirst = false;
    this.firstEventNs = 0n;
  }

  onMachine(machine: MachineInfo): void {
    this.machine = machine;
  }

  onProcess(entry: ProcessEntry): void {
    this.threads.insert(fromProcess(entry, this.cgroupSets));
    this.users.meet("", entry.uid, entry.gid);
  }

  onDescriptor(tid: number, entry: DescriptorEntry): void {
    const thread = this.threads.find(tid);
    if (!thread || entry.type === FdType.UNKNOWN) return;
    const descriptor = fromEntry(entry);
    nameFromList(descriptor);
    thread.descriptors.set(entry.fd, descriptor);
    if (entry.type === FdType.IPV4_SERVER) this.#serverPorts.add(descriptor.socket.readUInt16LE(SERVER_V4.port));
    if (entry.type === FdType.IPV6_SERVER) this.#serverPorts.add(descriptor.socket.readUInt16LE(SERVER_V6.port));
  }

  onInterfaces(interfaces: readonly NetworkInterface[]): void {
    this.interfaces.set(interfaces);
  }

  onUsers(users: UserList): void {
    this.#users = users;
  }

  onReady(): void {
    for (const thread of this.threads.values()) this.threads.link(thread);
    for (const thread of this.threads.values()) this.#findContainer(thread);
  }

  /** Takes in an event. False for the events that only tell how things stood when the recording began. */
  apply(event: ScapEvent): boolean {
    const { type } = event;
    if (this.#isInitial && !INITIAL_STATE[type]) this.#leaveInitialState();
    if (!this.#hasFirst && !((CATEGORIES[type] ?? 0) & EventCategory.METAEVENT)) {
      this.firstEventNs = event.timeNs;
      this.#hasFirst = this.firstEventNs !== 0n;
    }
    if (this.#exitedTid !== undefined) this.#removeExited(event);
    if (this.#closed) this.#removeClosed(this.#closed);
    this.#locate(event);
    UPDATES[type]?.(this, event);
    const { descriptor, thread } = this;
    if (descriptor) this.isNameChanged = descriptor.name !== descriptor.oldName;
    if (NEW_PROCESS[type] && returnValue(event) >= 0) this.#onNewProcess(event.tid);
    else if (THREADLESS[type]) this.#onContainerEvent(event);
    if ((type & 1) === 1 && thread?.lastEnter) {
      thread.lastEnter = undefined;
      thread.lastEnterValid = false;
    }
    return !this.#isInitial;
  }

  /** The thread of an event as fields see it: that of the event, or whatever is known of its tid. */
  threadOf(event: ScapEvent): Thread | undefined {
    return this.thread ?? this.threads.find(event.tid);
  }

  /** Takes a thread out before the next event. */
  removeLater(tid: number): void {
    this.#exitedTid = tid;
  }

  /** Takes a descriptor out before the next event. */
  closeLater(tid: number, fd: number): void {
    this.#closed = { tid, fd };
  }

  /** Opens a descriptor of the current thread and makes it the event's. */
  open(fd: number, descriptor: Descriptor): void {
    const { thread } = this;
    const fds = thread?.fds;
    if (!thread || !fds) {
      this.descriptor = undefined;
      return;
    }
    descriptor.fd = fd;
    if (fds.size >= MAX_DESCRIPTORS && !fds.has(fd)) {
      this.descriptor = undefined;
    } else {
      fds.set(fd, descriptor);
      this.descriptor = descriptor;
    }
    thread.lastFd = fd;
  }

  /** Finds the thread and the descriptor of an event, and what of the thread's last event still holds. */
  #locate(event: ScapEvent): void {
    const { type } = event;
    const flags = FLAGS[type] ?? 0;
    this.descriptor = undefined;
    this.isNameChanged = false;
    if (flags & EventFlag.SKIP_PARSER_RESET) {
      this.thread = type === PROCINFO ? this.threads.find(event.tid) : undefined;
      return;
    }
    if (THREADLESS[type]) {
      this.thread = undefined;
      return;
    }
    const mayBeNew = !CLONES_AND_ENDS[type];
    const thread = mayBeNew ? this.threads.get(event.tid) : this.threads.find(event.tid);
    this.thread = thread;
    if (type === SWITCH || !thread) return;
    if (mayBeNew) thread.flags |= ThreadFlag.ACTIVE;
    const usesFd = (flags & EventFlag.USES_FD) !== 0;
    if ((type & 1) === 0) {
      thread.lastEnterType = type;
      thread.lastFd = usesFd ? paramI64(event, enterFdParam(type)) : -1;
      if (usesFd) this.descriptor = thread.fd(thread.lastFd);
      return;
    }
    thread.lastEnterValid =
      type === thread.lastEnterType + 1 || (type === EXECVE_EXIT && thread.lastEnterType === EXECVEAT_ENTER);
    if (!thread.lastEnterValid) thread.lastFd = -1;
    if (!usesFd) return;
    if (thread.lastFd === -1) {
      const param = exitFdParam(type);
      if (param >= 0 && event.paramLength(param) > 0) thread.lastFd = paramI64(event, param);
    }
    this.descriptor = thread.fd(thread.lastFd);
  }

  #leaveInitialState(): void {
    this.#isInitial = false;
    for (const user of this.#users?.users ?? []) this.users.addUser({ ...user });
    for (const { gid, name } of this.#users?.groups ?? []) this.users.addGroup(gid, name);
    this.#users = undefined;
    for (const thread of this.threads.values()) {
      for (const descriptor of thread.descriptors.values()) this.#orient(descriptor);
    }
  }

  /** Connections that were there before do not say which end is the server: it is the one with a listening port. */
  #orient(descriptor: Descriptor): void {
    if (descriptor.type !== FdType.IPV4) return;
    if (!this.#serverPorts.has(descriptor.socket.readUInt16LE(STATE_V4.sourcePort))) {
      descriptor.flags |= FdFlag.CLIENT;
      return;
    }
    const before = Buffer.from(descriptor.socket);
    const socket = descriptor.ownSocket();
    before.copy(socket, STATE_V4.sourceIp, STATE_V4.destinationIp, STATE_V4.destinationIp + 4);
    before.copy(socket, STATE_V4.destinationIp, STATE_V4.sourceIp, STATE_V4.sourceIp + 4);
    before.copy(socket, STATE_V4.sourcePort, STATE_V4.destinationPort, STATE_V4.destinationPort + 2);
    before.copy(socket, STATE_V4.destinationPort, STATE_V4.sourcePort, STATE_V4.sourcePort + 2);
    descriptor.name = connectionText(descriptor);
    descriptor.flags |= FdFlag.SERVER;
  }

  #removeExited(event: ScapEvent): void {
    const tid = this.#exitedTid ?? -1;
    this.#exitedTid = undefined;
    const thread = this.threads.find(tid);
    this.threads.rememberExit(tid, thread?.ptid ?? -1, event.timeNs);
    this.threads.remove(tid);
  }

  #removeClosed({ tid, fd }: { tid: number; fd: number }): void {
    this.#closed = undefined;
    this.threads.find(tid)?.fds?.delete(fd);
  }

  #onNewProcess(tid: number): void {
    const thread = this.threads.find(tid);
    if (thread) this.#findContainer(thread);
  }

  #findContainer(thread: Thread): void {
    const found = thread.cgroups?.container;
    thread.containerId = found?.id ?? "";
    if (found?.type !== undefined) this.containers.add(bareContainer(found.id, found.type));
  }

  /** Container events: those of the plugin, and those that older Falcos wrote. */
  #onContainerEvent(event: ScapEvent): void {
    const isAsync = event.type === 402;
    if (!isAsync && event.type !== 324) return;
    const name = isAsync ? paramText(event, 1) : "container";
    if (name !== "container" && name !== "container_removed") return;
    const json = isAsync ? 2 : 0;
    if (event.paramLength(json) <= 0) return;
    const container = parseContainer(paramText(event, json));
    if (!container) return;
    if (name === "container") this.containers.add(container);
    else this.containers.remove(container.id);
    this.containers.last = { eventNumber: event.number, container };
  }
}

/** Descriptors that are kept for one process, as many as libs keeps. */
const MAX_DESCRIPTORS = 4_096;

function fromProcess(entry: ProcessEntry, cgroupSets: CgroupSets): Thread {
  const thread = new Thread(entry.tid);
  const { pid, ptid, sid, vpgid, pgid, vtid, vpid, comm, exe, root, fdLimit, uid, gid, tty } = entry;
  Object.assign(thread, { pid, ptid, sid, vpgid, pgid, vtid, vpid, comm, exe, root, fdLimit, uid, gid, tty });
  const { vmSizeKb, vmRssKb, vmSwapKb, majorFaults, minorFaults, exeWritable, exeUpperLayer, exeLowerLayer } = entry;
  Object.assign(thread, {
    vmSizeKb,
    vmRssKb,
    vmSwapKb,
    majorFaults,
    minorFaults,
    exeWritable,
    exeUpperLayer,
    exeLowerLayer,
  });
  const { exeFromMemfd, capInheritable, capPermitted, capEffective, exeCtimeNs, exeMtimeNs } = entry;
  Object.assign(thread, { exeFromMemfd, capInheritable, capPermitted, capEffective, exeCtimeNs, exeMtimeNs });
  thread.exepath = withoutDeleted(entry.exepath);
  thread.argBytes = entry.args;
  thread.flags |= entry.flags | ThreadFlag.ACTIVE;
  thread.loginUid = entry.loginUid;
  thread.exeInode = entry.exeInode;
  thread.pidNamespaceStartNs = entry.pidNamespaceStartNs;
  thread.cgroups = cgroupSets.parse(entry.cgroups, 0, entry.cgroups.length);
  if (thread.isMain) {
    thread.envBytes = entry.env;
    thread.cwd = asFolder(resolvePath("", entry.cwd));
  }
  return thread;
}

/** Sockets in a capture's list have no name; it is made of their addresses. */
function nameFromList(descriptor: Descriptor): void {
  switch (descriptor.type) {
    case FdType.IPV4:
    case FdType.IPV6: {
      const isV4 = descriptor.type === FdType.IPV4;
      if (descriptor.socket[(isV4 ? STATE_V4 : STATE_V6).l4] === L4.TCP) descriptor.flags |= FdFlag.CONNECTED;
      if (!isV4) unmap(descriptor);
      descriptor.name = connectionText(descriptor);
      break;
    }
    case FdType.IPV4_SERVER:
    case FdType.IPV6_SERVER:
      descriptor.name = serverText(descriptor);
      break;
    default:
      break;
  }
}

/** Makes an IPv6 connection between IPv4 addresses an IPv4 one. */
function unmap(descriptor: Descriptor): void {
  const from = Buffer.from(descriptor.socket);
  if (!isMappedV4(from, STATE_V6.sourceIp) || !isMappedV4(from, STATE_V6.destinationIp)) return;
  descriptor.type = FdType.IPV4;
  const socket = descriptor.ownSocket();
  from.copy(socket, STATE_V4.sourceIp, STATE_V6.sourceIp + 12, STATE_V6.sourceIp + 16);
  from.copy(socket, STATE_V4.destinationIp, STATE_V6.destinationIp + 12, STATE_V6.destinationIp + 16);
  from.copy(socket, STATE_V4.sourcePort, STATE_V6.sourcePort, STATE_V6.l4 + 1);
}

/** A flag for every event type. */
function typeSet(...types: number[]): Uint8Array {
  const set = new Uint8Array(EVENT_TYPES.length);
  for (const type of types) set[type] = 1;
  return set;
}
