import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmdirSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type LockAddress, lockAddress, trailLock } from "../../src/audit/trail-lock.ts";
import { temporaryFolder } from "./support.ts";

const monotonicMs = () => performance.now();

function addressOf(kind: string, folder: string): LockAddress {
  return kind === "native" ? lockAddress(folder) : lockAddress(folder, "darwin");
}

function lockOver(folder: string, address: LockAddress, timeoutMs = 20_000) {
  return trailLock({ folder, address, timeoutMs, monotonicMs });
}

const KINDS = process.platform === "win32" ? ["native"] : ["native", "path"];

test.each(KINDS)("holds of a %s lock come one after the other", async (kind) => {
  const folder = temporaryFolder();
  const address = addressOf(kind, folder);
  const [one, other] = [lockOver(folder, address), lockOver(folder, address)];
  const seen = await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 ? one : other).hold(() => index)));
  expect(seen).toEqual(Array.from({ length: 20 }, (_, index) => index));
});

test.each(KINDS)("a %s lock that is held makes others wait and then go on", async (kind) => {
  const folder = temporaryFolder();
  const address = addressOf(kind, folder);
  const holder = createServer();
  holder.listen({ path: address.path });
  await once(holder, "listening");
  const lock = lockOver(folder, address);
  const held = lock.hold(() => "held");
  const waiter = await once(holder, "connection");
  expect(waiter).toBeDefined();
  waiter[0].destroy();
  holder.close();
  expect(await held).toBe("held");
  expect(lock.counts).toEqual({ held: 1, waited: 1 });
});

test.each(KINDS)("a %s lock held too long is reported", async (kind) => {
  const folder = temporaryFolder();
  const address = addressOf(kind, folder);
  const holder = createServer();
  holder.listen({ path: address.path });
  await once(holder, "listening");
  onTestFinished(() => void holder.close());
  await expect(lockOver(folder, address, 30).hold(() => 0)).rejects.toMatchObject({ code: "AUDIT_BUSY" });
});

test.each(KINDS)("a %s lock is free again when its holder was killed", async (kind) => {
  const folder = temporaryFolder();
  const address = addressOf(kind, folder);
  const script = `require("node:net").createServer().listen({ path: ${JSON.stringify(address.path)} }, () => console.log("held"))`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
  expect(await lockOver(folder, address).hold(() => "free")).toBe("free");
});

test("a breaker that somebody else holds is respected", async () => {
  const folder = temporaryFolder();
  const address = addressOf("path", folder);
  const script = `require("node:net").createServer().listen({ path: ${JSON.stringify(address.path)} }, () => process.kill(process.pid, "SIGKILL"))`;
  await once(spawn(process.execPath, ["-e", script], { stdio: "ignore" }), "exit");
  mkdirSync(`${address.path}.break`);
  await expect(lockOver(folder, address, 30).hold(() => 0)).rejects.toMatchObject({ code: "AUDIT_BUSY" });
  expect(statSync(address.path).isSocket()).toBe(true);
  rmdirSync(`${address.path}.break`);
  expect(await lockOver(folder, address).hold(() => "free")).toBe("free");
});

test("work that throws lets go of the lock", async () => {
  const folder = temporaryFolder();
  const lock = lockOver(folder, lockAddress(folder));
  await expect(
    lock.hold(() => {
      throw new Error("inside");
    }),
  ).rejects.toThrow("inside");
  expect(await lock.hold(() => "free")).toBe("free");
});

test("a folder has one address, whatever name it is known by", () => {
  const folder = temporaryFolder();
  expect(lockAddress(join(folder, "..", folder.split("/").at(-1)!, "."))).toEqual(lockAddress(folder));
  expect(lockAddress(folder, "linux").path).toMatch(/^\0falco-skills-audit-[0-9a-f]{32}$/);
  expect(lockAddress(folder, "win32").path).toMatch(/^\\\\\.\\pipe\\falco-skills-audit-[0-9a-f]{32}$/);
  const deep = join(folder, "d".repeat(100));
  mkdirSync(deep);
  expect(Buffer.byteLength(lockAddress(deep, "darwin").path)).toBeLessThan(104);
});
