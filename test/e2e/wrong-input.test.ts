import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Connection, connect } from "../support/connect.ts";

/** What a confused or a steered model sends: always a code, what was seen and how to mend it; never a crash. */

let home: string;
let root: string;
let server: Connection;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "falco-skills-wrong-"));
  root = join(home, "incoming");
  mkdirSync(root);
  writeFileSync(join(home, "secret.jsonl"), "{}\n");
  symlinkSync(join(home, "secret.jsonl"), join(root, "way-out.jsonl"));
  writeFileSync(join(root, "binary.jsonl"), Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 0, 1, 2, 3]));
  execFileSync("mkfifo", [join(root, "pipe.jsonl")]);
  writeFileSync(
    join(root, "mixed.jsonl"),
    [
      '{"hostname":"n","output":"o","priority":"Info","rule":"r","source":"syscall","tags":[],"time":"2026-01-01T00:00:00Z","output_fields":{"proc.name":"x\\u202e"}}',
      "not json",
      "Events detected: 3",
      '{"half": ',
      "",
    ].join("\n"),
  );
  server = await connect("2026-07-28", ["--home", join(home, "data"), "--alerts-root", root]);
});
afterAll(async () => {
  await server.close();
  rmSync(home, { recursive: true });
});

async function failure(name: string, input: Record<string, unknown>): Promise<string> {
  const result = await server.call(name, input);
  expect(result.isError, JSON.stringify(result.structuredContent)).toBe(true);
  return result.content[0]?.text ?? "";
}

describe("arguments", () => {
  test.each([
    ["search_alerts", { limit: "ten" }, "INVALID_ARGUMENT", "limit"],
    ["search_alerts", { limit: 1e9 }, "INVALID_ARGUMENT", "limit"],
    ["search_alerts", { prioritty: "Critical" }, "INVALID_ARGUMENT", "priority"],
    ["search_alerts", { priority: "High" }, "INVALID_ARGUMENT", "Critical"],
    [
      "search_alerts",
      { priority_at_least: "Critical", priority_at_most: "Alert", priority: "Debug" },
      "INVALID_ARGUMENT",
      "priority",
    ],
    ["search_alerts", { from: "yesterday" }, "INVALID_TIME", "RFC 3339"],
    ["search_alerts", { from: "-1h", to: "-2h" }, "INVALID_ARGUMENT", "before"],
    ["search_alerts", { cursor: "bm9uc2Vuc2U" }, "CURSOR_MISMATCH", ""],
    ["search_alerts", { fields: [{ field: "proc.nmae", op: "=", value: "x" }] }, "UNKNOWN_FIELD", "proc.name"],
    ["search_alerts", { fields: [{ field: "proc.name", op: "=" }] }, "INVALID_ARGUMENT", "one value"],
    ["search_alerts", { fields: [{ field: "proc.name", op: "exists", value: "x" }] }, "INVALID_ARGUMENT", "no value"],
    ["summarize_alerts", { by: ["rule", "tag", "source"] }, "INVALID_ARGUMENT", "by"],
    ["summarize_alerts", { by: ["colour"] }, "INVALID_ARGUMENT", "hostname"],
    ["summarize_alerts", { bucket: "soon" }, "INVALID_ARGUMENT", "1h"],
    ["get_alert", { id: "nope" }, "ALERT_NOT_FOUND", "search_alerts"],
    ["get_alert", {}, "INVALID_ARGUMENT", "id"],
    ["grc_load_skill", { name: "no-such-skill" }, "SKILL_NOT_FOUND", "grc_list_skills"],
    [
      "grc_load_skill",
      { name: "performing-cloud-native-forensics-with-falco", file: "../../package.json" },
      "SKILL_FILE_NOT_FOUND",
      "",
    ],
    ["create_checklist", { skill: "no-such-skill", title: "x" }, "SKILL_NOT_FOUND", ""],
    ["update_checklist", { checklist: "../../etc/passwd" }, "CHECKLIST_NOT_FOUND", ""],
    ["search_audit", { cursor: "zzz" }, "INVALID_ARGUMENT", "cursor"],
    ["verify_audit", { known_heads: [{ size: 1, root: "zz" }] }, "INVALID_ARGUMENT", "64 hex"],
  ])("%s %j: %s", async (name, input, code, hint) => {
    const text = await failure(name, input);
    expect(text).toMatch(new RegExp(`^${code}: `));
    expect(text).toContain(hint);
  });

  test("a cursor of another query is refused", async () => {
    await server.answer("ingest_alerts", { paths: ["mixed.jsonl"] });
    const text = await failure("search_alerts", { cursor: "AAAA", text: "other" });
    expect(text).toMatch(/^CURSOR_MISMATCH: /);
  });

  test("an unknown tool is a protocol error, not a crash", async () => {
    await expect(server.call("no_such_tool", {})).rejects.toThrow(/no_such_tool/);
    expect((await server.answer("falco_status")).version).toBeDefined();
  });
});

describe("files", () => {
  test.each([
    ["a path outside the roots", "/etc/passwd", "PATH_OUTSIDE_ROOTS"],
    ["dots", "../secret.jsonl", "PATH_OUTSIDE_ROOTS"],
    ["a symlink out of the roots", "way-out.jsonl", "PATH_OUTSIDE_ROOTS"],
    ["a missing file", "nothing.jsonl", "FILE_NOT_FOUND"],
  ])("%s is refused", async (_what, path, code) => {
    expect(await failure("ingest_alerts", { paths: [path] })).toMatch(new RegExp(`^${code}: `));
  });

  test.each([
    ["a FIFO", "pipe.jsonl", "FILE_NOT_REGULAR"],
    ["a binary file", "binary.jsonl", "INGEST_BINARY_FILE"],
  ])("%s is told as a fault of that file", async (_what, path, code) => {
    const result = await server.call("ingest_alerts", { paths: [path] });
    expect(JSON.stringify(result)).toContain(code);
  });

  test("what is no alert is counted by reason, and nothing is lost", async () => {
    const read = await server.answer("ingest_alerts", { paths: ["mixed.jsonl"] });
    const { added, already_known, lines, ignored, rejected } = read as Record<string, number> & {
      ignored: object;
      rejected: object;
    };
    const all = [...Object.values(ignored), ...Object.values(rejected)].reduce((a, b) => a + b, 0);
    expect(lines).toBe(Number(added) + Number(already_known) + all);
    expect(Object.values(rejected).reduce((a, b) => a + b, 0)).toBe(2);
  });

  test("hostile characters of an alert are shown, not sent", async () => {
    const found = await server.call("search_alerts", { rule: "r", detail: "full" });
    expect(JSON.stringify(found)).not.toContain("\u202e");
    expect(JSON.stringify(found)).toContain("\\\\u{202e}");
  });
});
