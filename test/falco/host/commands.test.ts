import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HEALTH, METRICS, metric, VERSIONS } from "./recorded.ts";

/** `falco-skills falco` as a person meets it. */

const SRC = resolve(import.meta.dirname, "../../../src");
const PROGRAM = `
const { Command } = await import("commander");
const { addFalco } = await import(${JSON.stringify(join(SRC, "cli/falco-commands.ts"))});
const { describeError, renderError } = await import(${JSON.stringify(join(SRC, "errors/describe-error.ts"))});
const program = new Command("falco-skills");
addFalco(program);
program.parseAsync(["node", "falco-skills", "falco", ...process.argv.slice(1)]).catch((error) => {
  process.stderr.write(renderError(describeError(error)) + "\\n");
  process.exitCode = 1;
});
`;

let folder: string;
let server: Server;
let url: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "falco-cli-"));
  writeFileSync(
    join(folder, "bad.yaml"),
    'json_ouput: true\npriority: warning\nwebserver:\n  enabled: true\n"\\e[31mred": 1\n',
  );
  const answers: Record<string, readonly [string, string]> = {
    "/healthz": ["application/json", HEALTH],
    "/versions": ["application/json", VERSIONS],
    "/metrics": [
      "text/plain; version=0.0.4",
      METRICS +
        metric("falco_rules_matches_total", 3, {
          priority: "4",
          rule_name: "Shell \u001b[31m in container",
          source: "syscall",
        }),
    ],
  };
  server = createServer((request, response) => {
    const [type, text] = answers[request.url ?? ""] ?? ["", ""];
    response.setHeader("content-type", type);
    response.end(text);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** The server lives in this process, so the command must not block it. */
async function run(...args: string[]) {
  const tsx = ["--import", "tsx", "--input-type=module", "--eval", PROGRAM, "--", ...args];
  const child = spawn(process.execPath, tsx, { cwd: resolve(SRC, ".."), env: { PATH: process.env.PATH } });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (part: Buffer) => {
    stdout += part.toString();
  });
  child.stderr.on("data", (part: Buffer) => {
    stderr += part.toString();
  });
  const [status] = (await once(child, "close")) as [number];
  return { status, stdout, stderr };
}

const tooWide = (text: string) => text.split("\n").filter((line) => line.length > 80);

test("a fragment that its own check finds nothing in", async () => {
  const printed = await run("config", "--for", "0.44.0");
  expect(printed).toMatchObject({ status: 0, stderr: "" });
  writeFileSync(join(folder, "good.yaml"), printed.stdout);
  expect(await run("config", "--check", join(folder, "good.yaml"))).toEqual({
    status: 0,
    stdout: "nothing to mend\n",
    stderr: "",
  });
});

test("a file with faults: each with its place and its fix, then the blocks that mend", async () => {
  const { status, stdout } = await run("config", "--check", join(folder, "bad.yaml"), "--for", "0.44.0");
  expect(status).toBe(1);
  expect(stdout).toContain('Falco knows no key "json_ouput"');
  expect(stdout).toMatch(/bad\.yaml:1:1/);
  expect(stdout).toContain("warning HOST_PRIORITY_HIDES");
  expect(stdout).toMatch(/^priority: debug$/m);
  expect(stdout).not.toContain("\u001b");
  expect(tooWide(stdout)).toEqual([]);
});

test("a check as JSON", async () => {
  const { stdout } = await run("config", "--check", join(folder, "bad.yaml"), "--json");
  const { findings, mended } = JSON.parse(stdout);
  expect(findings[0]).toMatchObject({ code: "CONFIG_UNKNOWN_KEY", severity: "warning", fix: expect.any(String) });
  expect(mended).toContain("json_output: true");
});

test("the state of a Falco behind a URL, in lines that fit 80 columns, without another's colours", async () => {
  const { status, stdout } = await run("status", "--falco-url", url);
  expect(stdout).toContain("Falco 0.44.0 is healthy\n");
  expect(stdout).toMatch(/^ {2}versions +engine 0\.63\.0, plugins container 0\.7\.1$/m);
  expect(stdout).toContain("Shell \\u{1b}[31m in container 3");
  expect(stdout).not.toContain("\u001b");
  expect(tooWide(stdout)).toEqual([]);
  expect([0, 1]).toContain(status);
});

test("the state as JSON", async () => {
  const { stdout } = await run("status", "--falco-url", url, "--json");
  expect(JSON.parse(stdout)).toMatchObject({
    state: "healthy",
    webserver: { metrics: { value: { startedNs: "1795312649127997527" } } },
  });
});

test("nothing there", async () => {
  const { status, stdout } = await run("status", "--falco-url", "http://192.0.2.1:1");
  expect(status).toBe(1);
  expect(stdout).toMatch(/^no Falco answers at http:\/\/192\.0\.2\.1:1\n/);
});

test.each([
  [["status", "--falco-url", "falco"], /^INVALID_ARGUMENT/],
  [["config", "--check", "/none.yaml"], /^FILE_NOT_FOUND/],
])("%j fails with its code", async (args, stderr) => {
  expect(await run(...args)).toMatchObject({ status: 1, stdout: "", stderr: expect.stringMatching(stderr) });
});
