import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CLIENTS, type Connection, connect, MAIN } from "../support/connect.ts";

/** One record before and one after every call, whatever becomes of it. */

type AuditRecord = Record<string, unknown> & { type: string; tool?: string; intent_seq?: number; seq: number };

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "falco-skills-audit-"));
});
afterEach(() => rmSync(home, { recursive: true }));

const records = (): AuditRecord[] => {
  const folder = join(home, "audit");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (path) => path.endsWith(".jsonl") && /log|records|sealed/.test(path),
  );
  return files
    .sort()
    .flatMap((file) => readFileSync(join(folder, file), "utf8").trim().split("\n"))
    .map((line) => JSON.parse(line) as AuditRecord)
    .filter((record) => typeof record.type === "string");
};

/** Each intent with the results that answer it. */
function pairs(): { intent: AuditRecord; results: AuditRecord[] }[] {
  const all = records();
  const results = all.filter(({ type }) => type === "tool.result");
  return all
    .filter(({ type }) => type === "tool.intent")
    .map((intent) => ({ intent, results: results.filter((result) => result.intent_seq === intent.seq) }));
}

test.each(CLIENTS)(
  "a session of 1,000 calls leaves one intent and one result for each (%s)",
  async (kind) => {
    const server = await connect(kind, ["--home", home]);
    const calls = Array.from({ length: 1_000 }, (_, at) =>
      at % 10 === 9
        ? server.call("get_alert", { id: `none-${at}` })
        : at % 10 === 8
          ? server.call("no_such_tool").catch(() => undefined)
          : at % 10 === 7
            ? server.call("search_alerts", { limit: "many" })
            : server.call("search_alerts", { text: `call ${at}` }),
    );
    await Promise.all(calls);
    await server.close();
    const paired = pairs();
    expect(paired).toHaveLength(1_000);
    expect(paired.filter(({ results }) => results.length !== 1)).toEqual([]);
    const outcomes = paired.map(({ results }) => String(results[0]?.outcome));
    expect(outcomes.filter((outcome) => outcome === "ok")).toHaveLength(700);
    expect(outcomes.filter((outcome) => outcome === "tool_error")).toHaveLength(200);
    expect(outcomes.filter((outcome) => outcome === "rpc_error")).toHaveLength(100);
  },
  60_000,
);

describe("what handlers never see is recorded too", () => {
  let server: Connection;
  afterEach(() => server.close());

  test("a withheld tool is denied, and says by which flag", async () => {
    server = await connect("2026-07-28", ["--home", home, "--read-only"]);
    const result = await server.call("ingest_alerts", { paths: ["x"] });
    expect(result).toMatchObject({
      isError: true,
      content: [{ text: expect.stringMatching(/^TOOL_WITHHELD: .*--read-only/) }],
    });
    expect((await server.answer("falco_status")).withheld).toContainEqual({ tool: "ingest_alerts", by: "--read-only" });
    const [denied] = pairs();
    expect(denied).toMatchObject({ intent: { tool: "ingest_alerts" }, results: [{ outcome: "denied" }] });
  });

  test("a cancelled call is closed as cancelled", async () => {
    server = await connect("2025-11-25", ["--home", home]);
    const stop = new AbortController();
    const call = server.call("verify_audit", {}, { signal: stop.signal });
    stop.abort();
    await expect(call).rejects.toThrow();
    await server.answer("falco_status");
    const paired = pairs();
    expect(paired.every(({ results }) => results.length === 1 || paired.at(-1)?.results.length === 1)).toBe(true);
    expect(["cancelled", "ok"]).toContain(paired[0]?.results[0]?.outcome);
  });

  test("skills read as resources leave a record", async () => {
    server = await connect("2026-07-28", ["--home", home]);
    const { resources } = await server.client.listResources();
    const skill = resources.find(({ uri }) => uri.startsWith("falco://skills/"));
    await server.client.readResource({ uri: String(skill?.uri) });
    expect(records().find(({ type }) => type === "skill.read")).toMatchObject({ skill: { slug: skill?.uri } });
  });

  test("the client is named as the protocol names it, in both eras", async () => {
    server = await connect("2025-11-25", ["--home", home]);
    await server.answer("falco_status");
    expect(records().find(({ type }) => type === "tool.intent")).toMatchObject({
      client: { name: "test-client", version: "9.8.7" },
    });
  });

  test("every answer carries a receipt that verify_audit accepts as a known head", async () => {
    server = await connect("2026-07-28", ["--home", home]);
    const first = await server.call("falco_status");
    const receipt = first._meta?.["falco-skills/audit"] as { seq: number; leaf: string; size: number; root: string };
    expect(receipt).toEqual({
      seq: expect.any(Number),
      leaf: expect.stringMatching(/^[0-9a-f]{64}$/),
      size: receipt.seq + 1,
      root: expect.any(String),
      log: expect.any(String),
    });
    const verdict = await server.answer("verify_audit", { known_heads: [{ size: receipt.size, root: receipt.root }] });
    expect(verdict).toMatchObject({ state: "intact", tier: "ANCHORED", anchored_size: receipt.size });
    const lied = await server.answer("verify_audit", { known_heads: [{ size: receipt.size, root: "0".repeat(64) }] });
    expect(lied.state).toBe("diverged");
  });

  test("secrets in arguments are not in the trail", async () => {
    server = await connect("2026-07-28", ["--home", home]);
    await server.call("search_alerts", { text: "curl -H 'Authorization: Bearer abcdefghijklmnop0123456789'" });
    expect(JSON.stringify(records())).not.toContain("abcdefghijklmnop0123456789");
  });
});

test("calls that record are refused when the trail cannot be written; reading goes on", async () => {
  const server = await connect("2026-07-28", ["--home", home, "--alerts-root", home]);
  await server.answer("falco_status");
  await server.close();
  const folder = join(home, "audit");
  const again = await connect("2026-07-28", ["--home", home, "--alerts-root", home]);
  rmSync(folder, { recursive: true });
  // A file where the folder should be: not even root can write records there.
  const { writeFileSync } = await import("node:fs");
  writeFileSync(folder, "");
  chmodSync(folder, 0o400);
  const refused = await again.call("create_checklist", {
    skill: "performing-cloud-native-forensics-with-falco",
    title: "x",
  });
  expect(refused).toMatchObject({ isError: true, content: [{ text: expect.stringMatching(/^AUDIT_/) }] });
  expect((await again.call("search_alerts", {})).isError).not.toBe(true);
  expect(again.stderr()).toContain("audit");
  await again.close();
});

test("standard output carries JSON-RPC and nothing else, to the end of input", async () => {
  const child = spawn(process.execPath, [MAIN, "serve", "--home", home], { stdio: ["pipe", "pipe", "pipe"] });
  let out = "";
  child.stdout.on("data", (chunk) => {
    out += String(chunk);
  });
  const write = (message: object | string) =>
    child.stdin.write(`${typeof message === "string" ? message : JSON.stringify(message)}\n`);
  const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "raw", version: "0" } };
  write({ jsonrpc: "2.0", id: 1, method: "initialize", params });
  write({ jsonrpc: "2.0", method: "notifications/initialized" });
  write("this is not JSON");
  write({ jsonrpc: "2.0", id: 2, method: "tools/list" });
  write({ jsonrpc: "2.0", id: 3, method: "tools/call", params: { name: "falco_status", arguments: {} } });
  await expect.poll(() => out.split("\n").length, { timeout: 20_000 }).toBeGreaterThan(3);
  child.stdin.end();
  const code = await new Promise((resolve) => child.once("exit", resolve));
  expect(code).toBe(0);
  const messages = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(messages.map(({ id }) => id).sort()).toEqual([1, 2, 3]);
  expect(messages.every(({ jsonrpc }) => jsonrpc === "2.0")).toBe(true);
  expect(JSON.stringify(messages[1])).not.toContain('grc.load_skill"');
});
