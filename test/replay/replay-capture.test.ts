import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createGunzip } from "node:zlib";
import { expect, test } from "vitest";
import { replayCapture } from "../../src/replay/replay-capture.ts";
import type { RunAlert } from "../../src/replay/runs/run.ts";
import type { RunOptions } from "../../src/replay/runs/run-rules.ts";
import { loadRules } from "../../src/rules/load-rules.ts";
import { openCapture } from "../../src/scap/open-capture.ts";

const CAPTURE = join(import.meta.dirname, "../fixtures/captures/web-intrusion.scap");

const RULES = `
- rule: Shadow read
  desc: d
  condition: evt.type in (open, openat, openat2) and fd.name = /etc/shadow and evt.num > 0
  output: shadow by %proc.name | time=%evt.rawtime container=%container.id absent=%proc.aname[200]
  priority: CRITICAL
  tags: [host, T1003]
- rule: Any shell started
  desc: d
  condition: evt.type in (execve, execveat) and evt.res = SUCCESS and proc.name = sh
  output: shell %proc.cmdline
  priority: NOTICE
- rule: Every program started
  desc: d
  condition: evt.type in (execve, execveat) and evt.res = SUCCESS
  output: program %proc.exepath
  priority: INFORMATIONAL
- rule: Off
  desc: d
  condition: evt.type = execve
  output: x
  priority: INFO
  enabled: false
- rule: Of another source
  desc: d
  condition: ka.verb = get
  output: x
  priority: INFO
  source: k8s_audit
`;

const { ruleSet } = loadRules([{ name: "rules.yaml", text: RULES }]);

async function replay(options: Partial<RunOptions> = {}, onAlert?: (alert: RunAlert) => void) {
  const alerts: RunAlert[] = [];
  const { bytes } = await openCapture(CAPTURE);
  const summary = await replayCapture(
    bytes,
    ruleSet.rules,
    (alert) => {
      alerts.push(alert);
      onAlert?.(alert);
    },
    { matching: "first", hostname: "node-1", ...options },
  );
  return { alerts, summary };
}

const namesOf = (alerts: readonly RunAlert[]) => alerts.map(({ rule }) => rule.name);

test("the first rule that matches an event gives the only alert", async () => {
  const { alerts, summary } = await replay();
  expect(summary.fault).toBeUndefined();
  expect(summary.events).toBe(6747);
  expect(summary.alerts).toBe(alerts.length);
  expect(summary.alertsByRule).toEqual({
    "Shadow read": namesOf(alerts).filter((name) => name === "Shadow read").length,
    "Any shell started": namesOf(alerts).filter((name) => name === "Any shell started").length,
    "Every program started": namesOf(alerts).filter((name) => name === "Every program started").length,
  });
  const numbers = alerts.map(({ eventNumber }) => eventNumber);
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
});

test("with all matches each rule that matches gives one, in the order of the rules", async () => {
  const first = await replay();
  const all = await replay({ matching: "all" });
  const shells = namesOf(first.alerts).filter((name) => name === "Any shell started").length;
  expect(shells).toBeGreaterThan(0);
  expect(all.summary.alerts).toBe(first.summary.alerts + shells);
  const place = namesOf(all.alerts).indexOf("Any shell started");
  expect(all.alerts[place + 1]).toMatchObject({
    rule: { name: "Every program started" },
    eventNumber: all.alerts[place]?.eventNumber,
  });
});

test("an alert is a line of Falco's JSON with every digit of its numbers", async () => {
  const { alerts } = await replay();
  const alert = alerts.find(({ rule }) => rule.name === "Shadow read");
  const time = alert?.timeNs.toString();
  expect(alert?.line).toContain(`"evt.rawtime":${time}`);
  const parsed = JSON.parse(alert?.line ?? "") as Record<string, unknown>;
  expect(Object.keys(parsed)).toEqual([
    "hostname",
    "output",
    "output_fields",
    "priority",
    "rule",
    "source",
    "tags",
    "time",
  ]);
  expect(parsed).toMatchObject({
    hostname: "node-1",
    priority: "Critical",
    rule: "Shadow read",
    source: "syscall",
    tags: ["T1003", "host"],
    output_fields: { "container.id": "3f1c9a7be2d0", "proc.aname[200]": null },
  });
  expect(parsed.output).toMatch(
    new RegExp(
      `^\\d\\d:\\d\\d:\\d\\d\\.\\d{9}: Critical shadow by \\S+ \\| time=${time} container=3f1c9a7be2d0 absent=<NA> `,
    ),
  );
  expect(parsed.time).toMatch(/^2026-11-22T\d\d:\d\d:\d\d\.\d{9}Z$/);
});

test("a limit ends the replay with exactly as many alerts, also between two of one event", async () => {
  const all = await replay({ matching: "all" });
  const maxAlerts = namesOf(all.alerts).indexOf("Any shell started") + 1;
  const { alerts, summary } = await replay({ limits: { alerts: maxAlerts }, matching: "all" });
  expect(all.alerts[maxAlerts]?.eventNumber).toBe(alerts.at(-1)?.eventNumber);
  expect(alerts).toHaveLength(maxAlerts);
  expect(summary).toMatchObject({ alerts: maxAlerts, endedBy: "limit of alerts" });
  expect(summary.events).toBeLessThan(6747);
});

test("an aborted replay ends with CANCELLED after the alerts it has given", async () => {
  const controller = new AbortController();
  const given: RunAlert[] = [];
  const running = replay({ signal: controller.signal }, (alert) => {
    given.push(alert);
    controller.abort();
  });
  await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
  expect(given.length).toBeGreaterThan(0);
});

test("alerts before a fault of the capture count, and the fault is told with its place", async () => {
  const whole = await replay();
  async function* cut(): AsyncGenerator<Buffer> {
    let left = 600_001;
    for await (const piece of createReadStream(CAPTURE).pipe(createGunzip())) {
      const bytes = piece as Buffer;
      yield bytes.subarray(0, left);
      left -= bytes.length;
      if (left <= 0) return;
    }
  }
  const alerts: RunAlert[] = [];
  const summary = await replayCapture(cut(), ruleSet.rules, (alert) => alerts.push(alert), {
    matching: "first",
    hostname: "node-1",
  });
  expect(summary.fault).toMatchObject({ code: "CAPTURE_TRUNCATED" });
  const place = /^byte (\d+) of the unpacked capture, in an event block$/.exec(summary.fault?.where ?? "");
  expect(Number(place?.[1])).toBeGreaterThan(500_000);
  expect(Number(place?.[1])).toBeLessThan(600_001);
  expect(alerts.length).toBeGreaterThan(0);
  expect(alerts.map(({ line }) => line)).toEqual(whole.alerts.slice(0, alerts.length).map(({ line }) => line));
});

/** As the real Falco 0.44 printed them of this capture. */
const PRINTED = [
  ["evt.rawarg.flags", "5006"],
  ["evt.rawarg.mode", "644"],
  ["evt.rawarg.dev", "2E"],
  ["evt.rawarg.ino", 11],
  ["proc.aenv", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8"],
  ["proc.aenv[1]", null],
] as const;

test.each(PRINTED)("%s of a file being opened is printed as %o", async (field, expected) => {
  const text = `
- rule: opened
  desc: d
  condition: evt.type in (open, openat)
  output: "%${field}"
  priority: INFO
`;
  const { bytes } = await openCapture(CAPTURE);
  const lines: string[] = [];
  const { rules } = loadRules([{ name: "rules.yaml", text }]).ruleSet;
  const options = { matching: "first", hostname: "node-1", limits: { alerts: 1 } } as const;
  await replayCapture(bytes, rules, ({ line }) => lines.push(line), options);
  expect(JSON.parse(lines[0] ?? "").output_fields[field]).toEqual(expected);
});

/** As many events as the real Falco 0.44 matched in this capture. */
test.each([
  ["evt.type.is.execve = 1", 0],
  ["evt.type.is.close = 1", 585],
  ["evt.type.is.connect > 0", 50],
  ["proc.aenv[3] contains APP_ENV", 6_392],
  ["proc.aenv[9] exists", 6_459],
])("%s holds for %i events", async (condition, expected) => {
  const text = `- {rule: r, desc: d, condition: "${condition}", output: o, priority: INFO}`;
  const { bytes } = await openCapture(CAPTURE);
  const { rules } = loadRules([{ name: "rules.yaml", text }]).ruleSet;
  const { alerts } = await replayCapture(bytes, rules, () => {}, { matching: "first", hostname: "node-1" });
  expect(alerts).toBe(expected);
});
