import { expect, test } from "vitest";
import { falcoLoadResults } from "../../src/rules/falco-load-results.ts";
import { loadRules } from "../../src/rules/load-rules.ts";

const macro = (name: string, condition: string): string => `- macro: ${name}\n  condition: ${condition}\n`;
const rule = (condition: string): string =>
  `- rule: r\n  desc: d\n  condition: ${condition}\n  output: o\n  priority: INFO\n`;
const undefinedMacro = (name: string): string => `Undefined macro '${name}' used in filter.`;

test.each([
  ["names itself", [macro("a", "a or evt.type=open") + rule("a")], [undefinedMacro("a")]],
  [
    "names itself and nothing uses it",
    [macro("a", "a or evt.type=open") + rule("evt.type=open")],
    [undefinedMacro("a")],
  ],
  [
    "names itself in its second definition",
    [macro("a", "evt.type=open") + macro("a", "a and evt.type=open") + rule("a")],
    ["reference loop in macro 'a'"],
  ],
  ["names one that names it", [macro("a", "b") + macro("b", "a") + rule("a")], [undefinedMacro("b")]],
  [
    "is one of three in a ring",
    [macro("a", "b") + macro("b", "c") + macro("c", "a") + rule("c")],
    [undefinedMacro("b"), undefinedMacro("c")],
  ],
  ["names one of a later file that names it", [macro("a", "b") + rule("a"), macro("b", "a")], [undefinedMacro("b")]],
] as const)("a macro that %s is an error in both views", (_, texts, messages) => {
  const files = texts.map((text, index) => ({ name: `${index}.yaml`, text }));
  const { ok, diagnostics } = loadRules(files);
  expect({
    ok,
    messages: diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message),
  }).toEqual({
    ok: false,
    messages,
  });
  expect(falcoLoadResults(files).results?.every(({ successful }) => successful)).toBe(false);
});
