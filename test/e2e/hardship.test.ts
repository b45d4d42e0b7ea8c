import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connect, MAIN } from "../support/connect.ts";

/** A machine that does not play along. */

const FIXTURES = resolve(import.meta.dirname, "../fixtures/alerts");

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "falco-skills-hard-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test("a damaged month is said, other work goes on, and nothing is thrown away", async () => {
  const args = ["--home", home, "--alerts-root", FIXTURES];
  const before = await connect("2026-07-28", args);
  await before.answer("ingest_alerts", { paths: ["."] });
  await before.close();
  const alerts = join(home, "alerts");
  const month = readdirSync(alerts).find((name) => /2026-11\.db$/.test(name)) ?? "";
  for (const name of readdirSync(alerts)) if (name.startsWith(`${month}-`)) rmSync(join(alerts, name));
  writeFileSync(join(alerts, month), "this was a database once".repeat(1_000));
  const after = await connect("2026-07-28", args);
  const found = await after.call("search_alerts", {});
  expect(JSON.stringify(found)).toMatch(/STORE_DAMAGED|damaged/);
  const status = await after.call("falco_status");
  expect(status.isError).not.toBe(true);
  expect(status.structuredContent).toMatchObject({ alerts: { damaged_files: [{ reason: expect.any(String) }] } });
  expect(status.structuredContent?.warnings).toContainEqual(expect.stringContaining("damaged"));
  await after.close();
  const repaired = await connect("2026-07-28", [...args, "--repair"]);
  expect(await repaired.answer("ingest_alerts", { paths: ["node-2026-11-22.jsonl"] })).toMatchObject({ added: 92 });
  expect((await repaired.answer("search_alerts", {})).matched).toBe(92);
  expect(readdirSync(alerts).filter((name) => name.includes(".damaged-"))).not.toEqual([]);
  await repaired.close();
});

test("a home that cannot be made is a clear error, and the server stays up", async () => {
  writeFileSync(join(home, "file"), "");
  const server = await connect("2025-11-25", ["--home", join(home, "file", "data"), "--alerts-root", FIXTURES]);
  const refused = await server.call("ingest_alerts", { paths: ["."] });
  expect(refused).toMatchObject({
    isError: true,
    content: [{ text: expect.stringMatching(/^(AUDIT_UNWRITABLE|HOME_NOT_WRITABLE)/) }],
  });
  expect((await server.call("search_alerts", {})).content[0]?.text).toMatch(/HOME_NOT_WRITABLE|"alerts":\[\]/);
  expect((await server.call("grc_list_skills", {})).isError).not.toBe(true);
  await server.close();
});

test("10,000 calls in a row leave the server as it was", async () => {
  const server = await connect("2026-07-28", ["--home", home, "--alerts-root", FIXTURES]);
  await server.answer("ingest_alerts", { paths: ["node-2026-11-22.jsonl"] });
  for (let round = 0; round < 100; round++) {
    await Promise.all(
      Array.from({ length: 100 }, (_, at) => server.call("search_alerts", { limit: 1, text: `word${at}` })),
    );
  }
  const status = await server.answer("falco_status");
  expect(status.alerts).toMatchObject({ stored: 92 });
  expect((status.audit as { records: number }).records).toBeGreaterThanOrEqual(20_000);
  await server.close();
}, 120_000);

describe("the start is stopped, with a message that says what to do", () => {
  test.each([
    [["serve", "--no-such-flag"], 2, "--no-such-flag"],
    [["serve", "--exclude-tools", "serch_alerts"], 2, "search_alerts"],
    [["serve", "--toolsets", "everything"], 2, "alerts"],
    [["serve", "--listen", "nowhere"], 2, "127.0.0.1:2803"],
    [["serve", "--listen", "0.0.0.0:0"], 1, "INGEST_TOKEN_REQUIRED"],
    [["serve", "--max-result-chars", "10"], 2, "4000"],
    [["no-such-command"], 2, "no-such-command"],
    [["skills", "show", "nothing"], 1, "SKILL_NOT_FOUND"],
    [["ingest", "/no/such/file"], 1, "/no/such/file"],
  ] as const)("%j", (args, code, hint) => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [MAIN, ...args], {
      env: { PATH: process.env.PATH, FALCO_SKILLS_HOME: home },
      encoding: "utf8",
      input: "",
    });
    expect(stderr + stdout).toContain(hint);
    expect(status).toBe(code);
  });
});

test("a switch in the environment that is neither on nor off is not guessed at", () => {
  const { status, stderr } = spawnSync(process.execPath, [MAIN, "serve"], {
    env: { PATH: process.env.PATH, FALCO_SKILLS_HOME: home, FALCO_SKILLS_ALLOW_CHANGES: "maybe" },
    encoding: "utf8",
    input: "",
  });
  expect([status, stderr]).toEqual([2, expect.stringContaining("FALCO_SKILLS_ALLOW_CHANGES")]);
});

test("a start that is closed at once makes nothing", () => {
  mkdirSync(join(home, "empty"));
  const { status } = spawnSync(process.execPath, [MAIN, "serve", "--home", join(home, "empty")], { input: "" });
  expect([status, readdirSync(join(home, "empty"))]).toEqual([0, []]);
});
