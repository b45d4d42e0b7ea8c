import { spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Connection, connect, MAIN } from "../support/connect.ts";

/** A server that follows a log and takes posts while a client asks: what arrives is there, once. */

const LINES = readFileSync(resolve(import.meta.dirname, "../fixtures/alerts/node-2026-11-22.jsonl"), "utf8")
  .trim()
  .split("\n");

let home: string;
let log: string;
let server: Connection;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "falco-skills-feeds-"));
  log = join(home, "alerts.jsonl");
});
afterEach(async () => {
  await server.close();
  rmSync(home, { recursive: true });
});

const stored = async (from: Connection = server): Promise<number> =>
  ((await from.answer("falco_status")).alerts as { stored: number }).stored;

const reaches = (count: number) => expect.poll(() => stored(), { timeout: 20_000, interval: 100 }).toBe(count);

const lines = (from: number, to: number) =>
  LINES.slice(from, to)
    .map((line) => `${line}\n`)
    .join("");

test("the tail survives rotation by rename and by truncation, half lines and a restart", async () => {
  server = await connect("2026-07-28", ["--home", join(home, "data"), "--alerts", log]);
  expect(await stored()).toBe(0);
  writeFileSync(log, lines(0, 10));
  await reaches(10);
  appendFileSync(log, lines(10, 19) + LINES[19]?.slice(0, 100));
  await reaches(19);
  appendFileSync(log, `${LINES[19]?.slice(100)}\n`);
  await reaches(20);
  renameSync(log, `${log}.1`);
  writeFileSync(log, lines(20, 30));
  await reaches(30);
  truncateSync(log);
  await reaches(30);
  appendFileSync(log, lines(30, 40));
  await reaches(40);
  await server.close();
  appendFileSync(log, lines(40, 60));
  renameSync(log, `${log}.2`);
  writeFileSync(log, `${lines(60, 70)}not an alert\n`);
  server = await connect("2026-07-28", ["--home", join(home, "data"), "--alerts", log]);
  await reaches(70);
  const { feeds } = await server.answer("falco_status");
  expect(feeds).toMatchObject([{ kind: "file", name: log, state: "following", rejected: 1 }]);
});

test("the webhook takes Falco's and falcosidekick's posts, gzipped too, and an alert by two ways is one", async () => {
  server = await connect("2026-07-28", ["--home", join(home, "data"), "--alerts", log, "--listen", "127.0.0.1:0"]);
  await expect.poll(() => server.stderr()).toMatch(/listening for alerts at http/);
  const url = /http:\/\/\S+/.exec(server.stderr())?.[0] ?? "";
  const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    fetch(url, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
  expect((await post(LINES[0] ?? "")).status).toBeLessThan(300);
  expect(
    (await post(gzipSync(LINES[1] ?? "") as Uint8Array<ArrayBuffer>, { "content-encoding": "gzip" })).status,
  ).toBeLessThan(300);
  const sidekick = { uuid: "6f2a", ...(JSON.parse(LINES[2] ?? "{}") as Record<string, unknown>) };
  expect((await post(JSON.stringify(sidekick))).status).toBeLessThan(300);
  expect((await post("{")).status).toBe(400);
  expect((await fetch(new URL("/healthz", url))).status).toBe(200);
  writeFileSync(log, lines(0, 5));
  await reaches(5);
});

test("two servers on one home work at the same time and leave one sound trail", async () => {
  server = await connect("2026-07-28", ["--home", join(home, "data"), "--alerts-root", home]);
  const other = await connect("2025-11-25", ["--home", join(home, "data"), "--alerts-root", home]);
  writeFileSync(join(home, "a.jsonl"), lines(0, 60));
  writeFileSync(join(home, "b.jsonl"), lines(30, 92));
  await Promise.all([
    ...Array.from({ length: 5 }, () => server.answer("ingest_alerts", { paths: ["a.jsonl"] })),
    ...Array.from({ length: 5 }, () => other.answer("ingest_alerts", { paths: ["b.jsonl"] })),
    ...Array.from({ length: 50 }, () => other.answer("search_alerts", { text: "shell" })),
  ]);
  expect(await stored()).toBe(92);
  expect(await stored(other)).toBe(92);
  await other.close();
  expect(await server.answer("verify_audit")).toMatchObject({ state: "intact" });
});

describe("falco-skills ingest -", () => {
  test("keeps what is piped into it and says what became of every line", async () => {
    server = await connect("2026-07-28", ["--home", join(home, "data")]);
    const child = spawn(process.execPath, [MAIN, "ingest", "-", "--home", join(home, "data"), "--json"]);
    child.stdin.end(`${lines(0, 12)}Events detected: 12\nRule counts by severity:\n   WARNING: 12\n`);
    let out = "";
    for await (const chunk of child.stdout) out += String(chunk);
    expect(JSON.parse(out)).toMatchObject({ lines: 15, added: 12, rejected: {} });
    expect(await stored()).toBe(12);
  });
});
