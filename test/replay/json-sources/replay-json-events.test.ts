import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readAlertLine } from "../../../src/alert/read-alert.ts";
import { replayableRules } from "../../../src/replay/runs/replayable-rules.ts";
import type { RunAlert } from "../../../src/replay/runs/run.ts";
import { type RunOptions, runRules } from "../../../src/replay/runs/run-rules.ts";
import { loadRules } from "../../../src/rules/load-rules.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "json-events-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const RULES = `
- macro: kevt
  condition: (jevt.value[/stage] in (ResponseComplete))
- rule: Exec into a pod
  desc: d
  condition: kevt and ka.verb in (create, get) and ka.target.subresource = exec and ka.user.groups intersects (dev)
  output: exec user=%ka.user.name pod=%ka.target.name ns=%ka.target.namespace groups=%ka.user.groups
  priority: NOTICE
  source: k8s_audit
  tags: [k8s]
- rule: Any request
  desc: d
  condition: kevt
  output: any %ka.verb
  priority: DEBUG
  source: k8s_audit
- rule: Switched off
  desc: d
  condition: kevt
  output: off
  priority: EMERGENCY
  source: k8s_audit
  enabled: false
- rule: Of captures
  desc: d
  condition: evt.type = execve
  output: x
  priority: INFO
`;
const files = [{ name: "k8s.yaml", text: RULES }];
const { ruleSet, ok } = replayableRules({ ...loadRules(files), files, options: {} }, ["events"]);

const request = (name: string, at: number, more: object = {}) => ({
  auditID: name,
  stage: "ResponseComplete",
  verb: "create",
  user: { username: "jane", groups: ["dev"] },
  objectRef: { resource: "pods", subresource: "exec", name, namespace: "shop" },
  stageTimestamp: `2026-11-22T10:00:0${at}.5Z`,
  ...more,
});
const EVENTS = [request("a", 1), request("b", 2, { verb: "delete" }), request("c", 3, { stage: "RequestReceived" })];

async function run(text: string | Buffer, options: Partial<RunOptions> = {}, source?: string, name = "events.jsonl") {
  const path = join(folder, name);
  writeFileSync(path, text);
  const alerts: RunAlert[] = [];
  const input = { kind: "events", path, ...(source === undefined ? {} : { source }) } as const;
  const take = (alert: RunAlert) => alerts.push(alert);
  const outcome = await runRules(input, ruleSet, take, { matching: "first", hostname: "node-1", ...options });
  return { outcome, alerts };
}

const lines = (events: readonly unknown[]): string => events.map((event) => `${JSON.stringify(event)}\n`).join("");

test("the rules load, and their alerts are Falco's lines", async () => {
  expect(ok).toBe(true);
  const { outcome, alerts } = await run(lines(EVENTS));
  expect(outcome).toMatchObject({
    source: "k8s_audit",
    rulesRun: 2,
    events: 3,
    alertsByRule: { "Exec into a pod": 1, "Any request": 1 },
    endedBy: "end of input",
    skippedCount: 0,
  });
  expect(alerts[0]?.line).toBe(
    '{"hostname":"node-1","output":"10:00:01.500000000: Notice exec user=jane pod=a ns=shop groups=(dev)",' +
      '"output_fields":{"evt.time":1795341601500000000,"ka.target.name":"a","ka.target.namespace":"shop","ka.user.groups":["dev"],"ka.user.name":"jane"},' +
      '"priority":"Notice","rule":"Exec into a pod","source":"k8s_audit","tags":["k8s"],"time":"2026-11-22T10:00:01.500000000Z"}',
  );
  for (const { line } of alerts) expect(readAlertLine(line).kind).toBe("alert");
});

test.each([
  ["lines", "events.jsonl", lines(EVENTS)],
  ["lines packed with gzip", "events.jsonl.gz", gzipSync(lines(EVENTS))],
  [
    "lines with CRLF, a byte order mark and blank lines",
    "events.jsonl",
    `\ufeff${lines(EVENTS).replaceAll("\n", "\r\n\r\n")}`,
  ],
  ["a list", "events.json", JSON.stringify(EVENTS)],
  ["a list over many lines", "events.json", JSON.stringify(EVENTS, null, 2)],
  ["an event list of the API server", "events.json", JSON.stringify({ kind: "EventList", items: EVENTS }, null, 1)],
  ["an event list on one line", "events.json", JSON.stringify({ kind: "EventList", items: EVENTS })],
])("%s", async (_what, name, text) => {
  const { outcome } = await run(text, {}, undefined, name);
  expect(outcome).toMatchObject({ events: 3, alerts: 2, skippedCount: 0 });
});

test("broken lines and events of another shape are counted and passed over", async () => {
  const text = `{"auditID": \n${lines(EVENTS)}not json\n[1,2]\n"text"\n{"eventSource":"x","eventName":"y"}\n`;
  const { outcome } = await run(text, { matching: "all" });
  expect(outcome.events).toBe(3);
  expect(outcome.alerts).toBe(3);
  expect(outcome.skippedCount).toBe(6);
  expect(outcome.skipped[0]).toMatchObject({ code: "REPLAY_EVENTS_UNREADABLE" });
});

test("values nested without end are passed over", async () => {
  const deep = `{"auditID":"x","requestObject":{"data":${"[".repeat(200_000)}${"]".repeat(200_000)}}}\n`;
  const { outcome } = await run(lines(EVENTS) + deep);
  expect(outcome).toMatchObject({ events: 3, skippedCount: 1 });
});

test("a named source takes events as they are", async () => {
  const { outcome } = await run('{"verb":"create","stage":"ResponseComplete"}\n', {}, "k8s_audit");
  expect(outcome).toMatchObject({ events: 1, alertsByRule: { "Any request": 1 } });
});

test.each([
  ["limit of alerts", { limits: { alerts: 1 } }, { alerts: 1 }],
  ["limit of events", { limits: { events: 2 } }, { events: 2 }],
  ["limit of seconds", { limits: { seconds: 1 } }, { events: 2 }],
  ["end of input", { minPriority: "Notice" as const }, { alerts: 1, rulesRun: 1 }],
])("%s", async (endedBy, options, expected) => {
  expect((await run(lines(EVENTS), options)).outcome).toMatchObject({ endedBy, ...expected });
});

test("an aborted run ends with CANCELLED", async () => {
  await expect(run(lines(EVENTS), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "CANCELLED" });
});

test.each([
  ["nothing", "", undefined, undefined],
  ["no JSON", "hello\nworld\n", undefined, "REPLAY_EVENTS_UNREADABLE"],
  ["events of no known source", '{"a":1}\n', undefined, "REPLAY_SOURCE_UNKNOWN"],
  ["a source that is none", lines(EVENTS), "syscall", "REPLAY_SOURCE_UNKNOWN"],
])("%s", async (_what, text, source, code) => {
  if (code === undefined) expect((await run(text, {}, source)).outcome).toMatchObject({ events: 0, alerts: 0 });
  else await expect(run(text, {}, source)).rejects.toMatchObject({ code });
});
