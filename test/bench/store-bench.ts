import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { readAlertLine } from "../../src/alert/read-alert.ts";
import type { AlertFilter, AlertStore, FieldCondition, NewAlert, SummaryRequest } from "../../src/store/alert-store.ts";
import { applyRetention } from "../../src/store/cold/apply-retention.ts";
import { DRIVER_NAMES } from "../../src/store/sqlite-driver.ts";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import {
  containerId,
  generateAlertLines,
  ruleName,
  STREAM_START_MS,
  seededRandom,
} from "../support/alert-generator.ts";

/**
 * Measures the store on generated alerts: `tsx test/bench/store-bench.ts [alerts] [batch] [driver] [json file]`.
 * Ingest is timed from the JSON line to the durable, indexed alert; making the lines is left out. CPU seconds tell more
 * than wall seconds on a machine that others use.
 */
const [countText = "200000", batchText = "2000", driverText = "", jsonPath = ""] = process.argv.slice(2);
const COUNT = Number(countText);
const BATCH = Number(batchText);
const RUNS = 24;
const STEP_MS = 2_592_000_000 / 1_000_000;
const END_MS = STREAM_START_MS + COUNT * STEP_MS;
const HOUR_NS = 3_600_000_000_000n;

interface Measured {
  readonly question: string;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
  readonly cpuP50: number;
  readonly cpuP95: number;
  readonly hits: number;
}

const folder = mkdtempSync(join(tmpdir(), "falco-skills-bench-"));
const driver = DRIVER_NAMES.find((name) => name === driverText);
const store = await openSqliteStore({ folder, nowMs: () => END_MS, ...(driver === undefined ? {} : { driver }) });
try {
  const ingest = await measureIngest(store);
  console.log(`driver ${(await store.status()).driver}, ${COUNT} alerts, batches of ${BATCH}`);
  console.table([ingest]);
  const questions = await measureQuestions(store);
  console.table(questions);
  const peakRssBeforeMb = Math.round(process.resourceUsage().maxRSS / 1024);
  const archive = await measureArchive(store);
  console.table(archive);
  for (const row of archive) console.log(JSON.stringify({ ...row, alerts: COUNT, load: loadavg()[0] }));
  console.log(`peak RSS before the archive ${peakRssBeforeMb} MB`);
  const peakRssMb = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(`peak RSS ${peakRssMb} MB`);
  if (jsonPath !== "")
    writeFileSync(
      jsonPath,
      JSON.stringify({ count: COUNT, batch: BATCH, ingest, questions, archive, peakRssMb }, null, 2),
    );
} finally {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
}

async function measureIngest(into: AlertStore) {
  const lines = generateAlertLines(COUNT);
  const rssMb: number[] = [];
  let wallNs = 0n;
  let cpuUs = 0;
  let stored = 0;
  let slowestMs = 0;
  for (let done = 0; done < COUNT; done += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, COUNT - done) }, () => Buffer.from(String(lines.next().value)));
    const start = process.hrtime.bigint();
    const cpu = process.cpuUsage();
    const alerts: NewAlert[] = [];
    for (const line of batch) {
      const read = readAlertLine(line);
      if (read.kind === "alert") alerts.push({ alert: read.alert, occurrence: 1, receivedAtMs: END_MS });
    }
    stored += (await into.add(alerts, { source: "bench", state: String(done) })).added;
    const took = process.hrtime.bigint() - start;
    const { user, system } = process.cpuUsage(cpu);
    wallNs += took;
    cpuUs += user + system;
    slowestMs = Math.max(slowestMs, Number(took) / 1e6);
    if (done % (BATCH * Math.max(1, Math.floor(COUNT / BATCH / 8))) === 0)
      rssMb.push(Math.round(process.memoryUsage().rss / 1e6));
  }
  const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  return {
    stored,
    perSecond: Math.round(COUNT / (Number(wallNs) / 1e9)),
    perCpuSecond: Math.round(COUNT / (cpuUs / 1e6)),
    cpuSeconds: Number((cpuUs / 1e6).toFixed(1)),
    slowestBatchMs: Math.round(slowestMs),
    diskMbPerMillion: Math.round((bytes / 1e6 / COUNT) * 1e6),
    rssMb: rssMb.join(" "),
  };
}

async function measureQuestions(from: AlertStore): Promise<Measured[]> {
  const random = seededRandom(7);
  const pick = (below: number) => Math.floor(random() * below);
  const window = (hours: number): AlertFilter => {
    const lengthMs = hours * 3_600_000;
    const startMs = STREAM_START_MS + random() * Math.max(0, END_MS - STREAM_START_MS - lengthMs);
    const fromNs = BigInt(Math.floor(startMs)) * 1_000_000n;
    return { fromNs, toNs: fromNs + BigInt(lengthMs) * 1_000_000n };
  };
  const field = (name: string, value: string, operator: FieldCondition["operator"] = "="): AlertFilter => ({
    fields: [{ fields: [name], operator, values: [value] }],
  });
  const newest =
    (filter: AlertFilter, limit = 50) =>
    async () =>
      (await from.search(filter, { limit, order: "newest" })).matched;
  const summary = (request: Partial<SummaryRequest>) => async () =>
    (await from.summarize({ filter: {}, by: [], limit: 20, ...request })).groupCount;
  const count = (filter: AlertFilter) => async () => (await from.summarize({ filter, by: [], limit: 0 })).matched;
  const programs = ["bash", "sh", "curl", "python3", "cat", "ssh"];
  const program = () => programs[pick(programs.length)] ?? "";
  const warnings = ["Emergency", "Alert", "Critical", "Error", "Warning"] as const;
  const questions: Record<string, () => () => Promise<number>> = {
    "01 last 50 warning+ in 1 h": () => newest({ ...window(1), priorities: warnings }),
    "02 last 50 critical ever": () => newest({ priorities: ["Critical"] }),
    "03 rule and container, newest 50": () =>
      newest({ rules: [ruleName(pick(8))], ...field("container.id", containerId(pick(20))) }),
    "04 rule and container, count": () =>
      count({ rules: [ruleName(pick(40))], ...field("container.id", containerId(pick(200))) }),
    "05 proc.name, newest 50": () => newest(field("proc.name", program())),
    "06 proc.name, count 7 d": () => count({ ...window(168), ...field("proc.name", program()) }),
    "07 fd.name prefix, newest 50": () =>
      newest(field("fd.name", ["/etc/", "/root/", "/var/log/"][pick(3)] ?? "", "startswith")),
    "08 fd.name prefix, count": () => count(field("fd.name", ["/etc/s", "/", "/home/"][pick(3)] ?? "", "startswith")),
    "09 rare field, count": () => count(field("fd.sip", `203.0.113.${pick(40)}`)),
    "10 word, newest 50": () => newest({ text: ["Sensitive", "Outbound", "passwd"][pick(3)] ?? "" }),
    "11 word, count": () => count({ text: ["connection", "id_rsa", "python3"][pick(3)] ?? "" }),
    "12 rule by hour, 7 d": () => summary({ filter: window(168), by: ["rule"], bucketNs: HOUR_NS }),
    "13 containers of a rule": () => summary({ filter: { rules: [ruleName(pick(40))] }, by: ["field:container.id"] }),
    "14 count by priority": () => summary({ by: ["priority"] }),
    "15 warning+, namespace, 24 h, word": () =>
      newest({ ...window(24), priorities: warnings, text: "Shell", ...field("k8s.ns.name", `ns-${pick(15)}`) }),
    "16 rule and container, 24 h, top 20": () => summary({ filter: window(24), by: ["rule", "field:container.id"] }),
    "17 newest 100 of all": () => newest({}, 100),
    "18 top proc.name, 7 d": () => summary({ filter: window(168), by: ["field:proc.name"] }),
    "19 one long command line": () => count(field("proc.cmdline", `bash -c /etc/shadow --id=${pick(50_000)}`)),
    "20 by tag": () => summary({ by: ["tag"] }),
    "21 one alert by id": () => async () => ((await from.get(await anyId(from, window(1)))) === undefined ? 0 : 1),
  };
  const measured: Measured[] = [];
  for (const [question, make] of Object.entries(questions)) measured.push(await measure(question, make));
  return measured;
}

/** Moves everything into the archive and asks it; seconds are those of the processor for each million alerts. */
async function measureArchive(from: AlertStore) {
  const nowMs = END_MS + 800 * 86_400_000;
  const someId = await anyId(from, {});
  const span = { atHandMonths: 12, inAllMonths: 1200 };
  const work: Record<string, () => Promise<number>> = {
    "move into the archive": async () =>
      (await applyRetention({ folder, span, setting: "own", nowMs })).moved.reduce(
        (sum, { alerts }) => sum + alerts,
        0,
      ),
    "newest 50 of all": async () => (await coldSearch(from, {})).matched,
    "rule, newest 50": async () => (await coldSearch(from, { rules: [ruleName(3)] })).matched,
    "priority and hour, count": async () => {
      const by = ["priority"] as const;
      return (await from.summarize({ filter: {}, by, limit: 9, bucketNs: HOUR_NS, cold: true })).matched;
    },
    "rare field, newest 50": async () =>
      (await coldSearch(from, { fields: [{ fields: ["fd.sip"], operator: "=", values: ["203.0.113.38"] }] })).matched,
    "command line contains, newest 50": async () =>
      (await coldSearch(from, { fields: [{ fields: ["proc.cmdline"], operator: "contains", values: ["--id=4242"] }] }))
        .matched,
    "word, newest 50": async () => (await coldSearch(from, { text: "crontab" })).matched,
    "container, by process": async () => {
      const filter: AlertFilter = { fields: [{ fields: ["container.id"], operator: "=", values: [containerId(9)] }] };
      return (await from.summarize({ filter, by: ["field:proc.name"], limit: 20, cold: true })).matched;
    },
    "one alert by id": async () => ((await from.get(someId, { cold: true })) === undefined ? 0 : 1),
  };
  const measured: { question: string; hits: number; wallPerMillion: number; cpuPerMillion: number }[] = [];
  for (const [question, run] of Object.entries(work)) {
    const start = process.hrtime.bigint();
    const cpu = process.cpuUsage();
    const hits = await run();
    const wall = Number(process.hrtime.bigint() - start) / 1e9;
    const { user, system } = process.cpuUsage(cpu);
    const perMillion = (seconds: number) => Number(((seconds / COUNT) * 1e6).toFixed(2));
    measured.push({
      question,
      hits,
      wallPerMillion: perMillion(wall),
      cpuPerMillion: perMillion((user + system) / 1e6),
    });
  }
  const bytes = (await from.status()).archive?.bytes ?? 0;
  measured.push({
    question: "MB of the archive",
    hits: Math.round(bytes / COUNT),
    wallPerMillion: 0,
    cpuPerMillion: 0,
  });
  return measured;
}

function coldSearch(from: AlertStore, filter: AlertFilter) {
  return from.search(filter, { limit: 50, order: "newest", cold: true });
}

async function anyId(from: AlertStore, filter: AlertFilter): Promise<string> {
  return (await from.search(filter, { limit: 1, order: "oldest" })).alerts[0]?.id ?? "";
}

async function measure(question: string, make: () => () => Promise<number>): Promise<Measured> {
  const times: number[] = [];
  const cpuTimes: number[] = [];
  let hits = 0;
  for (let run = 0; run < RUNS; run++) {
    const ask = make();
    const start = process.hrtime.bigint();
    const cpu = process.cpuUsage();
    hits = await ask();
    times.push(Number(process.hrtime.bigint() - start) / 1e6);
    const { user, system } = process.cpuUsage(cpu);
    cpuTimes.push((user + system) / 1e3);
  }
  const at = (list: number[], share: number) =>
    Number((list.sort((a, b) => a - b)[Math.min(RUNS - 1, Math.floor(share * RUNS))] ?? 0).toFixed(1));
  return {
    question,
    p50: at(times, 0.5),
    p95: at(times, 0.95),
    max: at(times, 1),
    cpuP50: at(cpuTimes, 0.5),
    cpuP95: at(cpuTimes, 0.95),
    hits,
  };
}
