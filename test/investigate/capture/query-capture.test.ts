import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import type { CaptureQuestion } from "../../../src/investigate/capture/capture-questions.ts";
import { CAPTURE_QUESTIONS } from "../../../src/investigate/capture/capture-questions.ts";
import { type CaptureQuery, queryCapture } from "../../../src/investigate/capture/query-capture.ts";

const FOLDER = resolve(import.meta.dirname, "../../fixtures/captures");
const INTRUSION = join(FOLDER, "web-intrusion.scap");

const ask = (question: CaptureQuestion, wishes: Partial<CaptureQuery> = {}, path = INTRUSION) =>
  queryCapture(path, { question, after: 0, limit: 500, ...wishes });

test("containers: what each is, and what ran there", async () => {
  const { rows } = await ask("containers");
  expect(rows.containers).toMatchObject([
    { container: "host", type: "host", processes: 1, executions: 0 },
    {
      container: "3f1c9a7be2d0",
      name: "shop-web",
      image: "registry.example.com/shop/web:1.4.2",
      type: "docker",
      privileged: false,
      processes: 78,
      executions: 48,
    },
  ]);
});

test("executions agree with the condition that finds them", async () => {
  const listed = await ask("executions");
  const found = await ask("events", { condition: "evt.type in (execve, execveat) and evt.res = SUCCESS" });
  expect(listed.matched).toBe(48);
  expect(listed.rows.executions?.map(({ event }) => event)).toEqual(found.rows.events?.map(({ event }) => event));
});

const MACROS = `
- list: shells
  items: [sh, dash]
- macro: started
  condition: evt.type in (execve, execveat) and evt.res = SUCCESS
- macro: started_shell
  condition: started and proc.name in (shells)
- rule: question
  desc: d
  condition: evt.type = open
  output: o
  priority: INFO
`;
const rules = { files: [{ name: "macros.yaml", text: MACROS }], options: {} };

test("a condition means with a rule set's macros and lists what it means written out", async () => {
  const short = await ask("events", { condition: 'started_shell and not proc.pname in (shells, "x y")', rules });
  const long = await ask("events", {
    condition:
      "evt.type in (execve, execveat) and evt.res = SUCCESS and proc.name in (sh, dash) and not proc.pname in (sh, dash, 'x y')",
  });
  expect(short.matched).toBeGreaterThan(5);
  expect(short.rows).toEqual(long.rows);
});

test.each([
  ["a macro of no rule set", { condition: "started_shell" }],
  ["a macro that the rule set does not have", { condition: "started_shells", rules }],
  ["a condition that breaks out of its place", { condition: "evt.num > 0\n  enabled: false\n- macro: x", rules }],
  [
    "a rule set that does not load",
    { condition: "started", rules: { files: [{ name: "x.yaml", text: "- 3" }], options: {} } },
  ],
])("%s is refused", async (_what, wishes) => {
  await expect(ask("events", wishes)).rejects.toMatchObject({ code: "CONDITION_NOT_COMPILED" });
});

test("files opened for writing agree with the condition that finds them", async () => {
  const { rows } = await ask("files_written");
  const found = await ask("events", {
    condition: "evt.type in (open, openat, openat2, creat) and evt.is_open_write = true",
  });
  const opens = rows.files?.reduce((sum, file) => sum + file.opens + file.failed, 0);
  expect(opens).toBe(found.matched);
  expect(rows.files?.map(({ file }) => file)).toContain("/tmp/.x/tool");
  expect(new Set(rows.files?.map(({ access }) => access))).not.toContain("read");
});

test("users: one row a user and place, the first event of each tells it apart", async () => {
  const { rows } = await ask("users");
  expect(rows.users?.length).toBeGreaterThan(0);
  const events = rows.users?.map(({ event }) => event) ?? [];
  expect(events).toEqual([...new Set(events)].sort((a, b) => a - b));
  expect(rows.users?.[0]).toMatchObject({ user: "root", uid: 0, container: "host" });
});

test("connections count bytes of each way", async () => {
  const { rows } = await ask("connections", { process: "curl" });
  expect(rows.connections).toMatchObject([{ peer: "203.0.113.66", port: 8000, sent: 85, received: 934_999 }]);
});

test("exits tell codes and signals, and no process stands below itself", async () => {
  const { rows } = await ask("process_tree", {}, join(FOLDER, "lifecycle.scap"));
  const exits = new Set(rows.processes?.map(({ exit }) => exit));
  expect([...exits].filter((exit) => /^[1-9]/.test(exit ?? "")).length).toBeGreaterThan(0);
  expect([...exits].some((exit) => exit?.startsWith("signal "))).toBe(true);
  expect(rows.processes?.filter(({ pid, ppid }) => pid === ppid)).toEqual([]);
});

describe("filters", () => {
  test.each<[string, Partial<CaptureQuery>, string[]]>([
    ["a container by the beginning of its id", { container: "3f1c" }, ["3f1c9a7be2d0"]],
    ["a container by its whole id", { container: `3f1c9a7be2d0${"0".repeat(52)}` }, ["3f1c9a7be2d0"]],
    ["a container by its name", { container: "shop-web" }, ["3f1c9a7be2d0"]],
    ["the host", { container: "host" }, ["host"]],
    ["no container that is too short to tell", { container: "3f" }, []],
  ])("%s", async (_, wishes, containers) => {
    const { rows } = await ask("containers", wishes);
    expect(rows.containers?.map(({ container }) => container)).toEqual(containers);
  });

  test("a process with what it started, by number and by path", async () => {
    const alone = await ask("executions", { process: "20174" });
    expect(alone.rows.executions?.map(({ command }) => command)).toEqual(["ping.sh ping.sh"]);
    const family = await ask("executions", { process: "20174", descendants: true });
    expect(family.rows.executions?.map(({ command }) => command)).toEqual([
      "ping.sh ping.sh",
      "sh -c echo checking localhost; cat /etc/shadow",
      "cat /etc/shadow",
    ]);
    const tool = await ask("executions", { process: "/tmp/.x/tool" });
    expect(new Set(tool.rows.executions?.map(({ path }) => path))).toEqual(new Set(["/tmp/.x/tool"]));
  });

  test("by name a fork counts until it runs another program", async () => {
    const { rows } = await ask("executions", { process: "httpd" });
    expect(rows.executions).toEqual([]);
    const files = await ask("files", { process: "sh" });
    expect(new Set(files.rows.files?.map(({ process }) => process))).toEqual(new Set(["sh"]));
    const life = await ask("process", { process: "ping.sh" });
    expect(life.rows.lineage?.at(-1)).toMatchObject({ pid: 20148, process: "ping.sh" });
  });

  test("two windows that meet give together what one gives", async () => {
    const whole = await ask("events", { condition: "evt.type=openat", limit: 100_000 });
    const middle = 1_795_315_752_933_303_940n;
    const before = await ask("events", { condition: "evt.type=openat", toNs: middle, limit: 100_000 });
    const since = await ask("events", { condition: "evt.type=openat", fromNs: middle, limit: 100_000 });
    expect([...(before.rows.events ?? []), ...(since.rows.events ?? [])]).toEqual(whole.rows.events);
    expect(since.rows.events?.[0]).toMatchObject({ target: "/etc/shadow" });
  });

  test("nothing found says what the capture holds", async () => {
    const { matched, notices } = await ask("executions", { process: "nobody" });
    expect(matched).toBe(0);
    expect(notices.join()).toContain("the capture goes from 2026-11-22T02:49:11.297516903Z to");
  });
});

test.each(CAPTURE_QUESTIONS)("%s: pages give together what one page gives", async (question) => {
  const wishes = question === "process" ? { process: "20174" } : {};
  const whole = await ask(question, { ...wishes, limit: 40 });
  const listed = Object.values(whole.rows)[0] ?? [];
  if (question === "process") return expect(listed.length).toBeGreaterThan(0);
  const pages: unknown[] = [];
  let after = 0;
  while (pages.length < listed.length) {
    const page = await ask(question, { ...wishes, after, limit: 20 });
    expect(page.matched).toBe(whole.matched);
    pages.push(...(Object.values(page.rows)[0] ?? []));
    if (page.next === undefined) break;
    after = page.next;
  }
  expect(pages.slice(0, listed.length)).toEqual(listed);
});

test.each(CAPTURE_QUESTIONS)(
  "%s: captures full of odd names and short lives are answered to their end",
  async (question) => {
    for (const name of ["files-zoo.scap", "lifecycle.scap"]) {
      const wishes = question === "process" ? { process: "bash" } : {};
      const { coverage } = await ask(question, { ...wishes, limit: 20 }, join(FOLDER, name));
      expect(coverage).toMatchObject({ processesLeftOut: 0 });
      expect(coverage.fault).toBeUndefined();
      expect(coverage.events).toBeGreaterThan(0);
    }
  },
);

test("a signal ends the reading", async () => {
  const { signal } = { signal: AbortSignal.abort() };
  await expect(ask("users", { signal })).rejects.toMatchObject({ code: "CANCELLED" });
});
