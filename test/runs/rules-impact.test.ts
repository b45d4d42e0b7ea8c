import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readAlertLine } from "../../src/alert/read-alert.ts";
import { rulesImpact } from "../../src/runs/rules-impact.ts";
import type { AlertStore } from "../../src/store/alert-store.ts";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";

const CAPTURE = join(import.meta.dirname, "../fixtures/captures/web-intrusion.scap");

let folder: string;
let alerts: AlertStore;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "impact-"));
  alerts = await openSqliteStore({ folder, nowMs: () => Date.parse("2026-11-23T10:00:00Z") });
  const names = ["bash", "bash", "dash", "curl"];
  await alerts.add(
    names.map((name, at) => ({ alert: stored("shell", { "proc.name": name }, at), occurrence: 1, receivedAtMs: 1 })),
  );
  await alerts.add([{ alert: stored("other", { "proc.name": "x" }, 9), occurrence: 1, receivedAtMs: 1 }]);
});
afterAll(async () => {
  await alerts.close();
  rmSync(folder, { recursive: true });
});

function stored(rule: string, fields: Record<string, string>, at: number) {
  const time = `2026-11-22T10:00:0${at}.000000000Z`;
  const line = {
    hostname: "h",
    output: rule,
    output_fields: fields,
    priority: "Warning",
    rule,
    source: "syscall",
    tags: [],
    time,
  };
  const read = readAlertLine(JSON.stringify(line));
  if (read.kind !== "alert") throw new Error(read.reason);
  return read.alert;
}

const files = (condition: string, more = "") => [
  {
    name: "r.yaml",
    text: `- rule: shell\n  desc: d\n  condition: ${condition}\n  output: "%proc.name"\n  priority: WARNING\n  ${more}\n`,
  },
];
const OLD = files("evt.type = execve and proc.name in (bash, dash, sh)");

test.each([
  ["the same rules", OLD, [], [], []],
  [
    "fewer names",
    files("evt.type = execve and proc.name in (dash, sh)"),
    [],
    [{ rule: "shell", count: 3 }],
    ["For 1 stored alerts"],
  ],
  [
    "a rule switched off",
    files("evt.type = execve and proc.name in (bash, dash, sh)", "enabled: false"),
    [],
    [{ rule: "shell", count: 4 }],
    [],
  ],
  [
    "another field, which the alerts do not carry",
    files("evt.type = execve and fd.num = 3"),
    [],
    [],
    ["For 4 stored alerts"],
  ],
])("stored alerts under %s", async (_name, after, gained, lost, notes) => {
  const impact = await rulesImpact(OLD, after, { inputs: [], storedFromNs: 0n }, { alerts, load: {} });
  expect(impact).toMatchObject({ basis: "5 stored alerts", gained, lost });
  expect(impact.notes.slice(1).map((note) => note.slice(0, 19))).toEqual(notes.map((note) => note.slice(0, 19)));
});

test("a capture replayed with both sets tells gains and losses by rule", async () => {
  const input = { kind: "capture", path: CAPTURE } as const;
  const after = files("evt.type = execve and evt.res = SUCCESS and proc.name = cat");
  const impact = await rulesImpact(OLD, after, { inputs: [input] }, { alerts, load: {} });
  expect(impact.basis).toBe("1 capture");
  expect(impact.gained).toEqual([{ rule: "shell", count: expect.any(Number) }]);
  expect(impact.lost).toEqual([{ rule: "shell", count: expect.any(Number) }]);
  expect(impact.notes).toEqual([]);
});
