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
  const workers = Array.from({ length: 4 }, () => startWorker(folder, "count", 500));
  expect(await Promise.all(workers.map(exitOf))).toEqual([0, 0, 0, 0]);
  const verdict = await verifyAuditTrail(folder, {
    verifierKey: readFileSync(join(folder, "keys/identity.vkey"), "utf8"),
  });
  expect(verdict).toMatchObject({
    state: "intact",
    tier: "SIGNED",
    records: 2_001,
    signedSize: 2_001,
    reasonCodes: [],
  });
  expect(verdict.segments).toBeGreaterThan(3);
});

test("eight processes killed at random leave a trail that holds and goes on", { timeout: 120_000 }, async () => {
  const folder = temporaryFolder();
  const workers = Array.from({ length: 8 }, (_, index) =>
    index % 4 === 3 ? startWorker(folder, "torn", 10 + index) : startWorker(folder, "forever"),
  );
  await Promise.all(workers.map((worker) => once(worker.stdout!, "data")));
  for (const worker of workers) {
    await pause((worker.pid ?? 0) % 40);
    worker.kill("SIGKILL");
  }
  expect(new Set(await Promise.all(workers.map(exitOf)))).toEqual(new Set(["SIGKILL"]));
  const trail = openTrail(folder);
  await trail.append(entry({ type: "skill.read" }));
  await trail.close();
  const verdict = await verifyAuditTrail(folder);
  expect(verdict).toMatchObject({ state: "intact", tier: "SIGNED", signedSize: verdict.records });
  expect(verdict.firstBad).toBeUndefined();
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

test("what does not fit on the disk is taken back whole, and the trail goes on when there is room", async () => {
  const folder = temporaryFolder();
  // Blocks of 512 or 1,024 bytes, as the shell has it.
  const limited = spawn(
    "sh",
    ["-c", 'ulimit -f 100; exec "$@"', "sh", process.execPath, "--import", "tsx", WORKER, folder, "full"],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  onTestFinished(() => {
    limited.kill("SIGKILL");
  });
  const [said] = await once(limited.stdout, "data");
  expect(String(said)).toBe("AUDIT_UNWRITABLE AUDIT_UNWRITABLE\n");
  await exitOf(limited);
  expect(readFileSync(join(folder, "records.jsonl")).at(-1)).toBe(10);
  const before = await verifyAuditTrail(folder);
  expect(before).toMatchObject({ state: "intact", torn: 0 });
  const trail = openTrail(folder);
  expect((await trail.append(entry({ type: "skill.read" }))).seq).toBe(before.records);
});
