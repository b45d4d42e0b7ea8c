import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRuleLibrary } from "../../src/rules/library/open-rule-library.ts";
import { LINT_CODES } from "../../src/rules/lint/lint-codes.ts";
import { MAIN } from "../support/connect.ts";

/** `falco-skills rules` as a person and a CI meet it. */

const rule = (name: string, condition: string, more = ""): string =>
  `- rule: ${name}\n  desc: about ${name}\n  condition: ${condition}\n  output: "%proc.cmdline %proc.pname %user.name"\n  priority: WARNING\n  tags: [mitre_execution, T1059.004]\n${more}`;

const FILES = {
  "good.yaml": rule("Shell", "evt.type=execve and proc.name in (bash, sh)"),
  "narrower.yaml": rule("Shell", "evt.type=execve and proc.name=sh"),
  "bad.yaml": rule("Bad", "evt.type=execve and proc.nmae=bash"),
  "lint.yaml": rule("Long", "evt.type=execve and proc.name=docker-entrypoint"),
  "warned.yaml": `- list: unused\n  items: [a]\n${rule("Shell", "evt.type=execve")}`,
  "new.yaml": rule("New", "evt.type=execve and proc.name = anyof (a, b)"),
  "old.yaml": rule("Old", "evt.type=open and evt.dir=<"),
  "folder/z.yaml": rule("Z", "evt.type=open"),
  "folder/notes.txt": "",
  "escape.yaml": rule('"\\e[31mred"', "evt.type=execve and proc.name=docker-entrypoint"),
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rules-cli-"));
  mkdirSync(join(folder, "folder"));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(...args: string[]) {
  const env = { PATH: process.env.PATH, FALCO_SKILLS_HOME: join(folder, "home") };
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, "rules", ...args], {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

describe("exit codes that a CI can build on", () => {
  test.each([
    [["validate", "good.yaml"], 0],
    [["validate", "bad.yaml"], 1],
    [["validate", "warned.yaml"], 0],
    [["validate", "warned.yaml", "--strict"], 1],
    [["validate", "new.yaml"], 0],
    [["validate", "new.yaml", "--engine", "0.57"], 1],
    [["validate", "new.yaml", "--engine", "seven"], 2],
    [["validate", "gone.yaml"], 1],
    [["validate"], 2],
    [["validate", "good.yaml", "--format", "xml"], 2],
    [["lint", "good.yaml", "--strict"], 0],
    [["lint", "lint.yaml"], 1],
    [["lint", "lint.yaml", "--off", "comm_too_long"], 0],
    [["lint", "lint.yaml", "--off", "nothing"], 2],
    [["lint"], 2],
    [["diff", "good.yaml", "narrower.yaml"], 0],
    [["diff", "good.yaml", "narrower.yaml", "--fail-on-loss"], 1],
    [["diff", "narrower.yaml", "good.yaml", "--fail-on-loss"], 0],
    [["explain", "Nothing", "good.yaml"], 1],
  ])("%j: %i", (args, status) => {
    expect(run(...args)).toMatchObject({ status });
  });
});

test("an error is shown with its place, its line and its fix", () => {
  const { stdout } = run("validate", "bad.yaml");
  expect(stdout).toContain(
    'bad.yaml:3:34 in rule "Bad"\n |   condition: evt.type=execve and proc.nmae=bash\n |                                  ^^^^^^^^^',
  );
  expect(stdout).toContain("error LOAD_ERR_COMPILE_CONDITION: ");
  expect(stdout.trimEnd().split("\n").at(-1)).toMatch(/^1 error, 0 warnings in 0 rules of 1 file$/);
});

test("what rule files say cannot colour or forge the report", () => {
  expect(run("lint", "escape.yaml").stdout).not.toContain("\u001b");
});

test("a folder is read as Falco reads it, and what it skips is told", () => {
  const { stdout, status } = run("lint", "folder");
  expect(status).toBe(0);
  expect(stdout).toContain('warning LINT_FILE_SKIPPED: Falco does not read "folder/notes.txt"');
});

test("the same as JSON", () => {
  const report = JSON.parse(run("lint", "lint.yaml", "--format", "json").stdout);
  expect(report).toMatchObject({
    ok: true,
    errors: 1,
    warnings: 0,
    rules: 1,
    findings: [{ code: "LINT_COMM_TOO_LONG", line: 3, column: 44 }],
  });
});

test("and as SARIF", () => {
  const log = JSON.parse(run("lint", "lint.yaml", "bad.yaml", "--format", "sarif").stdout);
  expect(log.version).toBe("2.1.0");
  const ids = log.runs[0].results.map((result: { ruleId: string }) => result.ruleId);
  expect(ids).toEqual(expect.arrayContaining(["LINT_COMM_TOO_LONG", "LOAD_ERR_COMPILE_CONDITION"]));
});

test("a deprecated field is told once, with what to write instead", () => {
  const { findings } = JSON.parse(run("lint", "old.yaml", "--format", "json").stdout);
  expect(findings.map(({ code, fix }: { code: string; fix: string }) => [code, fix])).toEqual([
    ["LINT_DEPRECATED_FIELD", "Remove the check: every event is one that evt.dir = < meant."],
  ]);
});

test("every lint is explained on request", () => {
  const { stdout, status } = run("lint", "--codes");
  expect(status).toBe(0);
  for (const code of LINT_CODES) expect(stdout).toContain(code);
});

test("list, explain, coverage with a layer, and diff say what they found", () => {
  expect(run("list", "good.yaml").stdout).toMatch(/Warning +syscall +yes +Shell/);
  expect(run("explain", "Shell", "good.yaml").stdout).toContain("- the process name is one of bash, sh  good.yaml:3");
  expect(run("coverage", "good.yaml", "--layer", "layer.json").stdout).toMatch(/Execution +1 of \d+ +1 +T1059.004/);
  expect(JSON.parse(readFileSync(join(folder, "layer.json"), "utf8"))).toMatchObject({ domain: "enterprise-attack" });
  const { stdout } = run("diff", "good.yaml", "narrower.yaml");
  expect(stdout).toContain(
    "weakened Shell\n  the condition matches less\n  no longer caught, for example: evt.type = execve, proc.name = bash\n",
  );
  expect(stdout).toContain("1 rule changed, 0 unchanged");
});

test("a set kept in home is named set:NAME", async () => {
  const library = openRuleLibrary({ folder: join(folder, "home/rules"), nowMs: () => 1_000, newId: () => "id" });
  await library.load("mine", [{ name: "good.yaml", text: FILES["good.yaml"] }]);
  expect(run("list").stdout).toMatch(/mine +[0-9a-f]{12} +1 +yes/);
  expect(run("explain", "Shell").stdout).toContain("the process name is one of bash, sh");
  expect(run("diff", "set:mine", "narrower.yaml").stdout).toContain("weakened Shell");
  expect(run("validate", "set:other")).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("RULES_SET_NOT_FOUND"),
  });
});
