import { afterAll, beforeAll, expect, test } from "vitest";
import { explainRuleTool } from "../../../src/mcp/tools/explain-rule.ts";
import { loadRulesTool } from "../../../src/mcp/tools/load-rules.ts";
import { type RuleTools, rule, ruleTools } from "./rule-tools.ts";

let tools: RuleTools;
const SHELL = rule("Shell", "spawned and proc.name in (shells) and not proc.pname=docker-entrypoint");
beforeAll(async () => {
  tools = ruleTools();
  const items =
    "- list: shells\n  items: [bash, sh]\n- macro: spawned\n  condition: (evt.type in (execve, execveat))\n";
  await tools.answer(loadRulesTool, { name: "one", text: items + rule("All", "spawned") + SHELL });
  await tools.answer(loadRulesTool, { name: "two", text: rule("Shell", "evt.type=execve") });
});
afterAll(() => tools.remove());

test("everything about a rule of a set", async () => {
  expect(await tools.answer(explainRuleTool, { rule: "Shell", set: "one", detail: "full" })).toMatchObject({
    rule: "Shell",
    set: "one",
    priority: "Warning",
    event_source: "syscall",
    active: true,
    clauses: [
      { depth: 0, says: "the event is one of execve, execveat (spawned)", macro: "spawned", at: "inline.yaml:4" },
      { depth: 0, says: "the process name is one of bash, sh", at: "inline.yaml:13" },
      { depth: 0, says: "the parent's name is not docker-entrypoint", at: "inline.yaml:13" },
    ],
    events: ["execve", "execveat"],
    fields: [
      { name: "evt.type", controlled_by: "kernel" },
      { name: "proc.name", controlled_by: "attacker" },
      { name: "proc.pname", controlled_by: "attacker" },
    ],
    techniques: [{ id: "T1059.004", tactics: ["execution"] }],
    macros: [{ name: "spawned", condition: "(evt.type in (execve, execveat))", at: "inline.yaml:3" }],
    lists: [{ name: "shells", items: 2, first: ["bash", "sh"], at: "inline.yaml:1" }],
    history: [{ action: "define", at: "inline.yaml:11" }],
    shadowed_by: "All",
    compiled: "(evt.type in (execve, execveat) and proc.name in (bash, sh) and not proc.pname = docker-entrypoint)",
    yaml: SHELL.trimEnd().split("\n"),
  });
});

test("its own lints, and none of others", async () => {
  const { lints } = await tools.answer(explainRuleTool, { rule: "Shell", set: "one" });
  expect((lints as { code: string }[]).map(({ code }) => code).sort()).toEqual(["LINT_COMM_TOO_LONG", "LINT_SHADOWED"]);
  const all = await tools.answer(explainRuleTool, { rule: "All", set: "one" });
  expect(all.lints).toEqual([]);
});

test("without a set the one loaded last answers, and says that others differ", async () => {
  const { set, warnings } = await tools.answer(explainRuleTool, { rule: "Shell" });
  expect(set).toBe("two");
  expect(warnings).toEqual(["this is the rule of set two; it differs in one"]);
});

test("a name that no rule has brings the nearest", async () => {
  await expect(tools.answer(explainRuleTool, { rule: "Shel", set: "one" })).rejects.toMatchObject({
    code: "RULE_NOT_FOUND",
    message: 'no rule is called "Shel" in one',
    fix: expect.stringContaining('"Shell"'),
  });
});
