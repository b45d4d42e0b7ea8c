import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { forgetPlans } from "../../../src/falco/deploy/forget-plans.ts";

const NOW = Date.parse("2026-11-25T03:00:00Z");
const idOf = (at: number): string => `20261124T${String(at).padStart(9, "0")}-x`;

let home: string;
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), "plans-")));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test("the oldest plans that nobody carried out go, deployments stay", () => {
  for (let at = 0; at < 120; at += 1) mkdirSync(join(home, idOf(at)));
  const line = '{"at":"2026-11-24T03:00:00.000Z","step":"approved"}\n';
  writeFileSync(join(home, idOf(3), "journal.jsonl"), line);
  forgetPlans(home, NOW);
  const left = readdirSync(home);
  expect(left).toHaveLength(101);
  expect(left).toContain(idOf(3));
  expect(left.sort()[1]).toBe(idOf(20));
});

test("what a crash left half kept goes after a day", () => {
  const [old, fresh] = [".new-20261124T025959000-x", ".new-20261125T020000000-x"];
  for (const name of [old, fresh]) mkdirSync(join(home, name, "after"), { recursive: true });
  forgetPlans(home, NOW);
  expect([existsSync(join(home, old)), existsSync(join(home, fresh))]).toEqual([false, true]);
});

test("a home that is not there yet has nothing to forget", () => {
  forgetPlans(join(home, "nothing"), NOW);
  expect(readdirSync(home)).toEqual([]);
});
