import { mkdirSync, readdirSync, statSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson } from "./canonical-json.ts";
import { foreignOwner } from "./errors.ts";
import { type ProcessFacts, startTicksOf } from "./process-facts.ts";
import { readSmall } from "./trail-files.ts";

/** How often an owner says that it is alive, and after how long a silent one no longer counts. */
export const HEARTBEAT_MS = 10_000;
const SILENT_MS = 35_000;

interface Owner extends ProcessFacts {
  readonly v: 1;
}

export interface Ownership {
  /** Says that this process is alive. */
  beat(): void;
  release(): void;
}

/**
 * The second guard of the trail, for folders that containers or machines share: the lock's name is seen only inside one
 * network namespace. Each process leaves a file and looks at the others; one of another namespace or machine that spoke
 * within 35 seconds is a reason to refuse (AUDIT_FOREIGN_OWNER). Both write before they look, so that never both go on.
 */
export function takeOwnership(folder: string, facts: ProcessFacts, nowMs: () => number): Ownership {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const mine = ownerName(facts);
  const path = join(folder, mine);
  writeFileSync(path, `${canonicalJson({ v: 1, ...facts })}\n`, { mode: 0o600 });
  const release = () => {
    try {
      unlinkSync(path);
    } catch {
      // Removed by somebody who took us for dead; nothing is left to do.
    }
  };
  try {
    for (const name of readdirSync(folder)) {
      if (name !== mine && name.endsWith(".json")) judge(join(folder, name), facts, nowMs());
    }
  } catch (error) {
    release();
    throw error;
  }
  return {
    beat() {
      const seconds = nowMs() / 1000;
      try {
        utimesSync(path, seconds, seconds);
      } catch {
        writeFileSync(path, `${canonicalJson({ v: 1, ...facts })}\n`, { mode: 0o600 });
      }
    },
    release,
  };
}

function judge(path: string, facts: ProcessFacts, nowMs: number): void {
  const owner = readOwner(path);
  const touchedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const silent = nowMs - touchedMs > SILENT_MS;
  if (owner === undefined) {
    if (silent) forget(path);
    return;
  }
  const sameMachine = owner.bootId === facts.bootId;
  if (sameMachine && owner.pidNamespace === facts.pidNamespace && !isAlive(owner)) forget(path);
  else if (sameMachine && owner.netNamespace === facts.netNamespace) return;
  else if (silent) forget(path);
  else throw foreignOwner(`process ${owner.pid} of another ${sameMachine ? "container" : "machine"}`, path);
}

function isAlive({ pid, startTicks }: Owner): boolean {
  if (startTicks !== undefined) return startTicksOf(pid) === startTicks;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function readOwner(path: string): Owner | undefined {
  try {
    const owner = JSON.parse(readSmall(path) ?? "") as Owner;
    return owner.v === 1 && Number.isSafeInteger(owner.pid) ? owner : undefined;
  } catch {
    return undefined;
  }
}

function forget(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody else cleaned up.
  }
}

function ownerName({ pid, startTicks = "0", netNamespace = "" }: ProcessFacts): string {
  return `${netNamespace.replace(/\D/g, "") || "0"}-${pid}-${startTicks}.json`;
}
