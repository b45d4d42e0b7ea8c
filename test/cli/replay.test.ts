import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readAlertLine } from "../../src/alert/read-alert.ts";
import { MAIN } from "../support/connect.ts";

/** `falco-skills replay` and `test` as a person and a CI meet them. */

const ROOT = resolve(import.meta.dirname, "../..");
const CAPTURE = join(ROOT, "test/fixtures/captures/web-intrusion.scap");
const RULES = join(ROOT, "skills/performing-cloud-native-forensics-with-falco/rules/container-forensics.yaml");

const TESTS = `
rules: quiet.yaml
cases:
  - name: mounts
    capture: ${CAPTURE}
    must_not_hit: [Mounts]
  - name: requests
    events: audit.jsonl
    must_hit:
      - {rule: Secret read, count: 1, fields: {ka.user.name: eve}}
`;

const rule = (name: string, condition: string, source = "syscall"): string =>
  `- rule: ${name}\n  desc: d\n  condition: ${condition}\n  output: "seen %evt.num${source === "syscall" ? "" : " %ka.user.name"}"\n  priority: WARNING\n  source: ${source}\n`;

const SECRET = rule("Secret read", "ka.target.resource = secrets", "k8s_audit");
const EVENT = { auditID: "1", user: { username: "eve\u001b[31m" }, objectRef: { resource: "secrets" } };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "replay-cli-"));
  const files = {
    "quiet.yaml": rule("Mounts", "evt.type = mount") + SECRET,
    "loud.yaml": rule("Mounts", "evt.type = execve") + SECRET,
    "broken.yaml": rule("Broken", "evt.type = nosuch"),
    "audit.jsonl": `${JSON.stringify({ ...EVENT, user: { username: "eve" } })}\n`,
    "hostile.jsonl": `${JSON.stringify(EVENT)}\n`,
    "tests.yaml": TESTS,
    "wrong.yaml": "cases: 3\n",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, "cut.scap"), readFileSync(CAPTURE).subarray(0, 60_000));
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(...args: string[]) {
  const env = { PATH: process.env.PATH, FALCO_SKILLS_HOME: join(folder, "home"), FALCO_HOSTNAME: "node-1" };
  const given = args.map((arg) => (/^[\w-]+\.(?:yaml|jsonl|scap|xml)$/.test(arg) ? join(folder, arg) : arg));
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...given], { env, encoding: "utf8" });
  return { status, stdout, stderr };
}

describe("replay", () => {
  test.each([
    ["no alert", ["replay", CAPTURE, "--rules", "quiet.yaml"], 0],
    ["alerts", ["replay", CAPTURE, "--rules", "loud.yaml"], 3],
    ["a faulty capture", ["replay", "cut.scap", "--rules", "loud.yaml"], 4],
    ["rules that do not load", ["replay", CAPTURE, "--rules", "broken.yaml"], 1],
    ["a capture that is gone", ["replay", "gone.scap", "--rules", "quiet.yaml"], 1],
    ["no rules", ["replay", CAPTURE], 2],
    ["no such priority", ["replay", CAPTURE, "--rules", "quiet.yaml", "--min-priority", "loud"], 2],
  ])("%s", (_what, args, status) => {
    expect(run(...args)).toMatchObject({ status });
  });

  test("alerts as Falco's lines on standard output, the summary beside them", () => {
    const { stdout, stderr } = run("replay", CAPTURE, "--rules", RULES, "--json");
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(19);
    for (const line of lines)
      expect(readAlertLine(line)).toMatchObject({ kind: "alert", alert: { hostname: "node-1" } });
    expect(JSON.parse(stderr)).toMatchObject({ alerts: 19, events: 6747, endedBy: "end of input" });
  });

  test("as text, with limits", () => {
    const { stdout, stderr } = run("replay", CAPTURE, "--rules", RULES, "--max-alerts", "2");
    expect(stdout.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^02:49:11\.428067524: Warning Shell spawned in container \|/),
      expect.stringMatching(/^02:49:12\.255310411: Warning Shell spawned in container \|/),
    ]);
    expect(stderr).toMatch(/events of syscall, 7 rules, 2 alerts; ended by limit of alerts\n/);
    expect(stderr).toContain("      2  Forensics shell spawned in container\n");
  });

  test("audit events, whose text cannot colour the terminal", () => {
    const { stdout, stderr, status } = run("replay", "hostile.jsonl", "--rules", "quiet.yaml");
    expect(status).toBe(3);
    expect(stdout).toBe("00:00:00.000000000: Warning seen 1 eve\\u{1b}[31m\n");
    expect(stderr).toContain("1 events of k8s_audit, 1 rules, 1 alerts\n");
  });
});

describe("test", () => {
  test("cases that hold", () => {
    const { stdout, status } = run("test", "tests.yaml");
    expect(stdout).toBe("pass mounts\npass requests\n2 passed, 0 failed\n");
    expect(status).toBe(0);
  });

  test("cases that do not, against other rules, and as JUnit", () => {
    const { stdout, status } = run(
      "test",
      "tests.yaml",
      "--rules",
      "loud.yaml",
      "--against",
      "quiet.yaml",
      "--junit",
      "out.xml",
    );
    expect(status).toBe(1);
    expect(stdout).toMatch(/^FAIL mounts\n {2}must_not_hit Mounts: expected exactly 0, found \d+\n {4}event \d+: /);
    expect(stdout).toMatch(/\ngained Mounts event \d+ of /);
    expect(stdout).toMatch(/\n1 alerts stay, 0 are lost, \d+ are gained\n1 passed, 1 failed\n$/);
    expect(readFileSync(join(folder, "out.xml"), "utf8")).toContain('<testsuite name="mounts" tests="1" failures="1"');
  });

  test.each([
    ["a file of another form", ["test", "wrong.yaml"], 1, "RULE_TESTS_MALFORMED"],
    ["a file that is gone", ["test", "gone.yaml"], 1, "FILE_NOT_FOUND"],
    ["no file", ["test"], 2, "missing required argument"],
  ])("%s", (_what, args, status, code) => {
    expect(run(...args)).toMatchObject({ status, stderr: expect.stringContaining(code) });
  });
});
