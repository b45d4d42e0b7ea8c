import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Cold start: from spawn to the answer of the first request, beside Node's own start in the same minute. */

const MAIN = resolve(import.meta.dirname, "../../dist/cli/main.js");
const RUNS = 11;

const CLIENT = { name: "bench", version: "1" };
const MODERN = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": CLIENT,
  "io.modelcontextprotocol/clientCapabilities": {},
};
const REQUESTS = {
  initialize: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: CLIENT },
  "server/discover": { _meta: MODERN },
};

async function firstAnswerMs(method: keyof typeof REQUESTS, home: string): Promise<number> {
  const started = performance.now();
  const child = spawn(process.execPath, [MAIN, "serve", "--home", home], { stdio: ["pipe", "pipe", "ignore"] });
  child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: REQUESTS[method] })}\n`);
  await new Promise((done) => child.stdout.once("data", done));
  const elapsed = performance.now() - started;
  child.stdin.end();
  await new Promise((done) => child.once("exit", done));
  return elapsed;
}

async function nodeMs(): Promise<number> {
  const started = performance.now();
  await new Promise((done) => spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }).once("exit", done));
  return performance.now() - started;
}

async function median(measure: () => Promise<number>): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) times.push(await measure());
  return Math.round(times.sort((a, b) => a - b)[RUNS >> 1] ?? 0);
}

const home = mkdtempSync(join(tmpdir(), "falco-skills-start-"));
const node = await median(nodeMs);
const rows = [];
for (const method of Object.keys(REQUESTS) as (keyof typeof REQUESTS)[]) {
  const ms = await median(() => firstAnswerMs(method, home));
  rows.push({
    figure: `spawn to ${method}`,
    ms,
    "node alone": node,
    ratio: Number((ms / node).toFixed(1)),
    budget: 500,
  });
}
console.table(rows);
if (readdirSync(home).length > 0) throw new Error("the start wrote into home");
rmSync(home, { recursive: true });
console.log(JSON.stringify({ bench: "start", rows }));
