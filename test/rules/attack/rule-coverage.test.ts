import { expect, test } from "vitest";
import { navigatorLayer } from "../../../src/rules/attack/navigator-layer.ts";
import { coverageOf } from "../../../src/rules/attack/rule-coverage.ts";
import { loadRules } from "../../../src/rules/load-rules.ts";

const rule = (name: string, tags: string, more = "", condition = "evt.type in (open, openat)"): string =>
  `- rule: ${name}\n  desc: d\n  condition: ${condition}\n  output: x\n  priority: INFO\n  tags: [${tags}]\n${more}`;

const { ruleSet } = loadRules([
  {
    name: "r.yaml",
    text: [
      rule("shell", "mitre_execution, T1059.004, PCI_DSS_10.2.5"),
      rule("shell too", "mitre_execution, T1059.004", "", "evt.type = execve"),
      rule("off", "mitre_execution, T1204", "  enabled: false\n"),
      rule("plain", "host"),
    ].join("\n"),
  },
]);
const coverage = coverageOf(ruleSet);

test("techniques with the rules that run and those that do not", () => {
  expect(coverage.techniques.map(({ technique, rules, inactive }) => [technique.id, rules, inactive])).toEqual([
    ["T1059.004", ["shell", "shell too"], []],
    ["T1204", [], ["off"]],
  ]);
});

test("a sub-technique covers its technique; a rule that does not run covers nothing", () => {
  const execution = coverage.tactics.find(({ tactic }) => tactic.shortName === "execution");
  expect(execution).toMatchObject({ covered: 1, rules: 2 });
  expect(coverage.gaps.map(({ id }) => id)).toContain("T1204");
  expect(coverage.gaps.map(({ id }) => id)).not.toContain("T1059");
});

test("only techniques of the platforms are gaps", () => {
  const ids = coverage.gaps.map(({ id }) => id);
  expect(ids).toContain("T1611");
  expect(ids).not.toContain("T1012"); // Query Registry: Windows
  expect(coverageOf(ruleSet, ["cloud"]).gaps.length).toBeLessThan(ids.length);
});

test("events, sources, controls, rules without tags and wrong tags", () => {
  expect(coverage.events).toEqual([
    { name: "open", rules: 2 },
    { name: "openat", rules: 2 },
    { name: "execve", rules: 1 },
  ]);
  expect(coverage).toMatchObject({
    rules: 4,
    active: 3,
    sources: [{ name: "syscall", rules: 4, active: 3 }],
    controls: [{ framework: "PCI DSS", control: "10.2.5", rules: ["shell"] }],
    untagged: ["plain"],
  });
  expect(coverage.faults.map(({ rule: name, fault }) => [name, fault.kind])).toEqual([["shell", "outdated-pci"]]);
});

test("the Navigator layer", () => {
  expect(navigatorLayer("mine", coverage)).toMatchObject({
    name: "mine",
    domain: "enterprise-attack",
    versions: { attack: "18", layer: "4.5" },
    techniques: [
      { techniqueID: "T1059.004", score: 2, comment: "shell; shell too", enabled: true, showSubtechniques: true },
      { techniqueID: "T1204", score: 0, comment: "off (does not run)", enabled: true, showSubtechniques: false },
    ],
    gradient: { minValue: 0, maxValue: 2 },
  });
});
