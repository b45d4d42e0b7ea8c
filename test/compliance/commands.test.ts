import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildCompliance } from "../../src/cli/build-compliance.ts";
import { buildServices } from "../../src/cli/build-services.ts";
import { SKILL, TEMPLATE } from "./template.ts";

/** The commands as a person meets them, in a process of their own; attest on a real pseudo-terminal. */

const PROGRAM = join(import.meta.dirname, "command-program.ts");
let home: string;
let checklist: string;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "falco-skills-test-"));
  const { services, close } = await buildServices({ home, alertRoots: undefined });
  ({ id: checklist } = await services.checklists.create({
    template: TEMPLATE,
    skill: SKILL,
    title: "Case",
    createdBy: { kind: "agent", name: "a" },
  }));
  await buildCompliance(services, undefined).addEvidence(
    { kind: "status", controls: [], from: { text: "drops 0" }, checklist: { id: checklist, items: ["V1"] } },
    { by: { kind: "agent", name: "a" }, session: "s1" },
  );
  await close();
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const command = (...args: string[]) => [process.execPath, "--import", "tsx", PROGRAM, ...args];
const env = () => ({ PATH: process.env.PATH, FALCO_SKILLS_HOME: home, NO_COLOR: "1" });

function run(...args: string[]) {
  const [program = "", ...rest] = command(...args);
  const { status, stdout, stderr } = spawnSync(program, rest, { env: env(), encoding: "utf8", input: "" });
  return { status, stdout, stderr };
}

/** Runs a program on a pseudo-terminal and types an answer at each prompt; gives up after a minute of silence. */
const ON_A_TERMINAL = String.raw`
import os, pty, re, select, signal, sys
answers = sys.argv[1].split("|")
pid, master = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
out, asked = b"", 0
while select.select([master], [], [], 60)[0]:
    try:
        data = os.read(master, 4096)
    except OSError:
        break
    if not data:
        break
    out += data
    plain = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", out)
    if asked < len(answers) and plain.count(b": ") > asked and plain.endswith(b": "):
        os.write(master, answers[asked].encode() + b"\r")
        asked += 1
else:
    os.kill(pid, signal.SIGKILL)
status = os.waitpid(pid, 0)[1]
sys.stdout.buffer.write(out)
sys.exit(os.waitstatus_to_exitcode(status) % 256)
`;

function runOnTerminal(answers: string, ...args: string[]) {
  const { status, stdout } = spawnSync("python3", ["-c", ON_A_TERMINAL, answers, ...command(...args)], {
    env: env(),
    encoding: "utf8",
  });
  return { status, stdout };
}

test("controls says what is held for CC7.2, since when, and how old it is", () => {
  const { status, stdout } = run("controls", "CC7.2", "--since", "2026-10-01");
  expect(status).toBe(0);
  expect(stdout).toMatch(/soc2-tsc CC7\.2\s+evidence-current\s+20\d\d-\d\d-\d\d\s+1\s/);
  expect(stdout).toMatch(/ev-[0-9a-f]{16} {2}status {2}0 days/);
  expect(JSON.parse(run("controls", "--json").stdout).controls.length).toBeGreaterThan(10);
});

test("a control that means nothing is answered with near ones", () => {
  const { status, stderr } = run("controls", "CC7.22");
  expect(status).toBe(1);
  expect(stderr).toContain('CONTROL_UNKNOWN: no control is called "CC7.22"; near: CC7.2');
});

test("export makes a folder that verify-export accepts until a byte changes", () => {
  const out = join(home, "package");
  const made = run("export", "--checklist", checklist, "--out", out, "--json");
  expect(made.status).toBe(0);
  const { key } = JSON.parse(made.stdout);
  expect(run("verify-export", out, "--key", key)).toMatchObject({
    status: 0,
    stdout: expect.stringContaining("holds"),
  });
  expect(run("verify-export", out).stdout).toContain("UNPINNED");
  appendFileSync(join(out, "report.md"), ".");
  expect(run("verify-export", out)).toMatchObject({ status: 1, stdout: expect.stringContaining("file-changed") });
  expect(run("export", "--out", out).stderr).toContain("EXPORT_OUT_EXISTS");
});

test("attest refuses whoever is not at a terminal", () => {
  const { status, stderr } = run("attest", checklist, "V1");
  expect(status).toBe(1);
  expect(stderr).toContain("ATTEST_NOT_A_PERSON");
});

test("a person attests at a terminal; an automatic item stays the test's", () => {
  const { status, stdout } = runOnTerminal("Ana|lead|seen on the host|V1", "attest", checklist, "V1");
  expect([status, stdout]).toEqual([0, expect.stringContaining("attested V1: done, by Ana")]);
  expect(readFileSync(join(home, "checklists", `${checklist}.jsonl`), "utf8")).toContain(
    '"statement":"seen on the host"',
  );
  const auto = runOnTerminal("Ana|lead|seen|V2", "attest", checklist, "V2");
  expect(auto).toMatchObject({ status: 1, stdout: expect.stringContaining("nobody's word replaces it") });
  expect(runOnTerminal("Ana|lead|seen|no", "attest", checklist, "C1")).toMatchObject({ status: 1 });
});
