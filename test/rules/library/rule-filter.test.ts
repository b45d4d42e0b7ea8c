import { expect, test } from "vitest";
import { type RuleFilter, ruleMatcher } from "../../../src/rules/library/rule-filter.ts";
import { loadRules } from "../../../src/rules/load-rules.ts";
import { file, ruleText } from "../rule-texts.ts";

const TEXT = [
  "- list: shells\n  items: [bash, sh]\n- macro: shell\n  condition: (proc.name in (shells))\n",
  ruleText({ rule: "Shell", condition: "evt.type = execve and shell", tags: "[mitre_execution, T1059.004]" }),
  ruleText({ rule: "Key", condition: "evt.type = openat and fd.name = /k", priority: "CRITICAL", tags: "[T1552.001]" }),
  ruleText({ rule: "Off", condition: "evt.type = execve and proc.aname[2] = x", enabled: "false" }),
].join("");

const { ruleSet } = loadRules([file(TEXT)]);

function found(filter: RuleFilter): string[] {
  const fits = ruleMatcher(filter);
  return ruleSet.rules.filter((rule) => fits(rule, ruleSet)).map(({ name }) => name);
}

test.each([
  [{}, ["Shell", "Key", "Off"]],
  [{ active: true }, ["Shell", "Key"]],
  [{ text: "  OPENAT key " }, ["Key"]],
  [{ tag: "T1059" }, []],
  [{ technique: "T1059" }, ["Shell"]],
  [{ tactic: "mitre_execution" }, ["Shell"]],
  [{ priority_at_least: "error" }, ["Key"]],
  [{ event: "execve" }, ["Shell", "Off"]],
  [{ field: "proc.aname" }, ["Off"]],
  [{ field: "proc." }, ["Shell", "Off"]],
  [{ uses: "shell" }, ["Shell"]],
  [{ uses: "shells" }, ["Shell"]],
  [{ uses: "nosuch" }, []],
  [{ event: "execve", active: false }, ["Off"]],
] satisfies [RuleFilter, string[]][])("%j finds %j", (filter, names) => {
  expect(found(filter)).toEqual(names);
});

test("a priority that there is not is refused", () => {
  expect(() => ruleMatcher({ priority_at_least: "loud" })).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT" }),
  );
});
