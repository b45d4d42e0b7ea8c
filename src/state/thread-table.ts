import { Thread, ThreadFlag, type ThreadGroup } from "./thread.ts";

/** Threads that are kept at once, as Falco is configured to; further ones are not followed. */
const MAX_THREADS = 262_144;
/** Children that are gone but still listed before a list is tidied. */
const MAX_GONE_CHILDREN = 10;
/** The same for the threads of a group. */
const MAX_DEAD_THREADS = 11;
/** Steps up a line of parents, so that forged loops end. */
const MAX_ANCESTORS = 1_000;

/** Exits that are remembered, and for how long a clone's return may come after its child's exit. */
const REMEMBERED_EXITS = 8_192;
const LATE_CLONE_NS = 2_000_000_000n;

/**
 * The threads of a capture, with their groups and their parents. Follows libs `sinsp_thread_manager` @48dfd53c: threads
 * that are not known get a stand-in of which only the tid is true, a process stays until its last thread is gone, and the
 * children of the dead go to a reaper.
 */
export class ThreadTable {
  readonly #threads = new Map<number, Thread>();
  readonly #groups = new Map<number, ThreadGroup>();
  readonly #exits = new Map<string, bigint>();
  /** The thread found last; NaN stands for none, as events may have any number for a tid. */
  #lastTid = Number.NaN;
  #last: Thread | undefined;

  get size(): number {
    return this.#threads.size;
  }

  values(): IterableIterator<Thread> {
    return this.#threads.values();
  }

  find(tid: number): Thread | undefined {
    if (tid === this.#lastTid) return this.#last;
    const thread = this.#threads.get(tid);
    if (thread) {
      this.#lastTid = tid;
      this.#last = thread;
    }
    return thread;
  }

  /** The thread, or a stand-in for one that is not known; undefined only when the table is full. */
  get(tid: number): Thread | undefined {
    const thread = this.find(tid);
    if (thread || this.#threads.size >= MAX_THREADS) return thread;
    const standIn = new Thread(tid);
    standIn.comm = "<NA>";
    standIn.exe = "<NA>";
    return this.add(standIn);
  }

  /** Adds a thread in the place of one with the same tid, and links it with its group and its parent. */
  add(thread: Thread): Thread | undefined {
    if (!this.insert(thread)) return undefined;
    this.link(thread);
    return thread;
  }

  /** Adds without linking: for the list at the begin of a capture, whose order is any. */
  insert(thread: Thread): boolean {
    if (this.#threads.size >= MAX_THREADS && !this.#threads.has(thread.tid)) return false;
    const before = this.#threads.get(thread.tid);
    if (before) before.isGone = true;
    this.#threads.set(thread.tid, thread);
    this.#lastTid = Number.NaN;
    return true;
  }

  /** Links a thread with its group and its parent; stand-ins have neither. */
  link(thread: Thread): void {
    if (thread.isInvalid || thread.group) return;
    this.#joinGroup(thread);
    if (thread.pid === 1) return;
    const parent = this.#threads.get(thread.ptid);
    if (!parent || parent.isInvalid) thread.ptid = 0;
    else adopt(parent, thread);
  }

  /** Takes a thread out. A main thread stays, dead, while others of its process live. */
  remove(tid: number): void {
    const thread = this.#threads.get(tid);
    if (!thread) return;
    this.#lastTid = Number.NaN;
    const { group } = thread;
    if (thread.isInvalid || !group) {
      this.#forgetChild(thread.ptid);
      this.#erase(tid);
      return;
    }
    if (!thread.isDead) {
      countDeath(group);
      thread.flags |= ThreadFlag.CLOSED;
    }
    if (thread.children.length > 0) this.#giveAwayChildren(thread);
    if (group.alive <= 0) {
      this.#forgetChild(thread.ptid);
      this.#groups.delete(thread.pid);
      this.#erase(thread.pid);
    }
    if (!thread.isMain) {
      this.#forgetChild(thread.ptid);
      this.#erase(tid);
    }
  }

  rememberExit(tid: number, ptid: number, timeNs: bigint): void {
    const key = `${ptid}:${tid}`;
    this.#exits.delete(key);
    this.#exits.set(key, timeNs);
    if (this.#exits.size > REMEMBERED_EXITS) {
      const oldest = this.#exits.keys().next();
      if (!oldest.done) this.#exits.delete(oldest.value);
    }
  }

  hasJustExited(tid: number, ptid: number, timeNs: bigint): boolean {
    const exit = this.#exits.get(`${ptid}:${tid}`);
    return exit !== undefined && timeNs >= exit && timeNs - exit < LATE_CLONE_NS;
  }

  /** The process `steps` generations up, 0 being the thread's own; undefined where the line ends before. */
  ancestor(thread: Thread, steps: number): Thread | undefined {
    let process = thread.main;
    for (let i = 0; i < steps && process; i++) process = this.find(process.ptid)?.main;
    return process;
  }

  /** Calls `visit` for each ancestor from the parent on, until it says false or the line ends or loops. */
  eachAncestor(thread: Thread, visit: (ancestor: Thread) => boolean): void {
    let slow = this.#threads.get(thread.ptid);
    let fast = slow && this.#threads.get(slow.ptid);
    for (let i = 0; i < MAX_ANCESTORS && slow && slow.tid !== -1; i++) {
      if (!visit(slow)) return;
      slow = this.#threads.get(slow.ptid);
      for (let step = 0; step < 2; step++) {
        fast = fast && this.#threads.get(fast.ptid);
        if (slow && (slow === fast || slow.tid === slow.ptid)) return;
      }
    }
  }

  /**
   * The thread that leads a session or process group: the one with that id, or seen from inside a pid namespace, where
   * ids say nothing, the oldest ancestor with the same id.
   */
  leader(thread: Thread, idOf: (thread: Thread) => number, isVirtual: boolean): Thread | undefined {
    const id = idOf(thread);
    if (id === -1) return undefined;
    if (!isVirtual || !thread.isInPidNamespace) {
      const found = this.#threads.get(id);
      if (found) return found;
    }
    let oldest: Thread | undefined;
    this.eachAncestor(thread, (ancestor) => {
      if (idOf(ancestor) !== id) return false;
      oldest = ancestor;
      return true;
    });
    return oldest;
  }

  clear(): void {
    this.#threads.clear();
    this.#groups.clear();
    this.#exits.clear();
    this.#lastTid = Number.NaN;
    this.#last = undefined;
  }

  #joinGroup(thread: Thread): void {
    const group = this.#groups.get(thread.pid);
    if (!group) {
      const isReaper = thread.pid === 1 || thread.vpid === 1;
      thread.group = { pid: thread.pid, isReaper, alive: 1, threads: [thread] };
      this.#groups.set(thread.pid, thread.group);
      return;
    }
    if (thread.isMain) group.threads.unshift(thread);
    else group.threads.push(thread);
    group.alive += 1;
    thread.group = group;
  }

  #erase(tid: number): void {
    const thread = this.#threads.get(tid);
    if (!thread) return;
    thread.isGone = true;
    this.#lastTid = Number.NaN;
    this.#threads.delete(tid);
  }

  #forgetChild(ptid: number): void {
    const parent = this.#threads.get(ptid);
    if (!parent) return;
    parent.liveChildren -= 1;
    if (parent.children.length - parent.liveChildren >= MAX_GONE_CHILDREN) {
      parent.children = parent.children.filter((child) => !child.isGone);
    }
  }

  #giveAwayChildren(thread: Thread): void {
    let reaper = thread.reaperTid > 0 ? this.get(thread.reaperTid) : undefined;
    if (!reaper || reaper.isInvalid) reaper = this.#findReaper(thread);
    if (reaper) {
      thread.reaperTid = reaper.tid;
      if (reaper.pid !== thread.pid && reaper.group) reaper.group.isReaper = true;
    }
    for (const child of thread.children) {
      if (child.isGone) continue;
      if (!reaper) child.ptid = 0;
      else if (reaper !== thread) adopt(reaper, child);
    }
    thread.children = [];
    thread.liveChildren = 0;
  }

  /** As the kernel looks for one: a living thread of the same process, then the nearest ancestor that is a reaper. */
  #findReaper(thread: Thread): Thread | undefined {
    const own = thread.group?.threads.find((other) => !other.isGone && !other.isDead && other !== thread);
    if (own && (thread.group?.alive ?? 0) > 0) return own;
    const seen = new Set([thread.tid]);
    let parent = this.#threads.get(thread.ptid);
    while (parent && !seen.has(parent.tid) && parent.isInPidNamespace === thread.isInPidNamespace) {
      seen.add(parent.tid);
      const { group } = parent;
      if (group?.isReaper && group.alive > 0) {
        const alive = group.threads.find((other) => !other.isGone && !other.isDead);
        if (alive) return alive;
      }
      parent = this.#threads.get(parent.ptid);
    }
    return undefined;
  }
}

/** Notes a thread's death in its group. */
export function countDeath(group: ThreadGroup): void {
  group.alive -= 1;
  if (group.threads.length - group.alive >= MAX_DEAD_THREADS) {
    group.threads = group.threads.filter((thread) => !thread.isGone);
  }
}

function adopt(parent: Thread, child: Thread): void {
  parent.children.push(child);
  parent.liveChildren += 1;
  child.ptid = parent.tid;
}
