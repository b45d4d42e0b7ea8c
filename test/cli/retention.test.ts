import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";
import { received } from "../store/cold/archived-store.ts";
import { falcoLine } from "../support/alert-generator.ts";

/** `falco-skills retention` as a person meets it. */

const PROGRAM = join(import.meta.dirname, "retention-program.ts");
const TSX = resolve(import.meta.dirname, "../../node_modules/tsx/dist/cli.mjs");

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "falco-skills-retention-cli-"));
});
afterEach(() => rmSync(home, { recursive: true }));

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [TSX, PROGRAM, "retention", ...args], {
    env: { PATH: process.env.PATH, FALCO_SKILLS_HOME: home, NO_COLOR: "1" },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

const TIMEOUT = { timeout: 300_000 };

test("limits are shown, changed and recorded with what they were", TIMEOUT, () => {
  const shown = run("show");
  expect(shown).toMatchObject({ status: 0, stderr: "" });
  expect(shown.stdout).toContain("cloud-gov: one year at hand and thirty months in all");
  expect(shown.stdout).toMatch(/alerts +12 +30/);
  expect(readdirSync(home)).toEqual([]);

  const { status, stdout } = run("set", "--preset", "pci", "--evidence", "36", "--json");
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    settings: {
      preset: "own",
      alerts: { atHandMonths: 3, inAllMonths: 12 },
      records: { atHandMonths: 3, inAllMonths: 12 },
      evidence: { inAllMonths: 36 },
    },
  });
  const trail = readdirSync(join(home, "audit"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".jsonl"))
    .map((name) => readFileSync(join(home, "audit", name), "utf8"))
    .join("");
  expect(trail).toContain("retention set");
  expect(trail).toContain('"in_all_months":36');
});

test.each([
  [["set"], "INVALID_ARGUMENT: no limit was given"],
  [["set", "--alerts", "30/12"], "alerts would be at hand for 30 months and kept for 12 in all"],
  [["set", "--alerts", "a year"], "expected two numbers, as 12/30"],
  [["set", "--preset", "forever"], "Allowed choices are cloud-gov, m-21-31, pci, fedramp"],
] as const)("%j changes nothing: %s", TIMEOUT, (args, message) => {
  const { status, stderr } = run(...args);
  expect(status).toBe(1);
  expect(stderr).toContain(message);
  expect(readdirSync(home)).not.toContain("retention.json");
});

test("old alerts are moved and deleted, a dry run only says so", TIMEOUT, async () => {
  mkdirSync(home, { recursive: true });
  const store = await openSqliteStore({ folder: join(home, "alerts"), nowMs: () => Date.UTC(2026, 0, 1) });
  const year = new Date().getUTCFullYear();
  const times = [`${year - 2}-12-30T00:00:00.000000000Z`, `${year - 9}-01-02T00:00:00.000000000Z`];
  await store.add(times.map((time) => received(falcoLine({ time }))));
  await store.close();

  const planned = run("apply", "--dry-run");
  expect(planned.stdout).toMatch(new RegExp(`${year - 2}-12 +would move +1 `));
  expect(planned.stdout).toMatch(new RegExp(`${year - 9}-01 +would delete +1`));
  expect(readdirSync(join(home, "alerts"))).not.toContain("cold");

  const applied = run("apply");
  expect(applied.stdout).toMatch(new RegExp(`${year - 2}-12 +moved +1 `));
  expect(applied.stdout).toMatch(new RegExp(`${year - 9}-01 +deleted +1`));
  const shown = run("show").stdout;
  expect(shown).toContain("the archive holds 1 alerts");
  expect(shown).toMatch(new RegExp(`${year - 9}-01 +0 +1`));
  expect(run("apply").stdout).toBe("nothing is old enough to be moved or deleted\n");
});

test("settings that cannot be read move and delete nothing, and a preset replaces them", TIMEOUT, () => {
  writeFileSync(join(home, "retention.json"), "{}");
  for (const args of [["show"], ["apply"], ["set", "--alerts", "1/2"]]) {
    expect(run(...args)).toMatchObject({ status: 1, stderr: expect.stringContaining("RETENTION_SETTINGS") });
  }
  expect(run("set", "--preset", "cloud-gov").status).toBe(0);
  expect(run("apply").status).toBe(0);
});
