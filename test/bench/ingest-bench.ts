import { createWriteStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { importAlerts } from "../../src/ingest/import-files.ts";
import { openQuarantine } from "../../src/ingest/quarantine.ts";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { generateAlertLines } from "../support/alert-generator.ts";

/**
 * A whole import: `tsx test/bench/ingest-bench.ts [alerts]`, from a file on disk to durable, fully indexed alerts.
 * Wall and CPU seconds are both given: on a machine that others use only the second says what the work costs.
 */
const COUNT = Number(process.argv[2] ?? 200_000);
const MARKS = 8;

const home = mkdtempSync(join(tmpdir(), "falco-skills-ingest-"));
const file = join(home, "alerts.jsonl");
await pipeline(Readable.from(lines()), createWriteStream(file));

const nowMs = () => Date.now();
const store = await openSqliteStore({ folder: join(home, "alerts"), nowMs });
const rssMb: number[] = [];
const started = performance.now();
const cpuBefore = process.cpuUsage();
const { totals } = await importAlerts({
  paths: [file],
  store,
  quarantine: openQuarantine({ folder: join(home, "quarantine"), nowMs }),
  nowMs,
  onProgress: ({ lines }) => {
    if (lines >= ((rssMb.length + 1) * COUNT) / MARKS) rssMb.push(Math.round(process.memoryUsage.rss() / 1e6));
  },
});
const seconds = (performance.now() - started) / 1_000;
const cpu = process.cpuUsage(cpuBefore);
const cpuSeconds = (cpu.user + cpu.system) / 1e6;
const { bytes } = await store.status();
await store.close();
const row = {
  alerts: totals.added,
  "MB read": Math.round(statSync(file).size / 1e6),
  "MB stored": Math.round(bytes / 1e6),
  seconds: Number(seconds.toFixed(1)),
  "alerts/s": Math.round(totals.added / seconds),
  "alerts/CPU s": Math.round(totals.added / cpuSeconds),
  budget: 10_000,
  "RSS MB": rssMb.join(" "),
};
console.table([row]);
console.log(JSON.stringify({ bench: "ingest", ...row }));
rmSync(home, { recursive: true });

function* lines(): Generator<string> {
  for (const line of generateAlertLines(COUNT)) yield `${line}\n`;
}
