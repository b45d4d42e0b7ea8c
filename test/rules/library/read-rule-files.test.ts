import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MAX_RULE_FILES, readRuleFiles } from "../../../src/rules/library/read-rule-files.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rule-files-"));
  mkdirSync(join(folder, "rules.d/inner"), { recursive: true });
  for (const name of ["b.yaml", "a.yml", "Z.yaml", "notes.txt"])
    writeFileSync(join(folder, "rules.d", name), `# ${name}\n`);
  writeFileSync(join(folder, "rules.txt"), "");
  writeFileSync(join(folder, "latin.yaml"), Buffer.from([0x23, 0xe4]));
  mkdirSync(join(folder, "empty"));
  symlinkSync(join(folder, "rules.d/b.yaml"), join(folder, "link.yaml"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("of a folder those that Falco reads, in byte order; the rest is told", async () => {
  const { files, skipped } = await readRuleFiles([join(folder, "rules.d")]);
  expect(files.map(({ name, text }) => [name.slice(folder.length), text])).toEqual([
    ["/rules.d/Z.yaml", "# Z.yaml\n"],
    ["/rules.d/a.yml", "# a.yml\n"],
    ["/rules.d/b.yaml", "# b.yaml\n"],
  ]);
  expect(skipped).toEqual([
    { path: join(folder, "rules.d/inner"), reason: "folders inside a folder are not read" },
    { path: join(folder, "rules.d/notes.txt"), reason: "its name does not end in .yaml or .yml" },
  ]);
});

test("paths keep their order, and every file is located before it is opened", async () => {
  const located: string[] = [];
  const locate = async (path: string) => {
    located.push(path);
    return path;
  };
  const paths = [join(folder, "link.yaml"), join(folder, "rules.d/a.yml"), join(folder, "rules.txt")];
  const { files, skipped } = await readRuleFiles(paths, { locate });
  expect(files.map(({ text }) => text)).toEqual(["# b.yaml\n", "# a.yml\n"]);
  expect(skipped.map(({ path }) => path)).toEqual([paths[2]]);
  expect(located).toEqual([...paths, paths[0], paths[1]]);
});

describe("refusals", () => {
  test.each([
    ["nothing that Falco reads", () => [join(folder, "empty")], "RULES_NO_FILES"],
    ["only a text file", () => [join(folder, "rules.txt")], "RULES_NO_FILES"],
    ["a path that is not there", () => [join(folder, "gone.yaml")], "FILE_NOT_FOUND"],
    ["bytes that are no UTF-8", () => [join(folder, "latin.yaml")], "RULES_FILE_NOT_TEXT"],
    [
      "too many files",
      () => Array.from({ length: MAX_RULE_FILES + 1 }, () => join(folder, "link.yaml")),
      "RULES_TOO_MANY_FILES",
    ],
  ])("%s", async (_what, paths, code) => {
    await expect(readRuleFiles(paths())).rejects.toMatchObject({ code });
  });

  test("a FIFO does not keep it waiting", async () => {
    const fifo = join(folder, "fifo.yaml");
    execFileSync("mkfifo", [fifo]);
    await expect(readRuleFiles([fifo])).rejects.toMatchObject({ code: "FILE_NOT_REGULAR" });
  });

  test("more bytes than a rule set takes", async () => {
    const large = join(folder, "large.yaml");
    writeFileSync(large, "#".repeat(9 * 1024 * 1024));
    await expect(readRuleFiles([large, large])).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
  });
});
