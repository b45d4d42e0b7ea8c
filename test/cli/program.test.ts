import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MAIN } from "../support/connect.ts";

/** The program as a person meets it: what it prints and how it ends. */

const FIXTURES = resolve(import.meta.dirname, "../fixtures/alerts");
const SKILL = "performing-cloud-native-forensics-with-falco";

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "falco-skills-cli-"));
});
afterAll(() => rmSync(home, { recursive: true }));

function run(...args: string[]) {
  const env = { PATH: process.env.PATH, FALCO_SKILLS_HOME: join(home, "data") };
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { env, encoding: "utf8", input: "" });
  return { status, stdout, stderr };
}

describe("help", () => {
  test.each([
    [[]],
    [["serve"]],
    [["ingest"]],
    [["status"]],
    [["skills"]],
    [["skills", "add"]],
    [["audit"]],
    [["audit", "verify"]],
    [["rules"]],
    [["rules", "deploy"]],
    [["approve"]],
    [["falco"]],
    [["falco", "config"]],
    [["replay"]],
    [["capture"]],
    [["retention"]],
    [["retention", "set"]],
    [["export"]],
  ])("%j", async (command) => {
    const { status, stdout } = run(...command, "--help");
    expect(status).toBe(0);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
    const name = ["help", ...command].join("-");
    await expect(stdout).toMatchFileSnapshot(join(import.meta.dirname, `golden/${name}.txt`));
  });

  test("the version is the package's", () => {
    const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, "../../package.json"), "utf8"));
    expect(run("--version").stdout.trim()).toBe(version);
  });
});

test("a reader that stops early is no failure", () => {
  const { stderr } = spawnSync("sh", ["-c", `"${process.execPath}" "${MAIN}" --help | true`], { encoding: "utf8" });
  expect(stderr).toBe("");
});

describe("ingest and status", () => {
  test("a file goes in, every line is accounted for, and colours stay on terminals", () => {
    writeFileSync(join(home, "mixed.jsonl"), `${readFileSync(join(FIXTURES, "node-2026-11-22.jsonl"), "utf8")}oops\n`);
    const { status, stdout } = run("ingest", join(home, "mixed.jsonl"));
    expect(status).toBe(0);
    expect(stdout).toMatch(/alerts added\s+92/);
    expect(stdout).toMatch(/lines read\s+93/);
    expect(stdout).not.toContain("\u001b");
    expect(run("status").stdout).toMatch(/alerts\s+92\s+2026-11-22T02:49:11\.359187047Z to/);
    expect(JSON.parse(run("status", "--json").stdout)).toMatchObject({ alerts: { alerts: 92 }, rejected: { kept: 1 } });
  });

  test("a folder with one bad file is read, and the end says so", () => {
    const folder = join(home, "folder");
    mkdirSync(folder);
    writeFileSync(join(folder, "a.jsonl"), readFileSync(join(FIXTURES, "node-2026-11-22.jsonl")));
    writeFileSync(join(folder, "b.jsonl.gz"), Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3]));
    const { status, stdout } = run("ingest", folder);
    expect(status).toBe(1);
    expect(stdout).toMatch(/alerts known already\s+92/);
    expect(stdout).toContain("INGEST_GZIP_DAMAGED");
  });
});

describe("skills", () => {
  test("list and show", () => {
    expect(run("skills", "list").stdout).toContain(SKILL);
    expect(run("skills", "show", SKILL).stdout).toMatch(/digest sha256:[0-9a-f]{64}/);
    const text = run("skills", "show", SKILL, "SKILL.md").stdout;
    expect(text).toBe(readFileSync(resolve(import.meta.dirname, "../../skills", SKILL, "SKILL.md"), "utf8"));
  });

  test("check names every fault, add copies whole or not at all", () => {
    const folder = join(home, "hunting-miners");
    mkdirSync(folder);
    writeFileSync(join(folder, "SKILL.md"), "---\nname: wrong-name\n---\nbody\n");
    const bad = run("skills", "check", folder);
    expect(bad.status).toBe(1);
    expect(bad.stdout).toContain("SKILL_NAME");
    expect(run("skills", "add", folder).status).toBe(1);
    writeFileSync(
      join(folder, "SKILL.md"),
      "---\nname: hunting-miners\ndescription: Finds miners. Use it when a host is slow.\n---\nbody\n",
    );
    expect(run("skills", "check", folder).status).toBe(0);
    expect(run("skills", "add", folder).stdout).toContain("added hunting-miners");
    expect(run("skills", "list").stdout).toMatch(/hunting-miners\s+added/);
    expect(run("skills", "add", folder)).toMatchObject({ status: 1, stderr: expect.stringContaining("SKILL_EXISTS") });
    expect(run("skills", "add", folder, "--replace").status).toBe(0);
    expect(readdirSync(join(home, "data", "skills"))).toEqual(["hunting-miners"]);
  });
});

describe("audit verify", () => {
  test("a sound trail ends with 0 and a changed one names the first bad line", () => {
    expect(run("audit", "verify")).toMatchObject({ status: 0, stdout: expect.stringContaining("intact, SIGNED") });
    const copy = join(home, "copy");
    cpSync(join(home, "data"), copy, { recursive: true });
    const folder = join(copy, "audit");
    const log =
      readdirSync(folder, { recursive: true, encoding: "utf8" }).find((name) => name.endsWith("records.jsonl")) ?? "";
    const bytes = readFileSync(join(folder, log), "utf8");
    writeFileSync(join(folder, log), bytes.replace("hunting-miners", "hunting-mimers"));
    const changed = run("audit", "verify", "--home", copy);
    expect(changed.status).toBe(10);
    expect(changed.stdout).toMatch(/first record that does not hold: \d+, .* line \d+ \(byte \d+\)/);
    writeFileSync(join(folder, log), bytes.split("\n").slice(0, 2).join("\n"));
    expect([11, 10]).toContain(run("audit", "verify", "--home", copy).status);
    appendFileSync(join(folder, log), "");
  });

  test("a home without a trail is said to have none", () => {
    expect(run("audit", "verify", "--home", join(home, "nothing")).status).toBe(17);
  });

  test("a known head anchors it, a wrong one is found out", () => {
    const { root, records } = JSON.parse(run("audit", "verify", "--json").stdout) as { root: string; records: number };
    expect(run("audit", "verify", "--known-head", `${records} ${root}`, "--require-anchor").status).toBe(0);
    expect(run("audit", "verify", "--require-anchor").status).toBe(20);
    expect(run("audit", "verify", "--known-head", `${records} ${"0".repeat(64)}`).status).toBe(12);
    expect(run("audit", "verify", "--known-head", "nonsense")).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("AUDIT_HEAD_UNREADABLE"),
    });
  });
});
