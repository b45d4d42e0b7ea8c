import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { verifyAuditTrail } from "../../src/audit/verify-audit-trail.ts";
import { entry, openTrail, temporaryFolder } from "./support.ts";

const WORKER = join(import.meta.dirname, "append-worker.ts");

function startWorker(folder: string, mode: string, count = 0): ChildProcess {
  const child = spawn(process.execPath, ["--import", "tsx", WORKER, folder, mode, String(count)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}

async function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  const [code, signal] =
    child.exitCode === null && child.signalCode === null
      ? await once(child, "exit")
      : [child.exitCode, child.signalCode];
  return signal ?? code;
}

test("four processes append to one trail without a fork", { timeout: 120_000 }, async () => {
  const folder = temporaryFolder();
  const workers = Array.from({ length: 4 }, () => startWorker(folder, "count", 1_000));
  expect(await Promise.all(workers.map(exitOf))).toEqual([0, 0, 0, 0]);
  const verdict = await verifyAuditTrail(folder, {
    verifierKey: readFileSync(join(folder, "keys/identity.vkey"), "utf8"),
  });
  expect(verdict).toMatchObject({
    state: "intact",
    tier: "SIGNED",
    records: 4_001,
    signedSize: 4_001,
    reasonCodes: [],
  });
  expect(verdict.segments).toBeGreaterThan(3);
});

test("eight processes killed at random leave a trail that holds and goes on", { timeout: 120_000 }, async () => {
  const folder = temporaryFolder();
  for (let round = 0; round < 2; round += 1) {
    const workers = Array.from({ length: 8 }, (_, index) =>
      index % 4 === 3 ? startWorker(folder, "torn", 10 + index) : startWorker(folder, "forever"),
    );
    await Promise.all(workers.map((worker) => once(worker.stdout!, "data")));
    for (const worker of workers) {
      await pause((worker.pid ?? 0) % 40);
      worker.kill("SIGKILL");
    }
    expect(new Set(await Promise.all(workers.map(exitOf)))).toEqual(new Set(["SIGKILL"]));
  }
  const trail = openTrail(folder);
  await trail.append(entry({ type: "skill.read" }));
  await trail.close();
  const verdict = await verifyAuditTrail(folder);
  expect(verdict).toMatchObject({ state: "intact", tier: "SIGNED", signedSize: verdict.records });
  expect(verdict.firstBad).toBeUndefined();
  // At least the four that died inside a write, unless they were killed a moment before it.
  expect(verdict.reasonCodes.filter((code) => code !== "recovered" && code !== "unpinned")).toEqual([]);
});

test("a half line is kept, cut and confessed by the next record", async () => {
  const folder = temporaryFolder();
  const worker = startWorker(folder, "torn", 3);
  expect(await exitOf(worker)).toBe("SIGKILL");
  expect(await verifyAuditTrail(folder)).toMatchObject({ state: "intact", records: 4 });
  expect((await verifyAuditTrail(folder)).reasonCodes).toContain("torn-tail");

  const trail = openTrail(folder);
  const receipt = await trail.append(entry({ type: "skill.read" }));
  await trail.close();
  expect(receipt.seq).toBe(5);
  const { records } = await trail.search({ types: ["log.recovered"] }, { limit: 1 });
  const recovered = records[0]?.record?.recovered as { bytes: number; file: string };
  expect(recovered.bytes).toBe(30);
  expect(readFileSync(join(folder, recovered.file), "utf8")).toBe('{"args":{"value":{"half":"a li');
  expect(await verifyAuditTrail(folder)).toMatchObject({ state: "intact", tier: "SIGNED", torn: 1, records: 6 });
});
