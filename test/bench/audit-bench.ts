import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { createServer } from "node:net";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { type AuditEntry, openAuditTrail } from "../../src/audit/audit-trail.ts";
import { readProcessFacts } from "../../src/audit/process-facts.ts";
import { proveRecord } from "../../src/audit/prove-records.ts";
import { verifyAuditTrail } from "../../src/audit/verify-audit-trail.ts";

/**
 * Figures of the audit trail: `audit-bench.ts append [records] | contend [records] [processes] | verify [records]`.
 * Each prints one JSON line. Times on a shared machine are given beside the bare system calls of the same minute.
 */
const [command = "append", ...numbers] = process.argv.slice(2);
const [first = 0, second = 0] = numbers.map(Number);

const ENTRY: AuditEntry = {
  type: "tool.result",
  session: "0190b7c2-1111-7222-8333-444455556666",
  client: { name: "client", version: "1.0.0" },
  tool: "search_alerts",
  requestId: 17,
  traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  arguments: {
    rule: "Terminal shell in container",
    priorities: ["Warning", "Error"],
    from: "2026-11-20T00:00:00Z",
    limit: 50,
  },
  outcome: "ok",
  isError: false,
  durationMs: 12,
  bytes: 5_321,
};

function open(folder: string) {
  return openAuditTrail({
    folder,
    server: { name: "falco-skills", version: "bench" },
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    random: randomBytes,
    process: readProcessFacts(),
  });
}

function percentiles(times: number[]) {
  times.sort((a, b) => a - b);
  const at = (share: number) => Number((times[Math.floor(times.length * share)] ?? 0).toFixed(1));
  return { p50Us: at(0.5), p90Us: at(0.9), p99Us: at(0.99) };
}

/** What the machine takes for one bind, stat, write and close: the least an append that is safe between processes can cost. */
function bareCalls(folder: string, rounds: number) {
  const path = join(folder, "bare");
  const fd = openSync(path, "a");
  const server = createServer();
  const line = Buffer.alloc(660, 65);
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const started = process.hrtime.bigint();
    server.listen({ path: `\0bench-${process.pid}`, exclusive: true });
    statSync(path);
    writeSync(fd, line);
    server.close();
    times.push(Number(process.hrtime.bigint() - started) / 1_000);
  }
  return percentiles(times);
}

async function appendMany(folder: string, records: number) {
  const trail = open(folder);
  await trail.append(ENTRY);
  const times: number[] = [];
  const started = performance.now();
  for (let index = 0; index < records; index += 1) {
    const from = process.hrtime.bigint();
    await trail.append(ENTRY);
    times.push(Number(process.hrtime.bigint() - from) / 1_000);
    // A server's event loop turns between two calls.
    if (index % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const seconds = (performance.now() - started) / 1_000;
  const { contended } = await trail.status();
  await trail.close();
  return { records, ...percentiles(times), perSecond: Math.round(records / seconds), contended };
}

async function contend(folder: string, records: number, processes: number) {
  const children = Array.from({ length: processes }, () =>
    spawn(
      process.execPath,
      ["--import", "tsx", import.meta.filename, "worker", String(Math.ceil(records / processes))],
      {
        env: { ...process.env, AUDIT_BENCH_FOLDER: folder },
        stdio: ["ignore", "pipe", "inherit"],
      },
    ),
  );
  const outputs = await Promise.all(
    children.map(async (child) => {
      let text = "";
      child.stdout.on("data", (chunk) => {
        text += chunk;
      });
      await once(child, "close");
      return JSON.parse(text);
    }),
  );
  const verdict = await verifyAuditTrail(folder);
  return {
    processes,
    workers: outputs,
    state: verdict.state,
    records: verdict.records,
    forks: verdict.state === "forked" ? 1 : 0,
  };
}

async function fill(folder: string, records: number) {
  const trail = open(folder);
  for (let done = 0; done < records; done += 5_000) {
    await Promise.all(Array.from({ length: Math.min(5_000, records - done) }, () => trail.append(ENTRY)));
  }
  await trail.close();
}

/** A thread's program from its source. */
function startReader(): Worker {
  const source = new URL("../../src/audit/scan-worker.ts", import.meta.url).href;
  const program = `import(${JSON.stringify(import.meta.resolve("tsx/esm/api"))}).then(({ register }) => {
    register();
    return import(${JSON.stringify(source)});
  });`;
  return new Worker(program, { eval: true });
}

async function verify(folder: string, records: number) {
  // In a process of its own: what this one needs at most is what verifying needs.
  const filler = spawn(process.execPath, ["--import", "tsx", import.meta.filename, "fill", String(records)], {
    env: { ...process.env, AUDIT_BENCH_FOLDER: folder },
    stdio: "inherit",
  });
  await once(filler, "close");
  const timed = async <T>(work: () => Promise<T>) => {
    const [started, cpu] = [performance.now(), process.cpuUsage()];
    const result = await work();
    const { user, system } = process.cpuUsage(cpu);
    return { result, seconds: (performance.now() - started) / 1_000, cpuSeconds: (user + system) / 1e6 };
  };
  const peakBeforeMb = process.resourceUsage().maxRSS / 1_024;
  const whole = await timed(() => verifyAuditTrail(folder));
  const peakMb = process.resourceUsage().maxRSS / 1_024;
  const threads = await timed(() => verifyAuditTrail(folder, { workers: { count: 2, start: startReader } }));
  const since = await timed(() => verifyAuditTrail(folder, { fromCheckpoint: true }));
  const proof = await timed(() => proveRecord(folder, Math.floor(records / 2)));
  const { state, tier, segments, bytes } = whole.result;
  return {
    records,
    bytes,
    segments,
    state,
    tier,
    load: loadavg()[0]?.toFixed(1),
    sameWithTwoThreads: JSON.stringify(threads.result) === JSON.stringify(whole.result),
    secondsWithTwoThreads: threads.seconds,
    cpuSecondsWithTwoThreads: threads.cpuSeconds,
    seconds: whole.seconds,
    cpuSeconds: whole.cpuSeconds,
    peakBeforeMb: Math.round(peakBeforeMb),
    peakMb: Math.round(peakMb),
    sinceCheckpointMs: since.seconds * 1_000,
    proofSeconds: proof.seconds,
    proofHashes: proof.result.split("\n\n")[0]?.split("\n").slice(2).length,
  };
}

const folder = process.env.AUDIT_BENCH_FOLDER ?? mkdtempSync(join(tmpdir(), "falco-skills-bench-"));
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
try {
  if (command === "append") {
    const bare = bareCalls(folder, 20_000);
    const result = await appendMany(join(folder, "trail"), first || 20_000);
    console.log(JSON.stringify({ ...machine, append: result, bare, bareAfter: bareCalls(folder, 20_000) }));
  } else if (command === "fill") await fill(folder, first);
  else if (command === "worker") console.log(JSON.stringify(await appendMany(folder, first)));
  else if (command === "contend")
    console.log(
      JSON.stringify({ ...machine, contend: await contend(join(folder, "trail"), first || 100_000, second || 4) }),
    );
  else if (command === "verify")
    console.log(JSON.stringify({ ...machine, verify: await verify(join(folder, "trail"), first || 1_000_000) }));
  else
    throw new Error(
      `no bench is called ${command}: ${readFileSync(import.meta.filename, "utf8")
        .split("\n")
        .find((line) => line.includes("audit-bench.ts append"))}`,
    );
} finally {
  if (process.env.AUDIT_BENCH_FOLDER === undefined) rmSync(folder, { recursive: true, force: true });
}
