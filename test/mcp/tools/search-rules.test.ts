import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadRulesTool } from "../../../src/mcp/tools/load-rules.ts";
import { searchRules } from "../../../src/mcp/tools/search-rules.ts";
import { type RuleTools, rule, ruleTools } from "./rule-tools.ts";

let tools: RuleTools;
beforeAll(async () => {
  tools = ruleTools();
  const shells = "- list: shells\n  items: [bash]\n- macro: shell\n  condition: (proc.name in (shells))\n";
  const text = [
    shells,
    rule("Shell in container", "evt.type=execve and shell and container.id != host"),
    rule("Sensitive file", "evt.type in (open, openat) and fd.name startswith /etc")
      .replace("WARNING", "CRITICAL")
      .replace("mitre_execution, T1059.004", "mitre_credential_access, T1552.001"),
    rule("Off", "evt.type=execve and proc.pname=x", "  enabled: false\n"),
  ].join("");
  await tools.answer(loadRulesTool, { name: "one", text });
  await tools.answer(loadRulesTool, { name: "two", text: rule("Other", "evt.type=connect and fd.sport=22") });
});
afterAll(() => tools.remove());

const names = async (filter: Record<string, unknown>): Promise<unknown> =>
  ((await tools.answer(searchRules, filter)).rules as { rule: string }[]).map((row) => row.rule);

describe("filters", () => {
  test.each([
    [{}, ["Shell in container", "Sensitive file", "Off", "Other"]],
    [{ set: "two" }, ["Other"]],
    [{ text: "SHELL container" }, ["Shell in container"]],
    [{ text: "startswith /etc" }, ["Sensitive file"]],
    [{ tag: "T1552.001" }, ["Sensitive file"]],
    [{ technique: "t1059", set: "one" }, ["Shell in container", "Off"]],
    [{ tactic: "Credential Access" }, ["Sensitive file"]],
    [{ tactic: "TA0006" }, ["Sensitive file"]],
    [{ priority_at_least: "error" }, ["Sensitive file"]],
    [{ source: "k8s_audit" }, []],
    [{ event: "openat" }, ["Sensitive file"]],
    [{ field: "proc.pname" }, ["Off"]],
    [{ field: "fd." }, ["Sensitive file", "Other"]],
    [{ uses: "shell" }, ["Shell in container"]],
    [{ uses: "shells" }, ["Shell in container"]],
    [{ active: false }, ["Off"]],
  ])("%j", async (filter, expected) => {
    expect(await names(filter)).toEqual(expected);
  });
});

test("a row and what was searched", async () => {
  expect(await tools.answer(searchRules, { text: "Off", set: "one" })).toMatchObject({
    rules: [
      { set: "one", rule: "Off", priority: "Warning", active: false, description: "about Off", at: "inline.yaml:17" },
    ],
    matched: 1,
    sets: [{ name: "one", ok: true }],
    source: { kind: "rule sets", looked_at: 3 },
  });
});

test("pages join without a gap or a repeat", async () => {
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await tools.answer(searchRules, { limit: 1, ...(cursor === undefined ? {} : { cursor }) });
    seen.push(...(page.rules as { rule: string }[]).map((row) => row.rule));
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  expect(seen).toEqual(["Shell in container", "Sensitive file", "Off", "Other"]);
});

describe("refusals", () => {
  test("a cursor of other filters", async () => {
    const { next_cursor: cursor } = await tools.answer(searchRules, { limit: 1 });
    await expect(tools.answer(searchRules, { limit: 1, cursor, text: "x" })).rejects.toMatchObject({
      code: "CURSOR_MISMATCH",
    });
  });
  test.each([
    [{ set: "nothing" }, "RULES_SET_NOT_FOUND"],
    [{ priority_at_least: "high" }, "INVALID_ARGUMENT"],
    [{ cursor: "5.x" }, "CURSOR_MISMATCH"],
  ])("%j", async (input, code) => {
    await expect(tools.answer(searchRules, input)).rejects.toMatchObject({ code });
  });
});
