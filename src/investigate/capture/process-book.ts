import type { CaptureState } from "../../state/capture-state.ts";
import type { Thread } from "../../state/thread.ts";

/** One process from its start to its end, as far as the capture shows it. */
export interface ProcessLife {
  /** Order in which the processes were met, from 1. */
  readonly id: number;
  readonly pid: number;
  /** The process that made it, even where that has ended since; undefined where it is not known. */
  readonly parent: ProcessLife | undefined;
  readonly ppid: number;
  name: string;
  command: string;
  path: string;
  uid: number;
  user: string | undefined;
  container: string | undefined;
  /** Undefined for those that lived before the recording began. */
  readonly startNs: bigint | undefined;
  endNs: bigint | undefined;
  /** Exit code, and the signal that ended it, 0 for none. */
  exit: { readonly code: number; readonly signal: number } | undefined;
  /** Events within the filter. */
  events: number;
  /** Programs it ran, in order. */
  readonly ran: string[];
  /** True once it was what the process filter names. */
  isChosen: boolean;
}

/** Processes that are kept; further ones are shown without their history. */
const MAX_LIVES = 50_000;
/** Programs that are kept of one process. */
const MAX_RAN = 20;
/** Generations that are followed upwards, so that nothing runs on for ever. */
const MAX_GENERATIONS = 1_000;
/** A thread of that age with a known number belongs to another process, whose end was missed. */
const STALE_NS = 2_000_000_000n;

/** Every process that a capture has shown, kept after its end; memory ends at 50,000 processes. */
export class ProcessBook {
  readonly #byThread = new WeakMap<Thread, ProcessLife>();
  readonly #latest = new Map<number, ProcessLife>();
  readonly #lives: ProcessLife[] = [];
  readonly #state: CaptureState;
  /** Processes that were met after the book was full. */
  leftOut = 0;

  constructor(state: CaptureState) {
    this.#state = state;
  }

  get lives(): readonly ProcessLife[] {
    return this.#lives;
  }

  /** The process of a thread, entered with its ancestors when it is met for the first time. */
  of(thread: Thread): ProcessLife {
    const known = this.#byThread.get(thread);
    if (known) return known;
    const line: Thread[] = [];
    const seen = new Set<Thread>();
    for (let at: Thread | undefined = thread; at && !seen.has(at) && seen.size < MAX_GENERATIONS; at = this.#up(at)) {
      seen.add(at);
      line.push(at);
      if (this.#byThread.has(at)) break;
    }
    let life: ProcessLife | undefined;
    for (const member of line.reverse()) life = this.#byThread.get(member) ?? this.#enter(member, life);
    return life ?? this.#enter(thread, undefined);
  }

  /** Takes over what a thread is now: after it was made, ran a program or changed its user. */
  refresh(life: ProcessLife, thread: Thread): void {
    const { containerId, uid } = thread;
    life.name = thread.comm;
    life.command = thread.cmdline;
    life.path = thread.exepath;
    life.uid = uid;
    life.user = this.#state.users.user(containerId, uid)?.name ?? (uid === 0 ? "root" : undefined);
    life.container = containerId === "" ? undefined : containerId;
  }

  noteProgram(life: ProcessLife): void {
    if (life.ran.length < MAX_RAN) life.ran.push(life.command);
  }

  #up(thread: Thread): Thread | undefined {
    const main = thread.main ?? thread;
    if (main !== thread) return main;
    const parent = this.#state.threads.find(thread.ptid);
    return parent?.main ?? parent;
  }

  #enter(thread: Thread, above: ProcessLife | undefined): ProcessLife {
    const pid = thread.pid >= 0 ? thread.pid : thread.tid;
    const startNs = thread.cloneNs === 0n ? undefined : thread.cloneNs;
    const before = this.#latest.get(pid);
    // Both sides of a clone may make the thread, and further threads belong to the process they are of.
    const isSame =
      before &&
      before.endNs === undefined &&
      (!startNs || !before.startNs || !thread.isMain || startNs - before.startNs < STALE_NS);
    if (isSame) {
      this.#byThread.set(thread, before);
      return before;
    }
    const life: ProcessLife = {
      id: this.#lives.length + 1,
      pid,
      parent: above?.pid === pid ? above.parent : above,
      ppid: thread.ptid,
      name: "",
      command: "",
      path: "",
      uid: 0,
      user: undefined,
      container: undefined,
      startNs,
      endNs: undefined,
      exit: undefined,
      events: 0,
      ran: [],
      isChosen: false,
    };
    this.refresh(life, thread);
    if (this.#lives.length < MAX_LIVES) {
      this.#lives.push(life);
      this.#latest.set(pid, life);
    } else this.leftOut += 1;
    this.#byThread.set(thread, life);
    return life;
  }
}

/** The process and those above it, nearest first. */
export function lineOf(life: ProcessLife, most = MAX_GENERATIONS): ProcessLife[] {
  const line: ProcessLife[] = [];
  for (let at: ProcessLife | undefined = life; at && line.length < most; at = at.parent) line.push(at);
  return line;
}
