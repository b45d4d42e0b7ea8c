import { mkdirSync } from "node:fs";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { unwritable } from "./errors.ts";
import { loadTrail } from "./load-trail.ts";
import { HEARTBEAT_MS, type Ownership, takeOwnership } from "./owners.ts";
import type { TrailFiles } from "./trail-files.ts";
import type { AuditTrailOptions } from "./trail-interface.ts";
import { lockAddress, type TrailLock, trailLock } from "./trail-lock.ts";
import { closeActive, type TrailState } from "./trail-state.ts";

/** The trail's state, reachable only under the lock. */
export interface GuardedState {
  /** What `work` returns; the folder, the lock, the ownership and the state are made when first needed. */
  hold<T>(work: (state: TrailState) => T): Promise<T>;
  /** For looking only. */
  peek(): { readonly state: TrailState | undefined; readonly contended: number };
  release(): void;
}

interface Opened {
  readonly lock: TrailLock;
  ownership: Ownership | undefined;
  state: TrailState | undefined;
  /** The trail that was seen first. */
  log: string | undefined;
  heartbeat: NodeJS.Timeout | undefined;
}

export function guardedState(files: TrailFiles, options: AuditTrailOptions): GuardedState {
  let opened: Opened | undefined;
  return {
    async hold(work) {
      try {
        opened ??= openLock(files, options);
        const current = opened;
        return await current.lock.hold(() => work(enter(current, files, options)));
      } catch (thrown) {
        const error = asExpected(thrown, files.folder);
        // After a refusal everything is read anew; only a write that was taken back leaves a state to go on from.
        if (!(error instanceof FalcoSkillsError && error.code === "AUDIT_UNWRITABLE")) forgetState(opened);
        throw error;
      }
    },
    peek: () => ({ state: opened?.state, contended: opened?.lock.counts.waited ?? 0 }),
    release() {
      forgetState(opened);
      clearInterval(opened?.heartbeat);
      opened?.ownership?.release();
      opened = undefined;
    },
  };
}

function openLock(files: TrailFiles, { lockTimeoutMs = 10_000, monotonicMs }: AuditTrailOptions): Opened {
  mkdirSync(files.folder, { recursive: true, mode: 0o700 });
  const address = lockAddress(files.folder);
  const lock = trailLock({ folder: files.folder, address, timeoutMs: lockTimeoutMs, monotonicMs });
  return { lock, ownership: undefined, state: undefined, log: undefined, heartbeat: undefined };
}

function enter(opened: Opened, files: TrailFiles, options: AuditTrailOptions): TrailState {
  if (opened.ownership === undefined) {
    const ownership = takeOwnership(files.owners, options.process, options.nowMs);
    opened.ownership = ownership;
    opened.heartbeat = setInterval(() => ownership.beat(), HEARTBEAT_MS).unref();
  }
  opened.state ??= loadTrail(files, { ...options, pid: options.process.pid }, opened.log);
  opened.log ??= opened.state.log;
  return opened.state;
}

function forgetState(opened: Opened | undefined): void {
  if (opened?.state === undefined) return;
  closeActive(opened.state);
  opened.state = undefined;
}

function asExpected(thrown: unknown, folder: string): unknown {
  const fromTheSystem = thrown instanceof Error && typeof (thrown as NodeJS.ErrnoException).syscall === "string";
  return fromTheSystem ? unwritable(folder, thrown) : thrown;
}
