import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Approval, Approvals } from "../../../src/falco/approvals/approval.ts";
import { writeOnce } from "../../../src/falco/approvals/approval-files.ts";
import { openApprovals } from "../../../src/falco/approvals/open-approvals.ts";

const DIGEST = "a1".repeat(32);
const OTHER = "b2".repeat(32);
const ANNA = { name: "anna", method: "terminal" } as const;
const HOUR = 3_600_000;
const START = Date.parse("2026-11-25T03:00:00Z");

let place: string;
let folder: string;
let atMs: number;
let approvals: Approvals;

beforeEach(() => {
  place = realpathSync(mkdtempSync(join(tmpdir(), "approvals-")));
  folder = join(place, "approvals");
  atMs = START;
  approvals = open();
});

afterEach(() => rmSync(place, { recursive: true, force: true }));

function open(): Approvals {
  return openApprovals({ folder, nowMs: () => atMs, newId: () => randomUUID().slice(0, 8) });
}

function ask(digest = DIGEST): Promise<Approval> {
  return approvals.ask({ kind: "deploy_rules", title: "change a rule", lines: ["one", "two"], digest });
}

type Step = (id: string) => Promise<unknown>;
const approve: Step = (id) => approvals.approve(id, DIGEST, ANNA);
const approveOther: Step = (id) => approvals.approve(id, OTHER, ANNA);
const refuse: Step = (id) => approvals.refuse(id, ANNA);
const take: Step = (id) => approvals.take(id, DIGEST);
const takeOther: Step = (id) => approvals.take(id, OTHER);
const wait =
  (hours: number): Step =>
  async () => {
    atMs += hours * HOUR;
  };

describe("an approval", () => {
  test.each([
    { why: "nobody decided", steps: [take], fails: "APPROVAL_WAITING", state: "waiting" },
    { why: "approved and taken", steps: [approve, take], state: "used" },
    { why: "taken twice", steps: [approve, take, take], fails: "APPROVAL_USED", state: "used" },
    { why: "refused", steps: [refuse, take], fails: "APPROVAL_REFUSED", state: "refused" },
    { why: "refused, then approved", steps: [refuse, approve], fails: "APPROVAL_DECIDED", state: "refused" },
    { why: "approved, then refused", steps: [approve, refuse], fails: "APPROVAL_DECIDED", state: "approved" },
    { why: "approved twice", steps: [approve, approve], fails: "APPROVAL_DECIDED", state: "approved" },
    { why: "another digest was shown", steps: [approveOther], fails: "APPROVAL_MISMATCH", state: "waiting" },
    { why: "something else is done", steps: [approve, takeOther], fails: "APPROVAL_MISMATCH", state: "approved" },
    { why: "just in time", steps: [approve, wait(23.999), take], state: "used" },
    { why: "too late to approve", steps: [wait(24), approve], fails: "APPROVAL_EXPIRED", state: "expired" },
    { why: "too late to refuse", steps: [wait(24), refuse], fails: "APPROVAL_EXPIRED", state: "expired" },
    { why: "too late to take", steps: [approve, wait(24), take], fails: "APPROVAL_EXPIRED", state: "expired" },
    { why: "used stays used", steps: [approve, take, wait(48)], state: "used" },
  ])("$why", async ({ steps, fails, state }) => {
    const { id } = await ask();
    for (const step of steps.slice(0, -1)) await step(id);
    const last = steps.at(-1)!(id);
    if (fails === undefined) await last;
    else await expect(last).rejects.toMatchObject({ code: fails });
    approvals = open();
    expect(await approvals.state(id)).toBe(state);
  });

  test("says who decided, how and when", async () => {
    const { id } = await ask();
    atMs += HOUR;
    expect(await approvals.approve(id, DIGEST, ANNA)).toEqual({
      id,
      kind: "deploy_rules",
      title: "change a rule",
      lines: ["one", "two"],
      digest: DIGEST,
      askedAt: "2026-11-25T03:00:00.000Z",
      expiresAt: "2026-11-26T03:00:00.000Z",
      state: "approved",
      decided: { name: "anna", method: "terminal", at: "2026-11-25T04:00:00.000Z" },
    });
  });

  test("is readable by its owner alone and leaves nothing half written", async () => {
    const { id } = await ask();
    await approve(id);
    await take(id);
    expect(readdirSync(folder).sort()).toEqual([`${id}.decision`, `${id}.json`, `${id}.used`]);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  test("is decided and used by files that nobody can write over", () => {
    mkdirSync(folder, { mode: 0o700 });
    expect(writeOnce(folder, "x.used", "first", ".1.tmp")).toBe(true);
    expect(writeOnce(folder, "x.used", "second", ".2.tmp")).toBe(false);
    expect(readFileSync(join(folder, "x.used"), "utf8")).toBe("first");
    expect(readdirSync(folder)).toEqual(["x.used"]);
  });

  test("goes to one of many processes that want it", async () => {
    const { id } = await ask();
    await approve(id);
    const program = resolve(import.meta.dirname, "take-program.ts");
    const run = promisify(execFile);
    const takers = Array.from({ length: 3 }, () =>
      run(process.execPath, ["--import", "tsx", program, folder, id, DIGEST]),
    );
    const said = (await Promise.all(takers)).map(({ stdout }) => stdout.trim()).sort();
    expect(said.filter((word) => word === "taken")).toHaveLength(1);
    expect(said.filter((word) => word === "APPROVAL_USED")).toHaveLength(2);
  });
});

describe("what waits", () => {
  test("is listed oldest first, with what became of it", async () => {
    const first = await ask();
    atMs += 1;
    const second = await ask(OTHER);
    await approve(first.id);
    expect((await approvals.list()).map(({ id, state }) => [id, state])).toEqual([
      [first.id, "approved"],
      [second.id, "waiting"],
    ]);
  });

  test("is limited, so that nobody is worn down, and decided ones do not count", async () => {
    const all: Approval[] = [];
    for (let at = 0; at < 50; at += 1) all.push(await ask());
    await expect(ask()).rejects.toMatchObject({ code: "APPROVAL_TOO_MANY" });
    await refuse(all[0]!.id);
    await ask();
  });

  test("is forgotten a month after it expired", async () => {
    const { id } = await ask();
    await approve(id);
    atMs += 32 * 24 * HOUR;
    await ask();
    expect(existsSync(join(folder, `${id}.json`))).toBe(false);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test("must be showable whole", async () => {
    const request = { kind: "deploy_rules", title: "t", lines: ["x"], digest: DIGEST };
    for (const wrong of [
      { lines: ["x".repeat(2_001)] },
      { lines: Array.from({ length: 5_001 }, () => "x") },
      { title: "" },
      { title: "x".repeat(301) },
      { kind: "Deploy rules" },
      { digest: "a1" },
    ]) {
      await expect(approvals.ask({ ...request, ...wrong })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    }
  });
});

describe("what somebody else could have written is not believed", () => {
  test.each([
    { why: "the request was changed after the yes", spoil: (id: string) => edit(id, "change a rule", "change all") },
    { why: "the request is cut", spoil: (id: string) => writeFileSync(join(folder, `${id}.json`), "{") },
    { why: "the decision is empty", spoil: (id: string) => writeFileSync(join(folder, `${id}.decision`), "") },
    { why: "the request is a folder", spoil: (id: string) => replace(`${id}.json`, (path) => mkdirSync(path)) },
    { why: "the request is a link", spoil: (id: string) => replace(`${id}.json`, (path) => symlinkSync("x", path)) },
  ])("$why", async ({ spoil }) => {
    const { id } = await ask();
    await approve(id);
    spoil(id);
    await expect(take(id)).rejects.toMatchObject({ code: "APPROVAL_DAMAGED" });
    expect(await approvals.list()).toEqual([]);
  });

  test.each([
    { why: "others may write the folder", spoil: () => chmodSync(folder, 0o777) },
    { why: "the group may write the folder", spoil: () => chmodSync(folder, 0o770) },
    {
      why: "the folder is a link",
      spoil: () => {
        rmSync(folder, { recursive: true });
        mkdirSync(join(place, "elsewhere"));
        symlinkSync(join(place, "elsewhere"), folder);
      },
    },
  ])("$why", async ({ spoil }) => {
    const { id } = await ask();
    await approve(id);
    spoil();
    await expect(take(id)).rejects.toMatchObject({ code: "APPROVAL_UNSAFE" });
    await expect(ask()).rejects.toMatchObject({ code: "APPROVAL_UNSAFE" });
  });

  test("an id never leads out of the folder", async () => {
    await ask();
    writeFileSync(join(place, "x.json"), "{}");
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.constantFrom("../x", "x/../../x", "..", ".", "")), async (id) => {
        await expect(approvals.get(id)).rejects.toMatchObject({ code: "APPROVAL_NOT_FOUND" });
      }),
      { numRuns: 200 },
    );
  });

  function edit(id: string, from: string, to: string): void {
    const path = join(folder, `${id}.json`);
    writeFileSync(path, readFileSync(path, "utf8").replace(from, to));
  }

  function replace(name: string, make: (path: string) => void): void {
    rmSync(join(folder, name));
    make(join(folder, name));
  }
});
