import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, copyFileSync, existsSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { seededRandom } from "../support/alert-generator.ts";
import { alertLine, nowMs, tempFolder } from "./fixtures.ts";

const KILLS = 22;

test("a tail killed again and again while its log grows and rotates stores every line once", {
  timeout: 300_000,
}, async () => {
  const folder = tempFolder();
  const path = join(folder, "falco.log");
  const random = seededRandom(7);
  const log = writeRotatingLog(path, random);
  const running: ChildProcess[] = [];
  onTestFinished(() => {
    for (const child of running) child.kill("SIGKILL");
  });

  const follow = async (): Promise<ChildProcess> => {
    const program = join(import.meta.dirname, "tail-program.ts");
    const child = spawn(process.execPath, ["--import", "tsx", program, path, folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    running.push(child);
    await once(child.stdout, "data");
    return child;
  };

  writeFileSync(path, "");
  let child = await follow();
  for (let kill = 0; kill < KILLS; kill += 1) {
    const writing = log.write(10 + Math.floor(random() * 150));
    await sleep(random() * 120);
    child.kill("SIGKILL");
    const successor = follow();
    await writing;
    child = await successor;
  }

  const store = await openSqliteStore({ folder: join(folder, "alerts"), nowMs });
  onTestFinished(() => store.close());
  await expect.poll(async () => (await store.status()).alerts, { timeout: 60_000, interval: 100 }).toBe(log.written());
  // Late doubles would come from files found again by name: give them the time of some scans.
  await sleep(500);
  expect((await store.status()).alerts).toBe(log.written());
  expect(log.rotations()).toBeGreaterThan(10);
  expect(existsSync(join(folder, "quarantine"))).toBe(false);
  for (let cursor: string | undefined, seen = 0; ; ) {
    const page = await store.search({}, { limit: 1000, order: "oldest", ...(cursor === undefined ? {} : { cursor }) });
    for (const { fields, repeats } of page.alerts) {
      expect([fields["user.uid"], repeats]).toEqual([seen, 1]);
      seen += 1;
    }
    cursor = page.nextCursor;
    if (cursor !== undefined) continue;
    expect(seen).toBe(log.written());
    break;
  }
});

/** A writer as Falco and logrotate are: whole and half lines, rotation by rename and by copytruncate, nothing deleted. */
function writeRotatingLog(path: string, random: () => number) {
  let written = 0;
  let rotations = 0;

  function rotate(byCopy: boolean): void {
    for (let n = rotations; n >= 1; n -= 1) renameSync(`${path}.${n}`, `${path}.${n + 1}`);
    if (byCopy) {
      copyFileSync(path, `${path}.1`);
      truncateSync(path, 0);
    } else {
      renameSync(path, `${path}.1`);
      writeFileSync(path, "");
    }
    rotations += 1;
  }

  return {
    written: () => written,
    rotations: () => rotations,
    async write(lines: number) {
      for (let line = 0; line < lines; line += 1) {
        const bytes = `${alertLine(written)}\n`;
        const cut = random() < 0.2 ? Math.floor(random() * bytes.length) : bytes.length;
        appendFileSync(path, bytes.slice(0, cut));
        if (cut < bytes.length) await sleep(1);
        appendFileSync(path, bytes.slice(cut));
        written += 1;
        if (random() < 0.03) rotate(random() < 0.5);
        if (random() < 0.3) await sleep(1);
      }
    },
  };
}
