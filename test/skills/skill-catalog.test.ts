import { mkdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findSkill, readSkillCatalog, readSkillFile, skillCatalogReader } from "../../src/skills/skill-catalog.ts";
import { MANIFEST, skillFolder, tempFolder } from "./skill-folder.ts";

const named = (name: string) => ({ "SKILL.md": MANIFEST.replace("my-skill", name) });

function catalogWith(shipped: readonly string[], added: readonly string[]) {
  const [a, b] = [tempFolder(), tempFolder()];
  for (const name of shipped) skillFolder(named(name), name, a);
  for (const name of added) skillFolder(named(name), name, b);
  return [
    { path: b, origin: "added" },
    { path: a, origin: "shipped" },
  ] as const;
}

test("skills of all roots are sorted by name and keep their origin", async () => {
  const { skills, faults } = await readSkillCatalog(catalogWith(["c", "a"], ["b"]));
  expect(skills.map(({ name, origin }) => [name, origin])).toEqual([
    ["a", "shipped"],
    ["b", "added"],
    ["c", "shipped"],
  ]);
  expect(faults).toEqual([]);
});

test("an added skill does not take a shipped one's name", async () => {
  const roots = catalogWith(["a"], ["a", "b"]);
  const { skills, faults } = await readSkillCatalog(roots);
  expect(skills.map(({ name, origin }) => [name, origin])).toEqual([
    ["a", "shipped"],
    ["b", "added"],
  ]);
  expect(faults).toMatchObject([{ code: "SKILL_NAME_SHIPPED", folder: join(roots[0].path, "a"), origin: "added" }]);
});

test("of two added skills of one name the root named first wins", async () => {
  const [one, two] = [tempFolder(), tempFolder()];
  for (const root of [one, two]) skillFolder(named("a"), "a", root);
  const roots = [one, two].map((path) => ({ path, origin: "added" }) as const);
  const { skills, faults } = await readSkillCatalog(roots);
  expect(skills.map(({ folder }) => folder)).toEqual([join(one, "a")]);
  expect(faults).toMatchObject([{ code: "SKILL_EXISTS", folder: join(two, "a") }]);
});

test("one broken skill does not hide the others, and files beside them are left alone", async () => {
  const root = tempFolder();
  skillFolder(named("good"), "good", root);
  skillFolder({ "SKILL.md": "nothing" }, "broken", root);
  skillFolder(named("hidden"), ".hidden", root);
  writeFileSync(join(root, "README.md"), "");
  symlinkSync(join(root, "good"), join(root, "linked"));
  const { skills, faults } = await readSkillCatalog([{ path: root, origin: "added" }]);
  expect(skills.map(({ name }) => name)).toEqual(["good"]);
  expect(faults.map(({ code }) => code)).toEqual(["SKILL_FRONTMATTER", "SKILL_SYMLINK"]);
});

test("no added skills yet is no fault; no shipped ones is", async () => {
  const path = join(tempFolder(), "none");
  expect(await readSkillCatalog([{ path, origin: "added" }])).toEqual({ skills: [], faults: [] });
  expect(await readSkillCatalog([{ path, origin: "shipped" }])).toMatchObject({
    skills: [],
    faults: [{ code: "SKILL_FILE_UNREADABLE", folder: path }],
  });
});

test("reading again gives the same objects until something changes, appears or goes", async () => {
  const root = tempFolder();
  const [a, b] = [skillFolder(named("a"), "a", root), skillFolder(named("b"), "b", root)];
  const read = skillCatalogReader([{ path: root, origin: "added" }]);
  const first = await read();
  const second = await read();
  expect(second.skills[0]).toBe(first.skills[0]);
  writeFileSync(join(a, "new.md"), "n");
  const third = await read();
  expect(third.skills[0]?.files).toHaveLength(2);
  expect(third.skills[1]).toBe(first.skills[1]);
  rmSync(b, { recursive: true });
  skillFolder(named("c"), "c", root);
  expect((await read()).skills.map(({ name }) => name)).toEqual(["a", "c"]);
});

test("a change of one length with its old times put back is seen", async () => {
  const root = tempFolder();
  const a = skillFolder({ ...named("a"), "x.md": "one" }, "a", root);
  const read = skillCatalogReader([{ path: root, origin: "added" }]);
  const before = findSkill(await read(), "a");
  const { atime, mtime } = statSync(join(a, "x.md"));
  writeFileSync(join(a, "x.md"), "two");
  utimesSync(join(a, "x.md"), atime, mtime);
  expect(findSkill(await read(), "a").digest).not.toBe(before.digest);
});

test("a file is read as it was checked", async () => {
  const root = tempFolder();
  skillFolder({ ...named("a"), "x.md": "one" }, "a", root);
  const skill = findSkill(await readSkillCatalog([{ path: root, origin: "added" }]), "a");
  expect(Buffer.from(await readSkillFile(skill, "x.md")).toString()).toBe("one");
});

test.each([
  { what: "edited", change: (folder: string) => writeFileSync(join(folder, "x.md"), "two") },
  { what: "longer", change: (folder: string) => writeFileSync(join(folder, "x.md"), "one more") },
  { what: "gone", change: (folder: string) => rmSync(join(folder, "x.md")) },
  {
    what: "a link to the same bytes",
    change: (folder: string) => {
      renameSync(join(folder, "x.md"), join(folder, "y.md"));
      symlinkSync("y.md", join(folder, "x.md"));
    },
  },
  {
    what: "a folder",
    change: (folder: string) => {
      rmSync(join(folder, "x.md"));
      mkdirSync(join(folder, "x.md"));
    },
  },
])("a file that is $what after the check is not served", async ({ change }) => {
  const root = tempFolder();
  const folder = skillFolder({ ...named("a"), "x.md": "one" }, "a", root);
  const skill = findSkill(await readSkillCatalog([{ path: root, origin: "added" }]), "a");
  change(folder);
  await expect(readSkillFile(skill, "x.md")).rejects.toMatchObject({ code: "SKILL_FILE_CHANGED", where: "x.md" });
});

test.each(["", "..", "../a/x.md", "/etc/passwd", "./x.md", "x.md\0", "X.md"])(
  "the path %j is not read",
  async (path) => {
    const root = tempFolder();
    skillFolder({ ...named("a"), "x.md": "one" }, "a", root);
    const skill = findSkill(await readSkillCatalog([{ path: root, origin: "added" }]), "a");
    await expect(readSkillFile(skill, path)).rejects.toMatchObject({ code: "SKILL_FILE_NOT_FOUND" });
  },
);

test("an unknown name is said to be unknown", () => {
  expect(() => findSkill({ skills: [], faults: [] }, "x\u202e")).toThrow('no skill is named "x\\u{202e}"');
});
