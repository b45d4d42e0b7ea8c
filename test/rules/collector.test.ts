import { describe, expect, test } from "vitest";
import { falcoLoadResults } from "../../src/rules/falco-load-results.ts";
import { loadRules } from "../../src/rules/load-rules.ts";

const RULE = "- rule: r\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: INFO\n";
const EXCEPTION = "  exceptions: [{name: e, fields: [proc.name], comps: [in], values: []}]\n";
const MANY = 6_000;

const load = (text: string) => loadRules([{ name: "rules.yaml", text }]);
const repeated = (item: (index: number) => string) => Array.from({ length: MANY }, (_, index) => item(index)).join("");

/** What grows with the square of its length here takes minutes. */
describe("one item named again and again", () => {
  test.each([
    ["a macro defined", "- macro: a\n  condition: evt.num = 1\n"],
    ["a list defined", "- list: a\n  items: [b]\n"],
    ["a rule switched off", "- rule: r\n  enabled: false\n"],
  ])("%s", (_, item) => {
    expect(load(RULE + repeated(() => item)).ok).toBe(true);
  });

  test("a list, a macro and a rule grow by all that is appended", () => {
    const { ruleSet, ok } = load(
      `- list: l\n  items: [x]\n- macro: m\n  condition: evt.num = 1\n${RULE}${repeated(
        (index) =>
          `- list: l\n  items: [y${index}]\n  override: {items: append}\n` +
          `- macro: m\n  condition: or evt.num = ${index}\n  override: {condition: append}\n` +
          `- rule: r\n  output: p${index}\n  tags: [t${index}]\n  override: {output: append, tags: append}\n`,
      )}`,
    );
    expect(ok).toBe(true);
    expect(ruleSet.lists[0]?.items).toHaveLength(MANY + 1);
    expect(ruleSet.macros[0]?.condition.endsWith(`or evt.num = ${MANY - 1}`)).toBe(true);
    expect(ruleSet.rules[0]?.output.startsWith("o p0 p1 p2 ")).toBe(true);
    expect(ruleSet.rules[0]?.tags).toEqual(Array.from({ length: MANY }, (_, index) => `t${index}`).sort());
    expect(ruleSet.rules[0]?.history).toHaveLength(MANY + 1);
  });

  test("an exception's values", () => {
    const { ruleSet, ok } = load(
      RULE +
        EXCEPTION +
        repeated((index) => `- rule: r\n  exceptions: [{name: e, values: [[[v${index}]]]}]\n  append: true\n`),
    );
    expect(ok).toBe(true);
    expect(ruleSet.rules[0]?.exceptions[0]?.values).toHaveLength(MANY);
  });
});

test.each([
  ["[[[", "]]]"],
  ["[", "]"],
])("an exception with 150,000 values in %s%s is put into the condition", (open, close) => {
  const values = Array.from({ length: 150_000 }, (_, index) => `v${index}`).join(",");
  const shape = open === "[" ? "fields: proc.name, comps: in" : "fields: [proc.name], comps: [in]";
  const { ruleSet, ok } = load(`${RULE}  exceptions: [{name: e, ${shape}, values: ${open}${values}${close}}]\n`);
  expect(ok).toBe(true);
  expect(ruleSet.rules[0]?.expandedCondition).toContain("v149999");
});

test("200,000 findings of the schema in one list are told", () => {
  const text = `${RULE}  tags: [${Array.from({ length: 200_000 }, () => "[a]").join(",")}]\n`;
  const [first] = falcoLoadResults([{ name: "rules.yaml", text }], {}).results ?? [];
  expect(first?.schema_warnings?.length).toBeGreaterThan(0);
});
