import { describe, expect, test } from "vitest";
import { diffRuleSets } from "../../../src/rules/diff/diff-rule-sets.ts";
import { loadRules } from "../../../src/rules/load-rules.ts";
import type { RuleSet } from "../../../src/rules/rule-set.ts";

interface Parts {
  readonly name?: string;
  readonly condition?: string;
  readonly priority?: string;
  readonly output?: string;
  readonly tags?: string;
  readonly desc?: string;
  readonly more?: string;
}

function rule({
  name = "r",
  condition = "evt.type = open",
  priority = "WARNING",
  output = "x %proc.name",
  tags = "[a]",
  desc = "d",
  more = "",
}: Parts): string {
  return `- rule: ${name}\n  desc: ${desc}\n  condition: ${condition}\n  output: ${output}\n  priority: ${priority}\n  tags: ${tags}\n${more}`;
}

function set(...items: string[]): RuleSet {
  const { ok, ruleSet, diagnostics } = loadRules([{ name: "rules.yaml", text: items.join("\n") }]);
  if (!ok) throw new Error(JSON.stringify(diagnostics));
  return ruleSet;
}

describe("what became of a rule", () => {
  test.each([
    [
      "a value less",
      { condition: "evt.type in (open, openat)" },
      { condition: "evt.type = open" },
      "weakened",
      ["the condition matches less"],
    ],
    [
      "a value more",
      { condition: "evt.type = open" },
      { condition: "evt.type in (open, openat)" },
      "strengthened",
      ["the condition matches more"],
    ],
    [
      "other values",
      { condition: "evt.type = open" },
      { condition: "evt.type = close" },
      "changed",
      ["the condition matches other events"],
    ],
    [
      "the same in another form",
      { condition: "evt.type in (open, openat)" },
      { condition: "evt.type=openat or evt.type=open" },
      "cosmetic",
      ["the condition is written differently and matches the same"],
    ],
    ["less urgent", {}, { priority: "NOTICE" }, "weakened", ["priority Warning → Notice"]],
    ["more urgent", {}, { priority: "CRITICAL" }, "strengthened", ["priority Warning → Critical"]],
    ["switched off", {}, { more: "  enabled: false\n" }, "weakened", ["it does not run any more"]],
    [
      "an exception",
      {},
      { more: "  exceptions:\n    - name: e\n      fields: proc.name\n      comps: in\n      values: [vi]\n" },
      "weakened",
      ["the condition matches less"],
    ],
    [
      "an output that says less",
      { output: "x %proc.name %user.name" },
      { output: "x %proc.name" },
      "cosmetic",
      ["the output no longer names user.name"],
    ],
    ["other tags", { tags: "[a, b]" }, { tags: "[b, c]" }, "cosmetic", ["tags gone: a", "tags come: c"]],
    [
      "wider and less urgent",
      { condition: "evt.type = open" },
      { condition: "evt.type in (open, openat)", priority: "INFO" },
      "changed",
      ["the condition matches more", "priority Warning → Informational"],
    ],
  ] as const)("%s", (_what, before, after, change, details) => {
    const [diff, ...others] = diffRuleSets(set(rule(before)), set(rule(after))).rules;
    expect(others).toEqual([]);
    expect(diff).toMatchObject({ rule: "r", change, details });
  });

  test("an exception is told by an event that is let pass", () => {
    const exception = "  exceptions:\n    - name: e\n      fields: proc.name\n      comps: in\n      values: [vi]\n";
    const { rules } = diffRuleSets(set(rule({})), set(rule({ more: exception })));
    expect(rules[0]?.lost).toEqual(["evt.type = open", "proc.name = vi"]);
  });

  test("macros, lists, comments and layout make no difference", () => {
    const plain = set(rule({ condition: "evt.type = open and proc.name in (a, b)" }));
    const built = set(
      "# a comment",
      "- list: names\n  items: [b, a]",
      "- macro: opens\n  condition: (evt.type=open)",
      rule({ condition: ">\n    opens and\n    proc.name in (names)" }),
    );
    const { rules, unchanged } = diffRuleSets(plain, built);
    expect(rules.map(({ change }) => change)).toEqual(["cosmetic"]);
    expect(unchanged).toBe(0);
    expect(diffRuleSets(built, built)).toEqual({ rules: [], unchanged: 1, moved: [] });
  });
});

test("added, removed and moved rules", () => {
  const [a, b, c] = ["a", "b", "c"].map((name) => rule({ name }));
  const diff = diffRuleSets(set(a!, b!, c!), set(c!, a!, rule({ name: "d" })));
  expect(diff.rules.map(({ rule: name, change }) => `${name} ${change}`)).toEqual(["d added", "b removed"]);
  expect(diff).toMatchObject({ unchanged: 2, moved: ["c"] });
});
