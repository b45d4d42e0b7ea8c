import type { ProcessLife } from "./process-book.ts";
import { type Page, type PageWishes, timeText, userText } from "./rows.ts";

/** One process in a tree that is written from the top, children below their parent. */
export interface TreeRow {
  /** 0 for those without a known parent. */
  readonly depth: number;
  readonly pid: number;
  readonly ppid: number;
  readonly process: string;
  readonly command: string;
  readonly user: string;
  readonly container: string;
  /** Absent for those that lived before the recording began. */
  readonly started?: string;
  /** Absent for those that outlived the recording. */
  readonly ended?: string;
  /** `0`, `1`, `signal 9`. */
  readonly exit?: string;
  /** Programs it ran, when more than the one it is shown as. */
  readonly ran?: readonly string[];
  /** Events within the filter; 0 for those that only stand above others. */
  readonly events: number;
}

/** Deeper levels are shown as this one. */
const MAX_DEPTH = 200;

/**
 * The processes that had events within the filter with all above them, in the order they were met; `after` counts rows.
 * `idle` says how many others the capture knows.
 */
export function processTree(
  lives: readonly ProcessLife[],
  { after, limit }: PageWishes,
): Page<TreeRow> & { readonly idle: number } {
  const shown = new Set<ProcessLife>();
  for (const life of lives) {
    if (life.events === 0) continue;
    for (let at: ProcessLife | undefined = life; at && !shown.has(at); at = at.parent) shown.add(at);
  }
  const below = new Map<ProcessLife | undefined, ProcessLife[]>();
  for (const life of [...shown].sort((a, b) => a.id - b.id)) {
    const siblings = below.get(life.parent);
    if (siblings) siblings.push(life);
    else below.set(life.parent, [life]);
  }
  const rows: TreeRow[] = [];
  let at = 0;
  const open: { readonly life: ProcessLife; readonly depth: number }[] = [];
  const push = (parent: ProcessLife | undefined, depth: number) => {
    for (const life of (below.get(parent) ?? []).slice().reverse()) open.push({ life, depth });
  };
  push(undefined, 0);
  for (let next = open.pop(); next; next = open.pop()) {
    at += 1;
    if (at > after && rows.length < limit) rows.push(rowOf(next.life, next.depth));
    push(next.life, Math.min(MAX_DEPTH, next.depth + 1));
  }
  const end = after + rows.length;
  return { rows, matched: at, idle: lives.length - shown.size, ...(end < at ? { next: end } : {}) };
}

export function rowOf(life: ProcessLife, depth: number): TreeRow {
  const { pid, ppid, name, command, container = "host", startNs, endNs, ran, events } = life;
  return {
    depth,
    pid,
    ppid: life.parent?.pid ?? ppid,
    process: name,
    command,
    user: userText(life),
    container,
    ...(startNs === undefined ? {} : { started: timeText(startNs) }),
    ...(endNs === undefined ? {} : { ended: timeText(endNs) }),
    ...(life.exit === undefined ? {} : { exit: exitText(life.exit) }),
    ...(ran.length > 1 ? { ran: [...ran] } : {}),
    events,
  };
}

const exitText = ({ code, signal }: { readonly code: number; readonly signal: number }): string =>
  signal === 0 ? String(code) : `signal ${signal}`;
