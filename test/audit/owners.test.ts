import { readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { takeOwnership } from "../../src/audit/owners.ts";
import { type ProcessFacts, readProcessFacts } from "../../src/audit/process-facts.ts";
import { entry, openTrail, temporaryFolder } from "./support.ts";

const here: ProcessFacts = {
  pid: process.pid,
  ppid: 1,
  bootId: "b1",
  netNamespace: "net:[1]",
  pidNamespace: "pid:[1]",
};
const nowMs = () => Date.now();

test.each<{ who: string; facts: ProcessFacts; silentMs?: number; refused?: RegExp; left: number }>([
  { who: "a process of the same namespaces", facts: { ...here, ppid: 2, pid: process.ppid }, left: 2 },
  { who: "a dead process of the same namespaces", facts: { ...here, pid: 2 ** 30 }, left: 1 },
  {
    who: "a process of another container",
    facts: { ...here, pid: 9, netNamespace: "net:[2]", pidNamespace: "pid:[2]" },
    refused: /process 9 of another container/,
    left: 1,
  },
  {
    who: "a process of another machine",
    facts: { ...here, pid: 9, bootId: "b2" },
    refused: /process 9 of another machine/,
    left: 1,
  },
  {
    who: "a silent process of another container",
    facts: { ...here, pid: 9, netNamespace: "net:[2]", pidNamespace: "pid:[2]" },
    silentMs: 60_000,
    left: 1,
  },
])("$who", ({ facts, silentMs = 0, refused, left }) => {
  const folder = temporaryFolder();
  takeOwnership(folder, facts, nowMs);
  for (const name of readdirSync(folder)) utimesSync(join(folder, name), nowMs() / 1000, (nowMs() - silentMs) / 1000);
  if (refused === undefined) takeOwnership(folder, here, nowMs);
  else {
    expect(() => takeOwnership(folder, here, nowMs)).toThrow(
      expect.objectContaining({ code: "AUDIT_FOREIGN_OWNER", message: expect.stringMatching(refused) }),
    );
  }
  expect(readdirSync(folder)).toHaveLength(left);
});

test("a sign of life keeps the others out, also after the file was taken away", () => {
  const folder = temporaryFolder();
  const other = { ...here, pid: 9, netNamespace: "net:[2]", pidNamespace: "pid:[2]" };
  const ownership = takeOwnership(folder, other, nowMs);
  const [name] = readdirSync(folder);
  utimesSync(join(folder, name!), 0, 0);
  ownership.beat();
  expect(() => takeOwnership(folder, here, nowMs)).toThrow(expect.objectContaining({ code: "AUDIT_FOREIGN_OWNER" }));
  ownership.release();
  takeOwnership(folder, here, nowMs).release();
  expect(readdirSync(folder)).toEqual([]);
  ownership.beat();
  expect(readdirSync(folder)).toEqual([name]);
});

test("a trail in use by another container is refused and then, when it has gone, written", async () => {
  const folder = temporaryFolder();
  const other = { ...readProcessFacts(), bootId: "b2" };
  const ownership = takeOwnership(join(folder, "owners"), { ...other, pid: 9 }, nowMs);
  const trail = openTrail(folder);
  await expect(trail.append(entry())).rejects.toMatchObject({ code: "AUDIT_FOREIGN_OWNER" });
  ownership.release();
  expect((await trail.append(entry())).seq).toBe(2);
});

test("facts of this process are read", () => {
  expect(readProcessFacts()).toMatchObject({ pid: process.pid, ppid: process.ppid });
});
