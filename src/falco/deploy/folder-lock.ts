import { createHash } from "node:crypto";
import { connect, createServer } from "node:net";
import { resolve } from "node:path";
import * as wrong from "./errors.ts";

/**
 * Runs the work while no other deployment into the folder is under way on this machine, whatever home it belongs to. The
 * lock is a name in the kernel that goes with the process, however that ends. Fails with DEPLOY_BUSY at once when somebody
 * holds it, and with DEPLOY_UNSUPPORTED on systems without such names.
 */
export async function withFolderLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  if (process.platform !== "linux") throw wrong.unsupported(process.platform);
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((done, failed) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      failed(error.code === "EADDRINUSE" ? wrong.busy(folder) : error),
    );
    server.listen({ path: lockName(folder), exclusive: true }, done);
  });
  try {
    return await work();
  } finally {
    server.close();
  }
}

/** Whether somebody holds the lock of that folder. */
export async function isLocked(folder: string): Promise<boolean> {
  if (process.platform !== "linux") return false;
  return new Promise((done) => {
    const socket = connect({ path: lockName(folder) });
    socket.once("connect", () => {
      socket.destroy();
      done(true);
    });
    socket.once("error", () => done(false));
  });
}

function lockName(folder: string): string {
  return `\0falco-skills-deploy-${createHash("sha256").update(resolve(folder)).digest("hex").slice(0, 32)}`;
}
