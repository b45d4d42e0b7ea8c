import { afterAll, beforeAll, expect, test } from "vitest";
import { loadRulesTool } from "../../../src/mcp/tools/load-rules.ts";
import { ruleCoverageTool } from "../../../src/mcp/tools/rule-coverage.ts";
import { type RuleTools, rule, ruleTools } from "./rule-tools.ts";

let tools: RuleTools;
beforeAll(() => {
  tools = ruleTools();
});
afterAll(() => tools.remove());

test("with one set it need not be named; with none or several it must", async () => {
  await expect(tools.answer(ruleCoverageTool, {})).rejects.toMatchObject({ code: "RULES_SET_NOT_FOUND" });
  await tools.answer(loadRulesTool, { name: "one", text: rule("a", "evt.type=execve") });
  expect(await tools.answer(ruleCoverageTool, { gaps: false })).toMatchObject({
    set: "one",
    rules: 1,
    active: 1,
    attack_version: "18.1",
  });
  await tools.answer(loadRulesTool, {
    name: "two",
    text: rule("b", "evt.type=open").replace("T1059.004", "T1565, PCI_DSS_6.4.2"),
  });
  await expect(tools.answer(ruleCoverageTool, {})).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: "several rule sets are loaded: one, two",
  });
});

test("techniques, tactics, gaps, events, controls and wrong tags", async () => {
  const answer = await tools.answer(ruleCoverageTool, { set: "two" }, 60_000);
  expect(answer).toMatchObject({
    techniques: [{ id: "T1565", name: "Data Manipulation", rules: ["b"] }],
    events: [{ name: "open", rules: 1 }],
    sources: [{ name: "syscall", rules: 1, active: 1 }],
    controls: [{ framework: "PCI DSS", control: "6.4.2", rules: ["b"] }],
    untagged: [],
    warnings: ["coverage is what tags claim; that a rule catches the technique has to be tested"],
  });
  expect((answer.wrong_tags as { tag: string }[]).map(({ tag }) => tag).sort()).toEqual(["PCI_DSS_6.4.2", "T1565"]);
  const tactics = answer.tactics as { name: string; covered: number; rules: number }[];
  expect(tactics.find(({ name }) => name === "Impact")).toMatchObject({ covered: 1, rules: 0 });
  expect(tactics.find(({ name }) => name === "Execution")).toMatchObject({ covered: 0, rules: 1 });
  expect((answer.gaps as unknown[]).length).toBe(answer.gaps_matched);
});

test("a layer for the Navigator, and gaps that do not fit are cut loudly", async () => {
  const answer = await tools.answer(ruleCoverageTool, { set: "two", layer: true, sub_techniques: true }, 10_000);
  expect(answer.layer).toMatchObject({
    domain: "enterprise-attack",
    techniques: [{ techniqueID: "T1565", score: 1 }],
  });
  expect(answer.warnings.join()).toMatch(/gaps shows the first \d+ of \d+/);
});
