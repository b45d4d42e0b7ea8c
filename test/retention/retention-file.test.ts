import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readRetention, retentionPath, writeRetention } from "../../src/retention/retention-file.ts";
import { monthsBefore, PRESETS, type PresetName, settingsOf } from "../../src/retention/retention-settings.ts";

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "falco-skills-retention-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const NAMES = Object.keys(PRESETS) as PresetName[];

describe("settings of a home", () => {
  test("are the default preset's where none were set, and nothing is written by reading", () => {
    expect(readRetention(home)).toEqual(settingsOf("cloud-gov"));
    expect(readRetention(home).alerts).toEqual({ atHandMonths: 12, inAllMonths: 30 });
    expect(readdirSync(home)).toEqual([]);
  });

  test.each(NAMES)("preset %s comes back as it was written, readable for its owner alone", (name) => {
    writeRetention(home, settingsOf(name));
    expect(readRetention(home)).toEqual(settingsOf(name));
    expect(statSync(retentionPath(home)).mode & 0o077).toBe(0);
    expect(readdirSync(home)).toEqual(["retention.json"]);
  });

  test("any limits come back as they were written", () => {
    const months = fc.integer({ min: 1, max: 1200 });
    const span = fc
      .tuple(months, months)
      .map(([a, b]) => ({ atHandMonths: Math.min(a, b), inAllMonths: Math.max(a, b) }));
    fc.assert(
      fc.property(span, span, months, (alerts, records, inAllMonths) => {
        const settings = { preset: "own", alerts, records, evidence: { inAllMonths } } as const;
        writeRetention(home, settings);
        expect(readRetention(home)).toEqual(settings);
      }),
      { numRuns: 20 },
    );
  });

  test.each([
    ["", "it is not JSON"],
    ["[]", "the file is [], not an object"],
    ["{}", "the file lacks version"],
    [change({ version: 2 }), "its version is 2, this program knows 1"],
    [change({ preset: "forever" }), '"forever" is no preset'],
    [change({ preset: "constructor" }), '"constructor" is no preset'],
    [change({ preset: "pci" }), "its limits are not those of the preset pci"],
    [change({ logs: {} }), 'the file has an unknown key "logs"'],
    [change({ alerts: null }), "alerts is null, not an object"],
    [change({ alerts: { at_hand_months: 12 } }), "alerts lacks in_all_months"],
    [
      change({ alerts: { at_hand_months: 0, in_all_months: 3 } }),
      "alerts.at_hand_months is 0, not a whole number from 1 to 1200",
    ],
    [
      change({ alerts: { at_hand_months: 12, in_all_months: 1.5 } }),
      "alerts.in_all_months is 1.5, not a whole number from 1 to 1200",
    ],
    [
      change({ records: { at_hand_months: 12, in_all_months: 3 } }),
      "records would be at hand for 12 months and kept for 3 in all",
    ],
    [
      change({ evidence: { in_all_months: "30" } }),
      'evidence.in_all_months is "30", not a whole number from 1 to 1200',
    ],
  ])("%j cannot be used: %s", (text, reason) => {
    writeFileSync(retentionPath(home), text);
    expect(() => readRetention(home)).toThrow(
      expect.objectContaining({
        code: "RETENTION_SETTINGS",
        message: `the retention settings cannot be used: ${reason}`,
        where: retentionPath(home),
      }),
    );
  });

  test("limits that contradict each other are not written", () => {
    const alerts = { atHandMonths: 4, inAllMonths: 3 };
    expect(() => writeRetention(home, { ...settingsOf("pci"), preset: "own", alerts })).toThrow(
      /alerts would be at hand/,
    );
    expect(readdirSync(home)).toEqual([]);
  });

  test("a home that cannot be is not writable", () => {
    writeFileSync(join(home, "file"), "");
    expect(() => writeRetention(join(home, "file", "x"), settingsOf("pci"))).toThrow(
      expect.objectContaining({ code: "HOME_NOT_WRITABLE" }),
    );
  });

  test("whatever the file holds, it is read whole or refused", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        writeFileSync(retentionPath(home), text);
        expect(() => readRetention(home)).toThrow(expect.objectContaining({ code: "RETENTION_SETTINGS" }));
      }),
      { numRuns: 60 },
    );
  });
});

function change(more: Record<string, unknown>): string {
  const span = { at_hand_months: 12, in_all_months: 30 };
  const evidence = { in_all_months: 31 };
  return JSON.stringify({ version: 1, preset: "own", alerts: span, records: span, evidence, ...more });
}

test.each([
  ["2026-11-25T02:03:04.005Z", 12, "2025-11-25T02:03:04.005Z"],
  ["2026-03-31T00:00:00.000Z", 1, "2026-02-28T00:00:00.000Z"],
  ["2024-03-31T00:00:00.000Z", 1, "2024-02-29T00:00:00.000Z"],
  ["2026-01-01T00:00:00.000Z", 30, "2023-07-01T00:00:00.000Z"],
  ["2026-01-01T00:00:00.000Z", 1200, "1926-01-01T00:00:00.000Z"],
])("%s less %i months is %s", (now, months, then) => {
  expect(new Date(monthsBefore(Date.parse(now), months)).toISOString()).toBe(then);
});

test("every preset keeps for longer than it has at hand, and says whose rule it is", () => {
  for (const name of NAMES) {
    const { alerts, records } = settingsOf(name);
    for (const { atHandMonths, inAllMonths } of [alerts, records]) expect(inAllMonths).toBeGreaterThan(atHandMonths);
    expect(PRESETS[name].reason).not.toBe("");
  }
});

test("no settings are read from a file that is not all there", () => {
  writeRetention(home, settingsOf("pci"));
  const whole = readFileSync(retentionPath(home), "utf8");
  for (let length = 0; length < whole.trimEnd().length; length++) {
    writeFileSync(retentionPath(home), whole.slice(0, length));
    expect(() => readRetention(home)).toThrow(expect.objectContaining({ code: "RETENTION_SETTINGS" }));
  }
});
