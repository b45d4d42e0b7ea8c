import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openRuleLibrary } from "../../../src/rules/library/open-rule-library.ts";

const rule = (name: string, condition = "evt.type=open"): string =>
  `- rule: ${name}\n  desc: about ${name}\n  condition: ${condition}\n  output: x\n  priority: INFO\n`;
const file = (text: string, name = "r.yaml") => ({ name, text });

let folder: string;
let clock = 0;
let ids = 0;
function open() {
  const newId = () => {
    ids += 1;
    return `id${process.pid}x${ids}`;
  };
  return openRuleLibrary({ folder, nowMs: () => clock, newId });
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rule-library-"));
  clock = 1_000;
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("what is kept", () => {
  test("a set comes back as it was loaded, in another process's library too", async () => {
    const stored = await open().load("mine", [file(rule("a")), file(rule("b"), "b.yaml")], {
      engineVersion: "0.57.0",
      origin: ["/etc/falco"],
    });
    const again = await open().get("mine");
    expect(again).toMatchObject({
      name: "mine",
      digest: stored.digest,
      loadedAtMs: 1_000,
      origin: ["/etc/falco"],
      ok: true,
    });
    expect(again.options).toEqual({ engineVersion: "0.57.0" });
    expect(again.files).toEqual(stored.files);
    expect(again.ruleSet.rules.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(again.ruleSet.digest).toBe(stored.ruleSet.digest);
  });

  test("a set with errors is kept with them", async () => {
    await open().load("bad", [file(rule("a", "evt.type=nosuch"))]);
    const { ok, diagnostics } = await open().get("bad");
    expect(ok).toBe(false);
    expect(diagnostics.map(({ code }) => code)).toEqual(["LOAD_ERR_COMPILE_CONDITION"]);
  });

  test("earlier versions stay, and are found by the beginning of their digest", async () => {
    const library = open();
    const first = await library.load("mine", [file(rule("a"))]);
    clock = 2_000;
    const second = await library.load("mine", [file(rule("b"))]);
    expect((await library.get("mine")).digest).toBe(second.digest);
    expect((await library.get("mine", first.digest.slice(0, 10))).ruleSet.rules[0]?.name).toBe("a");
    expect((await library.list()).sets).toMatchObject([
      { name: "mine", digest: second.digest, rules: 1, earlier: [first.digest] },
    ]);
    await library.load("mine", [file(rule("a"))]);
    expect((await library.list()).sets).toMatchObject([{ digest: first.digest, earlier: [second.digest] }]);
  });

  test("the digest is of base names and bytes", async () => {
    const library = open();
    const digests = new Set<string>();
    for (const files of [
      [file(rule("a"))],
      [file(rule("a"), "other.yaml")],
      [file(`${rule("a")}#`)],
      [file(rule("a"), "/elsewhere/r.yaml")],
    ]) {
      digests.add((await library.load("mine", files)).digest);
    }
    expect(digests.size).toBe(3);
  });

  test("nothing of a working folder is left", async () => {
    const library = open();
    await library.load("mine", [file(rule("a"))]);
    await library.load("mine", [file(rule("a"))]);
    expect(readdirSync(join(folder, "mine")).filter((name) => name.startsWith("."))).toEqual([]);
  });
});

describe("finding a rule", () => {
  test("in every set that has it, the one loaded last first, with its text", async () => {
    const library = open();
    await library.load("old", [file(rule("a"))]);
    clock = 2_000;
    const tuning = "- rule: a\n  condition: and proc.name=x\n  override: {condition: append}\n";
    await library.load("new", [file(rule("a") + rule("b")), file(tuning, "t.yaml")]);
    expect((await library.findRule("a")).map(({ set }) => set.name)).toEqual(["new", "old"]);
    expect(await library.ruleText("a")).toMatchObject({
      set: "new",
      description: "about a",
      text: `${rule("a").trimEnd()}\n\n${tuning.trimEnd()}`,
    });
    expect(await library.ruleText("nothing")).toBeUndefined();
  });
});

describe("refusals", () => {
  test.each([[""], ["../x"], ["A"], ["a/b"], [".hidden"], ["x".repeat(65)]])("the name %j", async (name) => {
    await expect(open().load(name, [file(rule("a"))])).rejects.toMatchObject({ code: "RULES_SET_NAME" });
    await expect(open().get(name)).rejects.toMatchObject({ code: "RULES_SET_NAME" });
  });

  test("a set that is not there, with those that are", async () => {
    await open().load("falco", [file(rule("a"))]);
    await expect(open().get("falko")).rejects.toMatchObject({
      code: "RULES_SET_NOT_FOUND",
      message: expect.stringContaining("falco"),
    });
    await expect(open().get("falco", "abcdef")).rejects.toMatchObject({ code: "RULES_SET_NOT_FOUND" });
  });

  test.each([
    ["a changed rule file", "files/001.yaml", "changed after it was stored"],
    ["a manifest of something else", "manifest.json", "is not what was written"],
  ])("%s", async (_what, path, message) => {
    const { digest } = await open().load("mine", [file(rule("a"))]);
    const target = join(folder, "mine", digest, path);
    writeFileSync(target, `${readFileSync(target, "utf8")} `.replace('"v": 1', '"v": 2'));
    await expect(open().get("mine")).rejects.toMatchObject({
      code: "RULES_SET_DAMAGED",
      message: expect.stringContaining(message),
    });
    // Another set goes on to answer.
    await open().load("other", [file(rule("a"))]);
    expect((await open().findRule("a")).map(({ set }) => set.name)).toEqual(["other"]);
  });

  test("a folder that cannot be written", async () => {
    writeFileSync(join(folder, "mine"), "a file where a folder should be");
    await expect(open().load("mine", [file(rule("a"))])).rejects.toMatchObject({ code: "HOME_NOT_WRITABLE" });
  });
});

test("processes that load at once leave one whole current version", async () => {
  const program = resolve(import.meta.dirname, "load-program.ts");
  const children = ["a", "b", "c"].map((name) => {
    return spawn(process.execPath, ["--import", "tsx", program, folder, name], {
      stdio: ["ignore", "inherit", "inherit"],
    });
  });
  const codes = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0]));
  expect(codes).toEqual([0, 0, 0]);
  const { sets, faults } = await open().list();
  expect(faults).toEqual([]);
  expect(sets).toHaveLength(1);
  expect(sets[0]?.earlier).toHaveLength(2);
  const { ruleSet } = await open().get("shared");
  expect(["a", "b", "c"]).toContain(ruleSet.rules[0]?.name);
});
