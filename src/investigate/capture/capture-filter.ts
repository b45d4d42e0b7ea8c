import type { ProcessLife } from "./process-book.ts";

/** Which events of a capture are looked at; all parts must hold. */
export interface CaptureFilter {
  readonly fromNs?: bigint;
  /** Exclusive. */
  readonly toNs?: bigint;
  /** Whether an event of that thread counts, as far as processes and containers are concerned. */
  takes(life: ProcessLife | undefined, tid: number, containerName: string | undefined): boolean;
}

export interface FilterWishes {
  readonly fromNs?: bigint | undefined;
  readonly toNs?: bigint | undefined;
  /** Container id or the beginning of one with at least four characters, or its name; `host` for what runs in none. */
  readonly container?: string | undefined;
  /** Number of a process or thread, or the name or path of a program. */
  readonly process?: string | undefined;
  /** Whether processes that a chosen one made count too. */
  readonly descendants?: boolean | undefined;
  /** Whether a process that bore the name counts on after it ran another program. */
  readonly wholeLife?: boolean | undefined;
}

/** A filter for one walk: it remembers which processes it met by their name. */
export function captureFilter(wishes: FilterWishes): CaptureFilter {
  const { fromNs, toNs, container, process, descendants = false, wholeLife = false } = wishes;
  const number = process !== undefined && /^\d{1,10}$/.test(process) ? Number(process) : undefined;
  const isNamed = (life: ProcessLife): boolean =>
    number === undefined ? life.name === process || life.path === process : life.pid === number;
  const isTaken = (life: ProcessLife, tid: number): boolean => {
    const isNow = isNamed(life) || tid === number;
    if (isNow) life.isChosen = true;
    // A fork bears its parent's name until it runs a program: that alone does not make it the program that is asked for.
    return isNow || ((descendants || wholeLife) && life.isChosen) || (descendants && hasAbove(life, isNamed));
  };
  const takes: CaptureFilter["takes"] = (life, tid, containerName) => {
    if (container !== undefined && !isInContainer(life, container, containerName)) return false;
    if (process === undefined) return true;
    return life === undefined ? tid === number : isTaken(life, tid);
  };
  return { ...(fromNs === undefined ? {} : { fromNs }), ...(toNs === undefined ? {} : { toNs }), takes };
}

function isInContainer(life: ProcessLife | undefined, wanted: string, name: string | undefined): boolean {
  if (life === undefined) return false;
  if (wanted === "host") return life.container === undefined;
  if (life.container === undefined) return false;
  if (name === wanted) return true;
  // Captures carry the first twelve characters; people paste the whole id.
  return wanted.length >= 4 && (life.container.startsWith(wanted) || wanted.startsWith(life.container));
}

function hasAbove(life: ProcessLife, isNamed: (life: ProcessLife) => boolean): boolean {
  const seen = new Set<ProcessLife>();
  for (let at = life.parent; at && !seen.has(at); at = at.parent) {
    if (at.isChosen || isNamed(at)) return true;
    seen.add(at);
  }
  return false;
}
