import { forgetGroup, signalGroup, watchGroup } from "./process-group.ts";

export interface ProcessLimits {
  /** From the start to the first output. */
  readonly startMs: number;
  /** Longest silence after the first output; undefined where silence is normal. */
  readonly idleMs?: number;
  readonly wholeMs: number;
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: number;
  readonly outputBytes: number;
  readonly lineBytes: number;
}

/** What ended a process: itself, or what we ended it for. */
export type EndedBy = "itself" | "enough" | "cancelled" | "no_start" | "silence" | "duration" | "flood" | "not_started";

export interface Supervisor {
  endedBy(): EndedBy;
  /** Asks the group to end and kills it after the grace time; the first reason stays. */
  end(by: EndedBy): void;
  /** Output is being worked on: a slow taker is no silence of the child. */
  beginWork(): void;
  endWork(): void;
  /** The leader is gone. `onStray` is called when its pipes stay open without a byte, held by a process outside the group. */
  leaderGone(onStray: () => void): void;
  release(): void;
}

/** How long a pipe may stay open and silent after the leader has gone. */
const STRAY_PIPE_MS = 500;

/** Watches a process group from its start: limits, cancellation, and that nothing of it stays behind. */
export function supervise(leader: number, limits: ProcessLimits, signal: AbortSignal | undefined): Supervisor {
  let endedBy: EndedBy = "itself";
  let working = 0;
  let onStray: (() => void) | undefined;
  let kill: NodeJS.Timeout | undefined;
  let quiet: NodeJS.Timeout | undefined;

  const end = (by: EndedBy): void => {
    if (endedBy !== "itself" || onStray !== undefined) return;
    endedBy = by;
    signalGroup(leader, "SIGTERM");
    kill = setTimeout(() => signalGroup(leader, "SIGKILL"), limits.graceMs);
  };
  const onAbort = (): void => end("cancelled");
  const whole = setTimeout(() => end("duration"), limits.wholeMs);
  const listen = (ms: number | undefined, onQuiet: () => void): void => {
    clearTimeout(quiet);
    if (ms !== undefined) quiet = setTimeout(onQuiet, ms);
  };
  const listenOn = (): void =>
    onStray === undefined ? listen(limits.idleMs, () => end("silence")) : listen(STRAY_PIPE_MS, onStray);

  watchGroup(leader);
  signal?.addEventListener("abort", onAbort, { once: true });
  listen(limits.startMs, () => end("no_start"));
  if (signal?.aborted) onAbort();

  return {
    endedBy: () => endedBy,
    end,
    beginWork() {
      working += 1;
      clearTimeout(quiet);
    },
    endWork() {
      working -= 1;
      if (working === 0) listenOn();
    },
    leaderGone(callback) {
      // What the leader left behind in its group has no business of its own.
      signalGroup(leader, "SIGKILL");
      onStray = callback;
      if (working === 0) listenOn();
    },
    release() {
      if (onStray === undefined) signalGroup(leader, "SIGKILL");
      for (const timer of [kill, quiet, whole]) clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      forgetGroup(leader);
    },
  };
}
