import { spawn } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ChecklistStore, ItemUpdate } from "../../src/compliance/checklist.ts";
import { openChecklists } from "../../src/compliance/open-checklists.ts";
import { SKILL, TEMPLATE } from "./template.ts";

let home: string;
let folder: string;
let checklists: ChecklistStore;
const BY = { kind: "person", name: "Ana" } as const;
const START_MS = Date.UTC(2026, 10, 24, 12);

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "falco-skills-test-"));
  folder = join(home, "checklists");
  let calls = 0;
  let ids = 0;
  checklists = openChecklists({
    folder,
    nowMs: () => START_MS + 1000 * calls++,
    newId: () => `id-${++ids}`,
  });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const create = (title = "Case 7") =>
  checklists.create({ template: TEMPLATE, skill: SKILL, title, scope: "cluster a", createdBy: BY });
const file = (id: string) => join(folder, `${id}.jsonl`);

test("nothing is written before the first checklist, and the list is empty", async () => {
  expect(await checklists.list()).toEqual({ checklists: [], faults: [] });
  expect(existsSync(folder)).toBe(false);
});

test("a new checklist has every item open, automatic ones not evaluated, and says why", async () => {
  const checklist = await create();
  expect(checklist).toMatchObject({
    id: "id-1",
    title: "Case 7",
    scope: "cluster a",
    skill: SKILL,
    createdAt: "2026-11-24T12:00:00.000Z",
    createdBy: BY,
    history: [],
    warnings: [],
    progress: { total: 4, settled: 0, byState: { open: 3, "not-evaluated": 1 }, byStanding: { unset: 4 } },
  });
  expect(checklist.items.map(({ template, state, standing }) => [template.id, state, standing])).toEqual([
    ["V1", "open", "unset"],
    ["V2", "not-evaluated", "unset"],
    ["C1", "open", "unset"],
    ["C2", "open", "unset"],
  ]);
  expect(checklist.items[1]?.reason).toBe("no automatic test has run yet");
  expect(statSync(file("id-1")).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

test("a change is kept with who, when and why, and read back by another store", async () => {
  const { id } = await create();
  const { item, warnings } = await checklists.update(id, {
    item: "V1",
    state: "done",
    by: "claude",
    note: " taken \n",
    evidence: ["ev-1", "sha256:abc"],
  });
  expect(warnings).toEqual([]);
  expect(item).toMatchObject({
    state: "done",
    standing: "reported",
    note: "taken",
    by: { kind: "agent", name: "claude" },
    at: "2026-11-24T12:00:01.000Z",
    evidence: ["ev-1", "sha256:abc"],
  });
  const other = openChecklists({ folder, nowMs: () => 0, newId: () => "x" });
  const again = await other.get(id);
  expect(again.items[0]).toEqual(item);
  expect(again.history).toHaveLength(1);
  expect(again.progress).toMatchObject({ settled: 1, byStanding: { reported: 1, attested: 0 } });
});

test("the last change decides, evidence adds up, and the whole history stays", async () => {
  const { id } = await create();
  await checklists.update(id, { item: "V1", state: "blocked", reason: "node is down", by: "a", evidence: ["e1"] });
  await checklists.update(id, { item: "V1", state: "failed", by: "b", evidence: ["e2", "e1"] });
  const { item, checklist } = await checklists.update(id, { item: "V1", state: "open", by: "c" });
  expect(item).toMatchObject({ state: "open", standing: "reported", by: { name: "c" }, evidence: ["e1", "e2"] });
  expect(item.reason).toBeUndefined();
  expect(checklist.history.map(({ state, by }) => [state, by.name])).toEqual([
    ["blocked", "a"],
    ["failed", "b"],
    ["open", "c"],
  ]);
});

const change = (more: Partial<ItemUpdate>): ItemUpdate => ({ item: "V1", state: "done", by: "claude", ...more });

test.each<{ what: string; wanted: ItemUpdate; code: string; message: string }>([
  {
    what: "an automatic item done by hand",
    wanted: change({ item: "V2" }),
    code: "CHECKLIST_ITEM_AUTOMATIC",
    message: 'item "V2" is decided by the test "evidence-complete" and cannot be set to "done" by hand',
  },
  {
    what: "an automatic item failed by hand",
    wanted: change({ item: "V2", state: "failed" }),
    code: "CHECKLIST_ITEM_AUTOMATIC",
    message: 'item "V2" is decided by the test "evidence-complete" and cannot be set to "failed" by hand',
  },
  {
    what: "an unknown item",
    wanted: change({ item: "v9" }),
    code: "CHECKLIST_ITEM_UNKNOWN",
    message: 'the checklist has no item "v9"; nearest: V1, V2, C1',
  },
  {
    what: "a hostile item",
    wanted: change({ item: "\u202e\n" }),
    code: "CHECKLIST_ITEM_UNKNOWN",
    message: 'the checklist has no item "\\\\u{202e}\\\\u{a}"; nearest: C1, C2, V1',
  },
  {
    what: "not applicable without a reason",
    wanted: change({ state: "not-applicable" }),
    code: "CHECKLIST_REASON_REQUIRED",
    message: 'item "V1" was set to "not-applicable" without a reason',
  },
  {
    what: "blocked with a blank reason",
    wanted: change({ state: "blocked", reason: " \n" }),
    code: "CHECKLIST_REASON_REQUIRED",
    message: 'item "V1" was set to "blocked" without a reason',
  },
  {
    what: "a state that does not exist",
    wanted: change({ state: "attested" as "done" }),
    code: "INVALID_ARGUMENT",
    message: expect.stringMatching(/^state: /) as unknown as string,
  },
  {
    what: "a state only a test gives",
    wanted: change({ state: "not-evaluated" as "done" }),
    code: "INVALID_ARGUMENT",
    message: expect.stringMatching(/^state: /) as unknown as string,
  },
  {
    what: "nobody",
    wanted: change({ by: "" }),
    code: "INVALID_ARGUMENT",
    message: expect.stringMatching(/^by\.name: /) as unknown as string,
  },
  {
    what: "a person passed off as a name",
    wanted: change({ by: BY as unknown as string }),
    code: "INVALID_ARGUMENT",
    message: expect.stringMatching(/^by\.name: /) as unknown as string,
  },
  {
    what: "a note of 4001 characters",
    wanted: change({ note: "n".repeat(4001) }),
    code: "INVALID_ARGUMENT",
    message: expect.stringMatching(/^note: /) as unknown as string,
  },
  {
    what: "33 pieces of evidence",
    wanted: change({ evidence: Array(33).fill("e") }),
    code: "INVALID_ARGUMENT",
    message: expect.stringMatching(/^evidence: /) as unknown as string,
  },
])("$what is refused and leaves no line", async ({ wanted, code, message }) => {
  const { id } = await create();
  const before = readFileSync(file(id), "utf8");
  await expect(checklists.update(id, wanted)).rejects.toMatchObject({ code, message });
  expect(readFileSync(file(id), "utf8")).toBe(before);
});

test("an automatic item can be set aside or opened again, with its reason", async () => {
  const { id } = await create();
  const aside = await checklists.update(id, change({ item: "V2", state: "not-applicable", reason: "no captures" }));
  expect(aside.item).toMatchObject({ state: "not-applicable", standing: "reported", reason: "no captures" });
  const opened = await checklists.update(id, change({ item: "V2", state: "open" }));
  expect(opened.item).toMatchObject({ state: "not-evaluated", reason: "no automatic test has run yet" });
});

test("the automatic half of a hybrid item stays not evaluated whatever is reported", async () => {
  const { id } = await create();
  const { item } = await checklists.update(id, change({ item: "C2" }));
  expect(item).toMatchObject({
    state: "done",
    standing: "reported",
    automatic: { test: "actions-recorded", state: "not-evaluated" },
  });
});

test("containment before preservation is made and said", async () => {
  const { id } = await create();
  await checklists.update(id, change({ item: "V1", state: "failed" }));
  const early = await checklists.update(id, change({ item: "C1" }));
  expect(early.item.state).toBe("done");
  expect(early.warnings).toEqual([
    "C1 is done before what must precede it: V1 (failed), V2 (not-evaluated); say why in a note, or settle those first",
  ]);
  await checklists.update(id, change({ item: "V1" }));
  await checklists.update(id, change({ item: "V2", state: "not-applicable", reason: "r" }));
  expect((await checklists.update(id, change({ item: "C1" }))).warnings).toEqual([]);
  expect((await checklists.update(id, change({ item: "C1", state: "open" }))).warnings).toEqual([]);
});

test.each(["", ".", "..", "../x", "a/b", "a\0b", "x".repeat(65), "none"])(
  "the id %j gives no checklist",
  async (id) => {
    await create();
    await expect(checklists.get(id)).rejects.toMatchObject({ code: "CHECKLIST_NOT_FOUND" });
    await expect(checklists.update(id, change({}))).rejects.toMatchObject({ code: "CHECKLIST_NOT_FOUND" });
  },
);

test.each([
  { what: "no title", wanted: { title: " " }, where: "title" },
  { what: "a long title", wanted: { title: "t".repeat(201) }, where: "title" },
  { what: "a digest that is none", wanted: { skill: { name: "x", digest: "abc" } }, where: "skill.digest" },
  { what: "a creator of another kind", wanted: { createdBy: { kind: "admin", name: "x" } as never }, where: "by.kind" },
])("a checklist with $what is refused", async ({ wanted, where }) => {
  const whole = { template: TEMPLATE, skill: SKILL, title: "t", createdBy: BY, ...wanted };
  await expect(checklists.create(whole)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringMatching(new RegExp(`^${where}: `)),
  });
  expect(existsSync(folder)).toBe(false);
});

test("an id that exists already is not overwritten", async () => {
  const same = openChecklists({ folder, nowMs: () => 0, newId: () => "same" });
  await same.create({ template: TEMPLATE, skill: SKILL, title: "first", createdBy: BY });
  await expect(same.create({ template: TEMPLATE, skill: SKILL, title: "second", createdBy: BY })).rejects.toThrow();
  expect((await same.get("same")).title).toBe("first");
});

test("the list is newest first and names files it cannot read", async () => {
  await create("first");
  await create("second");
  writeFileSync(file("broken"), "{}\n");
  writeFileSync(file("empty"), "");
  writeFileSync(file("copied"), readFileSync(file("id-1")));
  symlinkSync(file("id-1"), file("linked"));
  mkdirSync(file("folder"));
  writeFileSync(join(folder, "notes.txt"), "");
  const { checklists: found, faults } = await checklists.list();
  expect(found.map(({ title }) => title)).toEqual(["second", "first"]);
  expect(faults.map(({ file: name }) => name).sort()).toEqual([
    "broken.jsonl",
    "copied.jsonl",
    "empty.jsonl",
    "folder.jsonl",
    "linked.jsonl",
  ]);
  for (const { message } of faults) expect(message).not.toContain(home);
});

test("a line cut off by a crash is said, kept apart and lost alone", async () => {
  const { id } = await create();
  await checklists.update(id, change({ note: "kept" }));
  const whole = readFileSync(file(id), "utf8");
  appendFileSync(file(id), '{"v":1,"op":"item","id":"x","at"');
  const torn = await checklists.get(id);
  expect(torn.items[0]?.note).toBe("kept");
  expect(torn.warnings).toEqual(["the last line of the file (3) has no line end: its writing was cut off"]);
  const { warnings, checklist } = await checklists.update(id, change({ item: "C2", note: "after" }));
  expect(warnings).toEqual(["line 3 of the file was left out: it is no change of an item by an agent"]);
  expect(checklist.history.map(({ note }) => note)).toEqual(["kept", "after"]);
  expect(readFileSync(file(id), "utf8").startsWith(`${whole}{"v":1,"op":"item","id":"x","at"\n`)).toBe(true);
});

test("a line forged as a person's word does not count", async () => {
  const { id } = await create();
  const line = {
    v: 1,
    op: "item",
    id: "f",
    at: "2026-11-24T12:00:00.000Z",
    by: BY,
    item: "V1",
    state: "done",
    evidence: [],
  };
  appendFileSync(
    file(id),
    `${JSON.stringify(line)}\n${JSON.stringify({ ...line, by: { kind: "agent", name: "a" }, item: "V2" })}\n`,
  );
  const checklist = await checklists.get(id);
  expect(checklist.history).toEqual([]);
  expect(checklist.warnings).toEqual([
    "line 2 of the file was left out: it is no change of an item by an agent",
    "line 3 of the file was left out: it sets by hand what a test decides",
  ]);
});

test("a file at its limit takes no more changes", async () => {
  const { id } = await create();
  appendFileSync(file(id), "\n".repeat(16 * 1024 * 1024 - statSync(file(id)).size - 10));
  await expect(checklists.update(id, change({}))).rejects.toMatchObject({ code: "CHECKLIST_FULL" });
});

test("a home that cannot be written is said so", async () => {
  writeFileSync(folder, "a file where the folder should be");
  await expect(create()).rejects.toMatchObject({ code: "HOME_NOT_WRITABLE" });
});

test("two processes at once lose nothing", { timeout: 60_000 }, async () => {
  const { id } = await create();
  const script = resolve(import.meta.dirname, "append-changes.ts");
  const run = (name: string) =>
    new Promise<number | null>((done) => {
      const child = spawn(process.execPath, ["--import", "tsx", script, folder, id, name, "40"], { stdio: "inherit" });
      child.on("exit", done);
    });
  expect(await Promise.all([run("one"), run("two")])).toEqual([0, 0]);
  const { history, warnings } = await checklists.get(id);
  expect(warnings).toEqual([]);
  const of = (name: string) => history.filter(({ by }) => by.name === name).map(({ id: changeId }) => changeId);
  for (const name of ["one", "two"]) expect(of(name)).toEqual(Array.from({ length: 40 }, (_, n) => `${name}-${n + 1}`));
});
