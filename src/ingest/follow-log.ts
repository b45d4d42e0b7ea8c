import { stat } from "node:fs/promises";
import type { AlertStore } from "../store/alert-store.ts";
import { type FollowedFile, type Following, placeOf, readNext, startAnew } from "./followed-file.ts";
import { closeIdle, passOverOlder, scanFiles, type TailFiles } from "./tail-scan.ts";
import { parseTailState, printTailState } from "./tail-state.ts";

export interface FollowOptions {
  readonly path: string;
  readonly store: AlertStore;
  readonly following: Following;
  readonly nowMs: () => number;
  readonly graceMs: number;
  readonly batchLines: number;
  /** Ends a pass between two reads. */
  readonly signal: AbortSignal;
  /** After each commit, and with each problem that does not end the pass. */
  readonly tell: (problem?: unknown) => void;
}

export interface FollowedLog {
  readonly events: { readonly rotations: number; readonly rewrites: number };
  /** Reads and stores all there is now; false where there is no file. Fails with what hinders it, to be called again. */
  pass(): Promise<boolean>;
  /** Stores what was read and closes the files. */
  close(): Promise<void>;
}

/** Polls between two looks at files that are not open: late writes to a rotated file wait this long at most. */
const SCAN_EVERY = 20;
/** Reads of one file before the others get their turn. */
const READS_IN_A_ROW = 64;

/** The log at a path, through its rotations; one pass at a time. See `tailFile`. */
export function followLog({
  path,
  store,
  following,
  nowMs,
  graceMs,
  batchLines,
  signal,
  tell,
}: FollowOptions): FollowedLog {
  const { sink } = following;
  const source = `file:${path}`;
  const files: TailFiles = { path, open: [], known: [], current: undefined };
  const events = { rotations: 0, rewrites: 0 };
  let resumed = false;
  let passesToScan = 0;

  async function commit(): Promise<void> {
    const places = [...files.known.map(({ place }) => place), ...files.open.map(placeOf)];
    await sink.flush({ source, state: printTailState(places.filter(({ offset }) => offset > 0)) });
    tell();
  }

  async function resume(): Promise<void> {
    const places = parseTailState(await store.readCheckpoint(source));
    if (places === undefined) {
      files.known = await passOverOlder(path);
      await commit();
    } else {
      files.known = places.map((place) => ({ place, readSize: -1, missed: 0 }));
    }
    resumed = true;
  }

  async function scan(): Promise<void> {
    const before = files.current;
    passesToScan = SCAN_EVERY;
    for (const problem of await scanFiles(files, following, nowMs())) tell(problem);
    if (before !== undefined && files.current !== before) events.rotations += 1;
  }

  /** Reads a file as far as it goes; true where its content was replaced. */
  async function drain(followed: FollowedFile): Promise<boolean> {
    for (let reads = 0; reads < READS_IN_A_ROW && !signal.aborted; reads += 1) {
      const read = await readNext(followed, following);
      if (read === "rewritten") {
        events.rewrites += 1;
        const place = startAnew(followed, following);
        if (place.offset > 0) files.known.push({ place: { ...place, live: false }, readSize: -1, missed: 0 });
        return true;
      }
      if (read === 0) return false;
      followed.lastDataMs = nowMs();
      if (sink.waiting >= batchLines) await commit();
    }
    return false;
  }

  async function drainAll(): Promise<void> {
    for (let rewritten = true; rewritten && !signal.aborted; ) {
      rewritten = false;
      for (const followed of [...files.open]) rewritten = (await drain(followed)) || rewritten;
      // What was rewritten may stand in a copy beside it, which copytruncate made before.
      if (rewritten) await scan();
    }
  }

  return {
    events,
    async pass() {
      if (!resumed) await resume();
      // Left over from a commit that failed: nothing more is read before it is stored.
      if (sink.waiting > 0) await commit();
      passesToScan -= 1;
      if (passesToScan < 0 || !(await leadsTo(path, files.current))) await scan();
      await drainAll();
      for (const followed of [...files.open]) {
        const idle = followed !== files.current && nowMs() - followed.lastDataMs > graceMs;
        if (idle) await closeIdle(files, followed);
      }
      if (sink.waiting > 0) await commit();
      return files.open.length > 0;
    },
    async close() {
      try {
        if (resumed && sink.waiting > 0) await commit();
      } finally {
        for (const { file } of files.open) await file?.close();
      }
    },
  };
}

/** Whether the log's name still leads to the file that was opened under it, or to none. */
async function leadsTo(path: string, current: FollowedFile | undefined): Promise<boolean> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  if (stats === undefined) return true;
  return current !== undefined && current.dev === String(stats.dev) && current.ino === String(stats.ino);
}
