import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { connect } from "../support/connect.ts";

const KILLS = 50;
const DISTINCT = 12_000;

/** Distinct alerts, every tenth of them really twice in the file. */
function alertFile(): string {
  const start = Date.UTC(2026, 10, 30, 23, 0, 0);
  const lines = Array.from({ length: DISTINCT }, (_, at) => {
    const time = `${new Date(start + at * 700).toISOString().slice(0, -1)}${String(at).padStart(6, "0")}Z`;
    const fields = { "proc.cmdline": `sh -c step ${at}`, "proc.name": "sh", "container.id": `c${at % 7}` };
    const alert = { hostname: "node", output: `${time}: Notice step ${at}`, output_fields: fields };
    const line = JSON.stringify({
      ...alert,
      priority: "Notice",
      rule: `rule ${at % 11}`,
      source: "syscall",
      tags: [],
      time,
    });
    return at % 10 === 0 ? `${line}\n${line}` : line;
  });
  return `${lines.join("\n")}\n`;
}

test(`killing the server ${KILLS} times during ingest loses and doubles nothing`, async () => {
  const home = mkdtempSync(join(tmpdir(), "falco-skills-kill-"));
  const args = ["--home", join(home, "data"), "--alerts-root", home];
  writeFileSync(join(home, "alerts.jsonl"), alertFile());
  for (let round = 0; round < KILLS; round++) {
    const server = await connect("2025-11-25", args);
    const call = server.call("ingest_alerts", { paths: ["alerts.jsonl"] }).catch(() => undefined);
    await sleep((round * 37) % 600);
    process.kill(server.pid, "SIGKILL");
    await call;
    await server.close().catch(() => {});
  }
  const server = await connect("2025-11-25", args);
  const read = await server.answer("ingest_alerts", { paths: ["alerts.jsonl"] });
  expect(read).toMatchObject({ lines: DISTINCT + DISTINCT / 10, rejected: {}, ignored: {} });
  const status = await server.answer("falco_status");
  expect(status.alerts).toMatchObject({ stored: DISTINCT, damaged_files: [] });
  const twice = await server.answer("search_alerts", { text: "step 11990", limit: 1 });
  expect(twice.alerts).toMatchObject([{ repeats: 2 }]);
  const summary = await server.answer("summarize_alerts", { by: ["field:container.id"] });
  expect((summary.groups as { count: number }[]).reduce((sum, { count }) => sum + count, 0)).toBe(DISTINCT);

  const verdict = await server.answer("verify_audit");
  expect(verdict).toMatchObject({ state: "intact" });
  await server.close();
  expect(readdirSync(join(home, "data", "alerts")).filter((name) => name.includes("damaged"))).toEqual([]);
  expect(readFileSync(join(home, "alerts.jsonl"), "utf8").length).toBeGreaterThan(0);
  rmSync(home, { recursive: true });
}, 300_000);
