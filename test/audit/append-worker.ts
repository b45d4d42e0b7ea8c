import { randomBytes } from "node:crypto";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { openAuditTrail } from "../../src/audit/audit-trail.ts";
import { readProcessFacts } from "../../src/audit/process-facts.ts";
import { lockAddress, trailLock } from "../../src/audit/trail-lock.ts";

/**
 * A process that appends: `<folder> <mode> <count>`. Modes: "count" appends that many records and says the last receipt;
 * "forever" until it is killed; "full" until it cannot write, then says why; "torn" appends that many, then dies inside a write, leaving half a line.
 */
const [folder = "", mode = "", count = "0"] = process.argv.slice(2);
const trail = openAuditTrail({
  folder,
  server: { name: "falco-skills", version: "0.0.0-test" },
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  random: randomBytes,
  process: readProcessFacts(),
  segmentBytes: mode === "full" ? 10_000_000 : 100_000,
  checkpointEvery: 100,
  checkpointQuietMs: 20,
});
const session = `session of ${process.pid}`;

async function append(index: number): Promise<unknown> {
  const receipt = await trail.append({ type: "resource.read", session, arguments: { index } });
  // Let the event loop turn now and then, as a server does.
  if (index % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
  return receipt;
}

// Where a file-size limit is set, writing beyond it is an error like a full disk, once the signal is caught.
if (mode === "full") process.on("SIGXFSZ", () => {});

async function main(): Promise<void> {
  if (mode === "full") {
    for (let index = 0; ; index += 1) {
      const failed = await append(index).then(
        () => undefined,
        (error) => error.code,
      );
      if (failed === undefined) continue;
      process.stdout.write(`${failed} ${await append(0).catch((error) => error.code)}\n`);
      process.kill(process.pid, "SIGKILL");
    }
  }
  const wanted = mode === "forever" ? Number.POSITIVE_INFINITY : Number(count);
  let last: unknown;
  for (let index = 0; index < wanted; index += 1) {
    last = await append(index);
    if (index === 0) process.stdout.write("started\n");
  }
  if (mode === "torn") {
    const lock = trailLock({
      folder,
      address: lockAddress(folder),
      timeoutMs: 10_000,
      monotonicMs: () => performance.now(),
    });
    await lock.hold(() => {
      appendFileSync(join(folder, "records.jsonl"), '{"args":{"value":{"half":"a li');
      process.kill(process.pid, "SIGKILL");
    });
  }
  await trail.close();
  process.stdout.write(`${JSON.stringify(last)}\n`);
}

await main();
