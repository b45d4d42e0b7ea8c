import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";

/** `falco-skills capture` as a person meets it. */

const CAPTURE = resolve(import.meta.dirname, "../fixtures/captures/web-intrusion.scap");
const PROGRAM = join(import.meta.dirname, "capture-program.ts");
const TSX = resolve(import.meta.dirname, "../../node_modules/tsx/dist/cli.mjs");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "capture-cli-"));
  writeFileSync(join(folder, "cut.scap"), gunzipSync(readFileSync(CAPTURE)).subarray(0, 220_000));
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(...args: string[]) {
  const env = { PATH: process.env.PATH, FALCO_SKILLS_HOME: join(folder, "home"), NO_COLOR: "1" };
  const { status, stdout, stderr } = spawnSync(process.execPath, [TSX, PROGRAM, "capture", ...args], {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test("a tree of processes, indented", () => {
  const { status, stdout } = run("process_tree", CAPTURE, "--process", "20177");
  expect(status).toBe(0);
  expect(stdout.split("\n").slice(0, 6)).toEqual([
    "containerd-shim -namespace moby -address /run/containerd/containerd.sock (20106) root host exit 0",
    "  httpd -f -p 8080 -h /srv/app/www (20108) root 3f1c9a7be2d0 exit signal 9",
    expect.stringMatching(/^ {4}httpd .* \(20173\)/),
    expect.stringMatching(/^ {6}ping\.sh ping\.sh \(20174\)/),
    "        sh -c echo checking localhost; cat /etc/shadow (20176) root 3f1c9a7be2d0 02:49:12.929 exit 0",
    "          cat /etc/shadow (20177) root 3f1c9a7be2d0 02:49:12.932 exit 0",
  ]);
});

test("one process: each list under its name", () => {
  const { stdout } = run("process", CAPTURE, "--process", "20218");
  for (const title of ["lineage", "executions", "connections"]) expect(stdout).toMatch(new RegExp(`^${title}$`, "m"));
  expect(stdout).toContain("203.0.113.66 4444/tcp");
});

test("a damaged capture answers, says so, and exits with 3", () => {
  const { status, stdout } = run("sensitive_reads", "cut.scap", "--json");
  expect(status).toBe(3);
  expect(JSON.parse(stdout)).toMatchObject({
    files: [{ file: "/etc/shadow" }],
    coverage: { fault: { code: "CAPTURE_TRUNCATED" } },
  });
});

test("an export lies in home", () => {
  const { status, stdout } = run("export", CAPTURE, "--process", "20177", "--json");
  expect(status).toBe(0);
  expect(JSON.parse(stdout).file.path.startsWith(join(folder, "home/captures/web-intrusion-"))).toBe(true);
});

test.each([
  [["users", "gone.scap"], /^FILE_NOT_FOUND/],
  [["users", CAPTURE, "--condition", "evt.type=open"], /^INVALID_ARGUMENT/],
  [["events", CAPTURE, "--condition", "proc.nmae=sh"], /^CONDITION_NOT_COMPILED[\s\S]*\^/],
])("%j fails with its code", (args, stderr) => {
  expect(run(...args)).toMatchObject({ status: 1, stdout: "", stderr: expect.stringMatching(stderr) });
});
