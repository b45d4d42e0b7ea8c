import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { openAuditTrail } from "../../src/audit/audit-trail.ts";
import { readProcessFacts } from "../../src/audit/process-facts.ts";
import { verifyAuditTrail } from "../../src/audit/verify-audit-trail.ts";
import { fullOptions, makeWorld, restore, signedOptions, snapshotOf, TAMPER_CLASSES } from "../audit/tamper-classes.ts";

/**
 * `tamper-bench.ts [places] [logs]`: the thirty classes of tampering at that many places each (100), as a matrix of what
 * the verifier found with the chain alone, with the key, and with key and known head; then false alarms over that many
 * clean and killed logs (100 each). In memory it is many times as fast: TMPDIR=/dev/shm. Ends with 1 below what
 * docs/audit.md promises.
 */
const [places = 100, logs = 100] = process.argv.slice(2).map(Number);

/** The writer as plain JavaScript: started a thousand times, it must start quickly. */
function compiledWriter(folder: string): string {
  const source = join(import.meta.dirname, "../audit/append-worker.ts");
  const how = [
    "--module",
    "nodenext",
    "--target",
    "es2023",
    "--rewriteRelativeImportExtensions",
    "--skipLibCheck",
    "--types",
    "node",
    "--strict",
  ];
  const tsc = join(import.meta.dirname, "../../node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, source, "--ignoreConfig", "--outDir", folder, ...how], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stdout);
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  return join(folder, "test/audit/append-worker.js");
}

/** The same places on every machine: a small linear congruential sequence. */
function samePlaces(): (below: number) => number {
  let seed = 1;
  return (below) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
}

interface Row {
  readonly class: number;
  readonly name: string;
  readonly needs: string;
  chain: number;
  key: number;
  full: number;
}

async function matrix(folder: string): Promise<Row[]> {
  const world = await makeWorld(folder);
  const pick = samePlaces();
  const copy = { ...world, trail: join(folder, "copy"), evidence: join(folder, "copied-evidence") };
  const [trail, evidence] = [snapshotOf(world.trail), snapshotOf(world.evidence)];
  const rows: Row[] = [];
  for (const { number, name, apply, seenAs, needs } of TAMPER_CLASSES) {
    const beside = needs === "evidence" ? copy : { ...copy, evidence: world.evidence };
    const row: Row = { class: number, name, needs, chain: 0, key: 0, full: 0 };
    for (let place = 0; place < places; place += 1) {
      restore(trail, copy.trail);
      if (needs === "evidence") restore(evidence, copy.evidence);
      apply(copy.trail, pick, beside);
      const full = await verifyAuditTrail(copy.trail, fullOptions(beside));
      if (full.state !== "intact" && full.reasonCodes.some((reason) => seenAs.includes(reason))) row.full += 1;
      if ((await verifyAuditTrail(copy.trail, signedOptions(beside))).state !== "intact") row.key += 1;
      if ((await verifyAuditTrail(copy.trail)).state !== "intact") row.chain += 1;
    }
    console.error(`class ${number}: ${row.full} of ${places}`);
    rows.push(row);
  }
  return rows;
}

function printMatrix(rows: readonly Row[]): void {
  console.log(`| class | what is done | folder alone | with the key | with key and known head |`);
  console.log("| ---: | --- | ---: | ---: | ---: |");
  const share = (found: number) => (found === places ? "all" : found === 0 ? "none" : `${found} of ${places}`);
  for (const { class: number, name, chain, key, full } of rows)
    console.log(`| ${number} | ${name} | ${share(chain)} | ${share(key)} | ${share(full)} |`);
}

/** Logs of a few records to a few hundred, in segments of any size, closed in good order: none may be called anything but intact. */
async function cleanAlarms(folder: string): Promise<number> {
  const pick = samePlaces();
  let alarms = 0;
  for (let log = 0; log < logs; log += 1) {
    const at = join(folder, `clean-${log}`);
    const trail = openAuditTrail({
      folder: at,
      server: { name: "falco-skills", version: "bench" },
      nowMs: () => Date.now(),
      monotonicMs: () => performance.now(),
      random: randomBytes,
      process: readProcessFacts(),
      segmentBytes: 1_000 + pick(60_000),
      checkpointEvery: 1 + pick(64),
    });
    const records = 1 + pick(150);
    let last = await trail.append({ type: "session.start", session: "s" });
    for (let index = 0; index < records; index += 1) {
      const text = "x".repeat(pick(8) === 0 ? 3_000 : pick(200));
      last = await trail.append({ type: "resource.read", session: "s", arguments: { text } });
    }
    await trail.close();
    const verdict = await verifyAuditTrail(at, { knownHeads: [last] });
    if (verdict.state !== "intact" || verdict.reasonCodes.join() !== "unpinned") alarms += 1;
    rmSync(at, { recursive: true });
  }
  return alarms;
}

/** Logs whose writer was killed at any moment (SIGKILL), looked at as they lie, and again after the next writer. */
async function killedAlarms(folder: string): Promise<{ alarms: number; torn: number }> {
  const writer = compiledWriter(join(folder, "writer"));
  const pick = samePlaces();
  let [alarms, torn, begun] = [0, 0, 0];
  const one = async (): Promise<void> => {
    while (begun < logs) {
      const at = join(folder, `killed-${begun}`);
      begun += 1;
      mkdirSync(at);
      const child = spawn(process.execPath, [writer, at, "forever"], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(child.stdout, "data");
      await pause(pick(60));
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
      const found = await verifyAuditTrail(at);
      if (found.state !== "intact") alarms += 1;
      if (found.reasonCodes.includes("torn-tail")) torn += 1;
      const next = openAuditTrail({
        folder: at,
        server: { name: "falco-skills", version: "bench" },
        nowMs: () => Date.now(),
        monotonicMs: () => performance.now(),
        random: randomBytes,
        process: readProcessFacts(),
      });
      await next.append({ type: "session.end", session: "s" });
      await next.close();
      if ((await verifyAuditTrail(at)).state !== "intact") alarms += 1;
      rmSync(at, { recursive: true });
    }
  };
  await Promise.all([one(), one()]);
  return { alarms, torn };
}

const folder = mkdtempSync(join(tmpdir(), "falco-skills-tamper-"));
try {
  const rows = await matrix(folder);
  printMatrix(rows);
  const clean = await cleanAlarms(folder);
  const killed = await killedAlarms(folder);
  const found = rows.reduce((sum, { full }) => sum + full, 0);
  const foundWithKey = rows.filter(({ needs }) => needs !== "anchor").reduce((sum, { key }) => sum + key, 0);
  const result = {
    places,
    found,
    of: places * rows.length,
    foundWithKey,
    ofWithKey: places * rows.filter(({ needs }) => needs !== "anchor").length,
    cleanLogs: logs,
    cleanAlarms: clean,
    killedLogs: logs,
    killedAlarms: killed.alarms,
    killedInALine: killed.torn,
  };
  console.log(`false alarms: ${clean} of ${logs} clean logs, ${killed.alarms} of ${logs} killed ones`);
  const machine = { cpu: cpus()[0]?.model, node: process.version, load: loadavg()[0]?.toFixed(1) };
  console.log(JSON.stringify({ ...machine, tamper: result, rows }));
  const kept = result.found === result.of && result.foundWithKey === result.ofWithKey && clean + killed.alarms === 0;
  process.exitCode = kept ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
