import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Approval, Approvals } from "../../../src/falco/approvals/approval.ts";
import { openApprovals } from "../../../src/falco/approvals/open-approvals.ts";

// Each test starts a process or two, which takes long on a machine that does other things, too.
vi.setConfig({ testTimeout: 120_000 });

const PROGRAM = resolve(import.meta.dirname, "cli-program.ts");
const DIGEST = "0123456789abcdef".repeat(4);

let home: string;
let approvals: Approvals;

beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), "approve-")));
  approvals = openApprovals({
    folder: join(home, "approvals"),
    nowMs: () => Date.now(),
    newId: () => randomUUID().slice(0, 8),
  });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const ask = (lines: readonly string[] = ["a line"]): Promise<Approval> =>
  approvals.ask({ kind: "deploy_rules", title: "change one rule", lines, digest: DIGEST });

const argv = (...words: string[]): string[] => ["--import", "tsx", PROGRAM, ...words, "--home", home];

describe("without a terminal", () => {
  test("what waits is listed, and nothing can be approved", async () => {
    const { id } = await ask();
    const run = (...words: string[]) =>
      spawnSync(process.execPath, argv(...words), { input: "01234567\n", encoding: "utf8" });
    const listed = run("approve");
    expect(listed.status).toBe(0);
    expect(listed.stdout).toContain(`${id}  `);
    expect(listed.stdout).toContain("change one rule");
    const refused = run("approve", id);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain("APPROVAL_NOT_A_PERSON");
    expect(await approvals.state(id)).toBe("waiting");
  });
});

/** `script` of util-linux gives a program a pseudo terminal; where it is missing these tests do not exist. */
const hasScript = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") === true;
const atTerminal = hasScript ? describe : () => {};

atTerminal("at a terminal", () => {
  test.each([
    { why: "the beginning of the digest", typed: "01234567\r", state: "approved", says: "approved by" },
    { why: "no", typed: "no\r", state: "refused", says: "refused by" },
    { why: "yes", typed: "yes\r", state: "waiting", says: "nothing was decided" },
    { why: "another digest", typed: "01234568\r", state: "waiting", says: "nothing was decided" },
    { why: "the end of the input", typed: "\u0004", state: "waiting", says: "nothing was decided" },
  ])("typing $why: $state", async ({ typed, state, says }) => {
    const { id } = await ask();
    const shown = await typeAfter("to refuse: ", typed, ["approve", id]);
    expect(shown).toContain(says);
    expect(await approvals.state(id)).toBe(state);
    const decided = (await approvals.get(id)).decided;
    if (state !== "waiting") expect(decided).toMatchObject({ method: "terminal" });
    if (state !== "waiting") expect(decided?.name.startsWith(userInfo().username)).toBe(true);
  });

  test("all of it is shown, hidden characters made visible", async () => {
    const { id } = await ask([
      "first",
      "evil \u001b[2J\u202e text",
      ...Array.from({ length: 300 }, (_, at) => `line ${at}`),
    ]);
    const shown = await typeAfter("to refuse: ", "no\r", ["approve", id]);
    expect(shown).toContain("evil \\u{1b}[2J\\u{202e} text");
    for (const line of ["first", "line 0", "line 299", DIGEST]) expect(shown).toContain(line);
  });

  test("a yes is in the audit trail before it counts", async () => {
    const { id } = await ask();
    await typeAfter("to refuse: ", "01234567\r", ["approve", id]);
    const folder = join(home, "audit");
    expect(existsSync(folder)).toBe(true);
    const lines = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".jsonl"))
      .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n"));
    const line = lines.find((text) => text.includes('"command.run"')) ?? "";
    expect(line).toContain(id);
    expect(line).toContain('"approved"');
  });

  /** What is shown on the terminal when that is typed once the prompt is there. */
  function typeAfter(prompt: string, typed: string, words: readonly string[]): Promise<string> {
    const command = [process.execPath, ...argv(...words)].map((word) => `'${word}'`).join(" ");
    const child = spawn("script", ["-qec", command, "/dev/null"], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    let shown = "";
    let isTyped = false;
    child.stdout.on("data", (text) => {
      shown += text;
      if (isTyped || !shown.includes(prompt)) return;
      isTyped = true;
      child.stdin.write(typed);
    });
    return new Promise((done, failed) => {
      child.once("error", failed);
      child.once("close", () => done(shown));
    });
  }
});
