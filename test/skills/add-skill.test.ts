import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import * as nodeFs from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type AdditionFiles, addSkill } from "../../src/skills/add-skill.ts";
import { readSkillCatalog } from "../../src/skills/skill-catalog.ts";
import { MANIFEST, skillFolder, tempFolder } from "./skill-folder.ts";

const home = () => join(tempFolder(), "home", "skills");
let count = 0;
const newId = () => {
  count += 1;
  return `id-${count}`;
};
const addition = (skillsFolder: string) => ({ skillsFolder, shippedNames: ["shipped-one"], newId });

async function digests(skillsFolder: string): Promise<Record<string, string>> {
  const { skills, faults } = await readSkillCatalog([{ path: skillsFolder, origin: "added" }]);
  expect(faults).toEqual([]);
  return Object.fromEntries(skills.map(({ name, digest }) => [name, digest]));
}

test("an added skill lies in home, is private and has the digest it was checked with", async () => {
  const skillsFolder = home();
  const source = skillFolder({ "SKILL.md": MANIFEST, "references/a.md": "a" });
  const skill = await addSkill(source, addition(skillsFolder));
  expect(skill.folder).toBe(join(skillsFolder, "my-skill"));
  expect(await digests(skillsFolder)).toEqual({ "my-skill": skill.digest });
  expect(statSync(join(skill.folder, "SKILL.md")).mode & 0o777).toBe(0o600);
  expect(statSync(skill.folder).mode & 0o777).toBe(0o700);
  expect(readdirSync(skillsFolder)).toEqual(["my-skill"]);
});

test.each([
  { what: "a shipped name", name: "shipped-one", code: "SKILL_NAME_SHIPPED" },
  { what: "an empty folder", name: "empty", code: "SKILL_MANIFEST_MISSING" },
])("$what is refused and home is not even made", async ({ name, code }) => {
  const skillsFolder = home();
  const files = name === "empty" ? {} : { "SKILL.md": MANIFEST.replace("my-skill", name) };
  await expect(addSkill(skillFolder(files, name), addition(skillsFolder))).rejects.toMatchObject({ code });
  expect(existsSync(skillsFolder)).toBe(false);
});

test("a skill is overwritten only when asked", async () => {
  const skillsFolder = home();
  const first = await addSkill(skillFolder({ "SKILL.md": MANIFEST, a: "1" }), addition(skillsFolder));
  const other = skillFolder({ "SKILL.md": MANIFEST, b: "2" });
  await expect(addSkill(other, addition(skillsFolder))).rejects.toMatchObject({ code: "SKILL_EXISTS" });
  expect(await digests(skillsFolder)).toEqual({ "my-skill": first.digest });
  const second = await addSkill(other, { ...addition(skillsFolder), replace: true });
  expect(second.digest).not.toBe(first.digest);
  expect(await digests(skillsFolder)).toEqual({ "my-skill": second.digest });
  expect(readdirSync(skillsFolder)).toEqual(["my-skill"]);
});

test("replacing what is not there adds it", async () => {
  const skillsFolder = home();
  await addSkill(skillFolder({ "SKILL.md": MANIFEST }), { ...addition(skillsFolder), replace: true });
  expect(readdirSync(skillsFolder)).toEqual(["my-skill"]);
});

test("of ten additions at once one wins and nothing else is left", async () => {
  const skillsFolder = home();
  const source = skillFolder({ "SKILL.md": MANIFEST });
  const results = await Promise.allSettled(Array.from({ length: 10 }, () => addSkill(source, addition(skillsFolder))));
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  for (const result of results) {
    if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "SKILL_EXISTS" });
  }
  expect(readdirSync(skillsFolder)).toEqual(["my-skill"]);
});

/** The real operations, except that the nth call as a whole fails before or after it did its work. */
function failing(at: number, when: "before" | "after"): { files: AdditionFiles; calls: () => number } {
  let calls = 0;
  const failure = Object.assign(new Error("planted"), { code: "EIO" });
  const wrap =
    (work: (...input: never[]) => Promise<unknown>) =>
    async (...input: never[]) => {
      calls += 1;
      const fails = calls === at;
      if (fails && when === "before") throw failure;
      const result = await work(...input);
      if (fails) throw failure;
      return result;
    };
  const { mkdir, writeFile, rename, rm, readdir } = nodeFs;
  const operations = Object.entries({ mkdir, writeFile, rename, rm, readdir });
  const files = Object.fromEntries(operations.map(([name, work]) => [name, wrap(work as never)]));
  return { files: files as unknown as AdditionFiles, calls: () => calls };
}

const STEPS = { added: 12, replaced: 14 };

test.each(
  [
    ...Array.from({ length: STEPS.added }, (_, n) => ({ at: n + 1, replace: false })),
    ...Array.from({ length: STEPS.replaced }, (_, n) => ({ at: n + 1, replace: true })),
  ].flatMap((row) => (["before", "after"] as const).map((when) => ({ ...row, when }))),
)(
  "call $at failing $when its work (replace: $replace) leaves the old state or the new, nothing between",
  async ({ at, when, replace }) => {
    const skillsFolder = home();
    const old = replace
      ? (await addSkill(skillFolder({ "SKILL.md": MANIFEST, old: "1" }), addition(skillsFolder))).digest
      : undefined;
    const source = skillFolder({ "SKILL.md": MANIFEST, "a/b.md": "2", c: "3" });
    const { files } = failing(at, when);
    const result = await addSkill(source, { ...addition(skillsFolder), replace, files }).catch(
      (cause: unknown) => cause,
    );
    mkdirSync(skillsFolder, { recursive: true });
    const now = (await digests(skillsFolder))["my-skill"];
    if (result instanceof Error) {
      expect(result).toMatchObject({ code: "SKILL_ADD_FAILED", message: expect.stringContaining("(EIO)") });
      // A rename that did its work and then reported failure cannot be told from one that did not: the new skill is whole.
      const wholeNew = (await addSkill(source, addition(home()))).digest;
      expect([old, wholeNew]).toContain(now);
    } else {
      expect(now).toBe((result as { digest: string }).digest);
    }
    // Whatever happened, the same addition succeeds afterwards.
    const again = await addSkill(source, { ...addition(skillsFolder), replace: true });
    expect((await digests(skillsFolder))["my-skill"]).toBe(again.digest);
  },
);

test("the fault tables cover every call", async () => {
  const source = skillFolder({ "SKILL.md": MANIFEST, "a/b.md": "2", c: "3" });
  const skillsFolder = home();
  const added = failing(0, "before");
  await addSkill(source, { ...addition(skillsFolder), files: added.files });
  const replaced = failing(0, "before");
  await addSkill(source, { ...addition(skillsFolder), replace: true, files: replaced.files });
  expect({ added: added.calls(), replaced: replaced.calls() }).toEqual(STEPS);
});

test("a file edited between check and copy stops the addition", async () => {
  const skillsFolder = home();
  const source = skillFolder({ "SKILL.md": MANIFEST, a: "1", b: "1" });
  const files: AdditionFiles = {
    ...nodeFs,
    mkdir: (async (...input: Parameters<typeof nodeFs.mkdir>) => {
      writeFileSync(join(source, "b"), "2");
      return nodeFs.mkdir(...input);
    }) as typeof nodeFs.mkdir,
  };
  await expect(addSkill(source, { ...addition(skillsFolder), files })).rejects.toMatchObject({
    code: "SKILL_FILE_CHANGED",
  });
  expect(readdirSync(skillsFolder)).toEqual([]);
});

test("a copy that differs from what was checked is not taken", async () => {
  const skillsFolder = home();
  const source = skillFolder({ "SKILL.md": MANIFEST, a: "1" });
  const files: AdditionFiles = {
    ...nodeFs,
    writeFile: (async (path: string, ...rest: [Uint8Array]) => {
      await nodeFs.writeFile(path, ...rest);
      if (path.endsWith("/a")) writeFileSync(path, "2");
    }) as unknown as typeof nodeFs.writeFile,
  };
  await expect(addSkill(source, { ...addition(skillsFolder), files })).rejects.toMatchObject({
    code: "SKILL_FILE_CHANGED",
  });
  expect(readdirSync(skillsFolder)).toEqual([]);
});

test("a replacement that died between its two renames is reported, and put right by the next addition", async () => {
  const skillsFolder = home();
  await addSkill(skillFolder({ "SKILL.md": MANIFEST, keep: "me" }), addition(skillsFolder));
  const outgoing = join(skillsFolder, ".adding-dead", "outgoing");
  mkdirSync(outgoing, { recursive: true });
  await nodeFs.rename(join(skillsFolder, "my-skill"), join(outgoing, "my-skill"));
  const { skills, faults } = await readSkillCatalog([{ path: skillsFolder, origin: "added" }]);
  expect(skills).toEqual([]);
  expect(faults).toMatchObject([{ code: "SKILL_ADD_INTERRUPTED", folder: join(outgoing, "my-skill") }]);
  const other = MANIFEST.replace("my-skill", "other");
  await addSkill(skillFolder({ "SKILL.md": other }, "other"), addition(skillsFolder));
  expect(Object.keys(await digests(skillsFolder))).toEqual(["my-skill", "other"]);
  expect(readFileSync(join(skillsFolder, "my-skill", "keep"), "utf8")).toBe("me");
});

test("a link in the place of the skill is not followed", async () => {
  const skillsFolder = home();
  const outside = tempFolder();
  mkdirSync(skillsFolder, { recursive: true });
  symlinkSync(outside, join(skillsFolder, "my-skill"));
  const source = skillFolder({ "SKILL.md": MANIFEST });
  await expect(addSkill(source, addition(skillsFolder))).rejects.toMatchObject({ code: "SKILL_EXISTS" });
  await addSkill(source, { ...addition(skillsFolder), replace: true });
  expect(readdirSync(outside)).toEqual([]);
  expect(Object.keys(await digests(skillsFolder))).toEqual(["my-skill"]);
});
