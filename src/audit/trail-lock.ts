import { createHash } from "node:crypto";
import { mkdirSync, realpathSync, rmdirSync, statSync, unlinkSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { busy, unwritable } from "./errors.ts";

/** A breaker folder that is still there after this long was left by a process that died with it. */
const FORGET_BREAKER_MS = 5_000;

/** What is bound while the lock is held. The kernel lets go of it when the process ends, however it ends. */
export interface LockAddress {
  /** abstract: Linux, no file. pipe: Windows. path: a socket file elsewhere, which a dead holder leaves behind. */
  readonly kind: "abstract" | "pipe" | "path";
  readonly path: string;
}

export interface TrailLock {
  /** What `work` returns, run while no other process is inside. `work` must be synchronous: that keeps holds short. */
  hold<T>(work: () => T): Promise<T>;
  /** Holds, and those of them that had to wait. */
  readonly counts: { held: number; waited: number };
}

export interface LockOptions {
  readonly folder: string;
  readonly address: LockAddress;
  readonly timeoutMs: number;
  readonly monotonicMs: () => number;
}

/** The address that every process with this folder computes, whatever name it knows the folder by. */
export function lockAddress(folder: string, platform: NodeJS.Platform = process.platform): LockAddress {
  const real = realpathSync(folder);
  const owner = statSync(real).uid;
  const id = createHash("sha256").update(`${owner}\0${real}`).digest("hex").slice(0, 32);
  if (platform === "linux") return { kind: "abstract", path: `\0falco-skills-audit-${id}` };
  if (platform === "win32") return { kind: "pipe", path: `\\\\.\\pipe\\falco-skills-audit-${id}` };
  const inside = join(real, "lock.sock");
  // A socket's path has room for 103 bytes on macOS.
  return { kind: "path", path: Buffer.byteLength(inside) < 100 ? inside : join(tmpdir(), `falco-skills-${id}.sock`) };
}

/** A lock over an address. Nothing is bound until the first hold; holds of one process wait for each other in order. */
export function trailLock({ folder, address, timeoutMs, monotonicMs }: LockOptions): TrailLock {
  const counts = { held: 0, waited: 0 };
  const server = createServer((socket) => socket.destroy());
  let failed: (error: NodeJS.ErrnoException) => void = () => {};
  server.on("error", (error) => failed(error));
  let last: Promise<unknown> = Promise.resolve();

  async function run<T>(work: () => T): Promise<T> {
    const startedMs = monotonicMs();
    counts.held += 1;
    for (let tries = 0; !bind(server, address); tries += 1) {
      const error = await new Promise<NodeJS.ErrnoException>((resolve) => {
        failed = resolve;
      });
      if (error.code !== "EADDRINUSE") throw unwritable(folder, error);
      if (tries === 0) counts.waited += 1;
      const waitedMs = monotonicMs() - startedMs;
      if (waitedMs >= timeoutMs) throw busy(timeoutMs, folder);
      await holderGone(address, timeoutMs - waitedMs);
      if (waitedMs > FORGET_BREAKER_MS && address.kind === "path") removeBreaker(address.path);
    }
    try {
      return work();
    } finally {
      server.close();
    }
  }

  return {
    counts,
    hold(work) {
      const result = last.then(() => run(work));
      last = result.catch(() => {});
      return result;
    },
  };
}

// Binding succeeds or fails inside the call; only the event that says so comes later.
function bind(server: Server, { path }: LockAddress): boolean {
  server.listen({ path, exclusive: true });
  return server.listening;
}

/** Comes back when the holder's end closes, when nobody holds the address any more, or after a moment. */
async function holderGone(address: LockAddress, leftMs: number): Promise<void> {
  const seen = await knock(address.path, leftMs);
  if (seen === "ECONNREFUSED" && address.kind === "path") await breakStale(address.path);
  if (seen === "EAGAIN") await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Connects and waits for the other end to close; the error's code when there was nobody to connect to. */
function knock(path: string, leftMs: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    // A holder that is slow to close is looked at again: a wake-up may be lost when its queue of waiters is full.
    const timer = setTimeout(() => socket.destroy(), Math.min(leftMs, 250));
    let seen = "";
    socket.on("error", (error: NodeJS.ErrnoException) => {
      seen = error.code ?? "";
    });
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(seen);
    });
    socket.on("end", () => socket.destroy());
    socket.resume();
  });
}

// Only who made the breaker folder may unlink, and only a socket that still refuses: while the dead one is there nobody
// can bind, so what is unlinked is never a fresh holder's.
async function breakStale(path: string): Promise<void> {
  try {
    mkdirSync(`${path}.break`);
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return;
  }
  try {
    if ((await knock(path, 250)) === "ECONNREFUSED") unlinkSync(path);
  } catch {
    // Gone already.
  } finally {
    removeBreaker(path);
  }
}

function removeBreaker(path: string): void {
  try {
    rmdirSync(`${path}.break`);
  } catch {
    // Somebody was faster.
  }
}
