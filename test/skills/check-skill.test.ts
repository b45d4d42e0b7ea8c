import { execFileSync } from "node:child_process";
import { chmodSync, linkSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkSkill } from "../../src/skills/check-skill.ts";
import { CHECKLIST, MANIFEST, skillFolder, tempFolder } from "./skill-folder.ts";

test("a plain skill gives its name, files, hashes and digest", async () => {
  const folder = skillFolder({ "SKILL.md": MANIFEST, "references/a.md": "a\n", "checklist.yaml": CHECKLIST });
  const { skill, faults, warnings } = await checkSkill(folder, "shipped");
  expect(faults).toEqual([]);
  expect(warnings).toEqual([]);
  expect(skill).toMatchObject({
    name: "my-skill",
    description: "Does a thing. Use it when the thing is wanted.",
    origin: "shipped",
    folder,
    frontmatter: { name: "my-skill", description: "Does a thing. Use it when the thing is wanted." },
    checklist: { title: "Work", items: [{ id: "A1", evidence: [], must_precede: ["A2"] }, { id: "A2" }, { id: "A3" }] },
  });
  expect(skill?.files.map(({ path, sizeBytes, mediaType }) => [path, sizeBytes, mediaType])).toEqual([
    ["SKILL.md", Buffer.byteLength(MANIFEST), "text/markdown"],
    ["checklist.yaml", Buffer.byteLength(CHECKLIST), "application/yaml"],
    ["references/a.md", 2, "text/markdown"],
  ]);
});

test("the digest is what the usual programs compute", async () => {
  const folder = skillFolder({ "SKILL.md": MANIFEST, "references/b.md": "b", "references-a.md": "", Z: "z", ä: "ä" });
  const digits = execFileSync("sh", ["-c", "find * -type f | LC_ALL=C sort | xargs sha256sum | sha256sum"], {
    cwd: folder,
  });
  expect((await checkSkill(folder)).skill?.digest).toBe(`sha256:${digits.toString().slice(0, 64)}`);
});

test("the digest changes with content, name and set of files, not with modes and times", async () => {
  const digest = async (files: Record<string, string>) => (await checkSkill(skillFolder(files))).skill?.digest;
  const plain = await digest({ "SKILL.md": MANIFEST, a: "1" });
  expect(await digest({ "SKILL.md": MANIFEST, a: "1" })).toBe(plain);
  expect(await digest({ "SKILL.md": MANIFEST, a: "2" })).not.toBe(plain);
  expect(await digest({ "SKILL.md": MANIFEST, b: "1" })).not.toBe(plain);
  expect(await digest({ "SKILL.md": MANIFEST })).not.toBe(plain);
  const folder = skillFolder({ "SKILL.md": MANIFEST, a: "1" });
  chmodSync(join(folder, "a"), 0o700);
  expect((await checkSkill(folder)).skill?.digest).toBe(plain);
});

const with_ = (files: Record<string, string | Uint8Array>) => () => skillFolder({ "SKILL.md": MANIFEST, ...files });
const front = (lines: string) => () => skillFolder({ "SKILL.md": `---\n${lines}\n---\nbody\n` });
const good = "name: my-skill\ndescription: d";

test.each<{ what: string; make: () => string; faults: string[] }>([
  { what: "no such folder", make: () => join(tempFolder(), "none"), faults: ["SKILL_FILE_UNREADABLE none"] },
  { what: "a file", make: () => join(skillFolder({ f: "" }), "f"), faults: ["SKILL_FILE_KIND"] },
  { what: "an empty folder", make: () => skillFolder({}), faults: ["SKILL_MANIFEST_MISSING"] },
  {
    what: "skill.md in small letters",
    make: () => skillFolder({ "skill.md": MANIFEST }),
    faults: ["SKILL_MANIFEST_MISSING"],
  },
  {
    what: "no front matter",
    make: () => skillFolder({ "SKILL.md": "# Hi\n" }),
    faults: ["SKILL_FRONTMATTER SKILL.md:1:1"],
  },
  {
    what: "front matter that never ends",
    make: () => skillFolder({ "SKILL.md": `---\n${good}\n` }),
    faults: ["SKILL_FRONTMATTER SKILL.md:1:1"],
  },
  { what: "a list as front matter", make: front("- a"), faults: ["SKILL_FRONTMATTER SKILL.md:2:1"] },
  { what: "empty front matter", make: front(""), faults: ["SKILL_FRONTMATTER SKILL.md:2:1"] },
  { what: "a broken mapping", make: front("name: [a"), faults: ["SKILL_FRONTMATTER SKILL.md:3:1"] },
  { what: "a key twice", make: front(`${good}\nname: my-skill`), faults: ["SKILL_FRONTMATTER SKILL.md:4:1"] },
  { what: "an anchor", make: front(`${good}\nlicense: &a x`), faults: ["SKILL_FRONTMATTER SKILL.md:4:13"] },
  { what: "an alias", make: front("name: my-skill\ndescription: *a"), faults: ["SKILL_FRONTMATTER SKILL.md:3:14"] },
  { what: "a tag", make: front(`${good}\nlicense: !!binary aGk=`), faults: ["SKILL_FRONTMATTER SKILL.md:4:19"] },
  { what: "no name", make: front("description: d"), faults: ["SKILL_NAME SKILL.md:2:1"] },
  { what: "a number as name", make: front("name: 7\ndescription: d"), faults: ["SKILL_NAME SKILL.md:2:7"] },
  {
    what: "another name than the folder",
    make: front("name: other\ndescription: d"),
    faults: ["SKILL_NAME SKILL.md:2:7"],
  },
  { what: "a name in capitals", make: front("name: My-Skill\ndescription: d"), faults: ["SKILL_NAME SKILL.md:2:7"] },
  {
    what: "a name with two hyphens",
    make: front("name: my--skill\ndescription: d"),
    faults: ["SKILL_NAME SKILL.md:2:7"],
  },
  { what: "a name that climbs", make: front("name: ../x\ndescription: d"), faults: ["SKILL_NAME SKILL.md:2:7"] },
  {
    what: "a name too long",
    make: front(`name: ${"a".repeat(65)}\ndescription: d`),
    faults: ["SKILL_NAME SKILL.md:2:7"],
  },
  { what: "no description", make: front("name: my-skill"), faults: ["SKILL_DESCRIPTION SKILL.md:2:1"] },
  {
    what: "a blank description",
    make: front("name: my-skill\ndescription: ' '"),
    faults: ["SKILL_DESCRIPTION SKILL.md:3:14"],
  },
  {
    what: "a long description",
    make: front(`name: my-skill\ndescription: ${"d".repeat(1025)}`),
    faults: ["SKILL_DESCRIPTION SKILL.md:3:14"],
  },
  { what: "an unknown key", make: front(`${good}\nversion: "1"`), faults: ["SKILL_FRONTMATTER_KEY SKILL.md:4:10"] },
  {
    what: "metadata with a number",
    make: front(`${good}\nmetadata:\n  version: 1.0`),
    faults: ["SKILL_FRONTMATTER_KEY SKILL.md:5:12"],
  },
  { what: "metadata as text", make: front(`${good}\nmetadata: x`), faults: ["SKILL_FRONTMATTER_KEY SKILL.md:4:11"] },
  {
    what: "long compatibility",
    make: front(`${good}\ncompatibility: ${"c".repeat(501)}`),
    faults: ["SKILL_FRONTMATTER_KEY SKILL.md:4:16"],
  },
  {
    what: "a licence that is a list",
    make: front(`${good}\nlicense: [a]`),
    faults: ["SKILL_FRONTMATTER_KEY SKILL.md:4:10"],
  },
  {
    what: "two faults at once",
    make: front("name: x\ndescription: ''"),
    faults: ["SKILL_NAME SKILL.md:2:7", "SKILL_DESCRIPTION SKILL.md:3:14"],
  },
  {
    what: "SKILL.md that is no UTF-8",
    make: () => skillFolder({ "SKILL.md": Uint8Array.of(0x2d, 0xff) }),
    faults: ["SKILL_FRONTMATTER SKILL.md"],
  },
  {
    what: "SKILL.md over 1 MiB",
    make: () => skillFolder({ "SKILL.md": MANIFEST + "x".repeat(1024 * 1024) }),
    faults: ["SKILL_FRONTMATTER SKILL.md"],
  },
  { what: "a hidden file", make: with_({ ".env": "" }), faults: ["SKILL_HIDDEN_FILE .env"] },
  { what: "a hidden folder", make: with_({ ".git/config": "" }), faults: ["SKILL_HIDDEN_FILE .git"] },
  { what: "a line feed in a name", make: with_({ "a\nb": "" }), faults: ["SKILL_FILE_NAME"] },
  { what: "an escape sequence in a name", make: with_({ "a\u001b[31mb": "" }), faults: ["SKILL_FILE_NAME"] },
  { what: "a right-to-left override in a name", make: with_({ "a\u202egpj.exe": "" }), faults: ["SKILL_FILE_NAME"] },
  { what: "a backslash in a name", make: with_({ "a\\..\\b": "" }), faults: ["SKILL_FILE_NAME"] },
  { what: "a name that ends in a dot", make: with_({ "a.": "" }), faults: ["SKILL_FILE_NAME"] },
  { what: "a device of Windows", make: with_({ "NUL.md": "" }), faults: ["SKILL_FILE_NAME"] },
  { what: "a decomposed letter", make: with_({ "a\u0308": "" }), faults: ["SKILL_FILE_NAME"] },
  { what: "names that differ in case", make: with_({ "a.md": "", "A.md": "" }), faults: ["SKILL_FILE_NAME"] },
  { what: "a long name", make: with_({ ["n".repeat(129)]: "" }), faults: ["SKILL_FILE_NAME"] },
  { what: "seven names deep", make: with_({ "1/2/3/4/5/6/7": "" }), faults: ["SKILL_TOO_DEEP 1/2/3/4/5/6/7"] },
  {
    what: "513 files",
    make: with_(Object.fromEntries(Array.from({ length: 512 }, (_, n) => [`f${n}`, ""]))),
    faults: ["SKILL_TOO_MANY_FILES"],
  },
  {
    what: "a checklist with an unknown key",
    make: with_({ "checklist.yaml": `${CHECKLIST}extra: 1\n` }),
    faults: ["SKILL_CHECKLIST checklist.yaml:10:8"],
  },
])("$what is refused", async ({ make, faults }) => {
  const report = await checkSkill(make());
  expect(report.skill).toBeUndefined();
  expect(report.faults.map(({ code, where }) => (where === undefined ? code : `${code} ${where}`))).toEqual(faults);
});

test.each([
  { what: "to a file inside", link: (folder: string) => symlinkSync("SKILL.md", join(folder, "link")) },
  { what: "to a file outside", link: (folder: string) => symlinkSync("/etc/passwd", join(folder, "link")) },
  { what: "to a folder", link: (folder: string) => symlinkSync("/etc", join(folder, "link")) },
  { what: "to nothing", link: (folder: string) => symlinkSync("gone", join(folder, "link")) },
  { what: "to itself", link: (folder: string) => symlinkSync("link", join(folder, "link")) },
])("a symbolic link $what is refused", async ({ link }) => {
  const folder = skillFolder({ "SKILL.md": MANIFEST });
  link(folder);
  expect((await checkSkill(folder)).faults).toMatchObject([{ code: "SKILL_SYMLINK", where: "link" }]);
});

test("a skill that is itself a link is refused", async () => {
  const root = tempFolder();
  symlinkSync(skillFolder({ "SKILL.md": MANIFEST }), join(root, "my-skill"));
  expect((await checkSkill(join(root, "my-skill"))).faults).toMatchObject([{ code: "SKILL_SYMLINK" }]);
});

test("SKILL.md that is a FIFO is refused without waiting for a writer", async () => {
  const folder = skillFolder({ a: "" });
  execFileSync("mkfifo", [join(folder, "SKILL.md")]);
  expect((await checkSkill(folder)).faults.map(({ code }) => code)).toContain("SKILL_FILE_KIND");
});

test("512 files and 16 MiB pass, one byte more does not", async () => {
  const folder = skillFolder({ "SKILL.md": MANIFEST, "big.bin": "" });
  const big = join(folder, "big.bin");
  truncateSync(big, 16 * 1024 * 1024 - Buffer.byteLength(MANIFEST));
  for (let n = 2; n < 512; n += 1) writeFileSync(join(folder, `f${n}`), "");
  expect((await checkSkill(folder)).skill?.files).toHaveLength(512);
  truncateSync(big, 16 * 1024 * 1024 - Buffer.byteLength(MANIFEST) + 1);
  expect((await checkSkill(folder)).faults).toMatchObject([{ code: "SKILL_TOO_LARGE", where: "big.bin" }]);
});

test("a folder of very many entries is not read to its end", async () => {
  const folder = skillFolder({ "SKILL.md": MANIFEST });
  for (let n = 0; n < 600; n += 1) mkdirSync(join(folder, `d${n}`));
  const { faults } = await checkSkill(folder);
  expect(faults.filter(({ code }) => code !== "SKILL_MANIFEST_MISSING")).toMatchObject([
    { code: "SKILL_TOO_MANY_FILES" },
  ]);
});

test("a hard link is an ordinary file", async () => {
  const folder = skillFolder({ "SKILL.md": MANIFEST });
  linkSync(join(folder, "SKILL.md"), join(folder, "copy.md"));
  expect((await checkSkill(folder)).skill?.files).toHaveLength(2);
});

test("a long body is a warning", async () => {
  const folder = skillFolder({ "SKILL.md": `${MANIFEST}${"line\n".repeat(500)}` });
  const { skill, warnings } = await checkSkill(folder);
  expect(skill?.warnings).toEqual(warnings);
  expect(warnings).toMatchObject([{ code: "SKILL_BODY_LONG", where: "SKILL.md" }]);
});

test("messages show hostile names spelled out and cut", async () => {
  const { faults } = await checkSkill(skillFolder({ "SKILL.md": MANIFEST, "x\u202e\u001b\n\u{e0041}": "" }));
  expect(faults[0]?.message).toMatch(/^the name "x\\u\{202e\}\\u\{1b\}\\u\{a\}\\u\{e0041\}" has characters other/);
});

test("CRLF front matter is read", async () => {
  const { skill } = await checkSkill(skillFolder({ "SKILL.md": MANIFEST.replaceAll("\n", "\r\n") }));
  expect(skill?.name).toBe("my-skill");
});
