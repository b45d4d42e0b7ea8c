import { expect, test } from "vitest";
import { loadRules } from "../../src/rules/load-rules.ts";
import { file, ruleText } from "./rule-texts.ts";

const MACRO = "- macro: m\n  condition: (ka.verb exists or proc.name exists)\n";

const rule = (name: string, source: string): string =>
  ruleText({ rule: name, condition: "m", source, output: "found" });

const plugins = [{ name: "k8saudit", version: "0.16.0", sources: ["k8s_audit"] }];

const messages = (text: string, engineVersion = "0.63.0"): string[] =>
  loadRules([file(text)], { engineVersion, plugins }).diagnostics.map(({ message }) => message);

const NO_KA = "filter_check called with nonexistent field ka.verb";
const NO_PROC = "filter_check called with nonexistent field proc.name";

test.each([
  [
    ["syscall", "k8s_audit"],
    [NO_KA, NO_PROC],
  ],
  [
    ["k8s_audit", "syscall"],
    [NO_KA, NO_PROC],
  ],
  [["syscall", "syscall"], [NO_KA]],
] as const)("the same condition over one macro in rules of %j is judged for each source", (sources, expected) => {
  const rules = sources.map((source, index) => rule(`r${index}`, source)).join("");
  expect(messages(MACRO + rules).sort()).toEqual(expected);
});

test("a load for one engine says nothing about a load for another", () => {
  const text = `- macro: m\n  condition: proc.name = anyof (a)\n${ruleText({ condition: "evt.type = open and m" })}`;
  const needs = "modifier 'anyof' needs engine 0.62.0";
  expect([messages(text), messages(text, "0.58.0"), messages(text)]).toEqual([[], [needs], []]);
});

test("a deprecated field that one macro brings into two rules is told once, at its place in the macro", () => {
  const macro = "- macro: m\n  condition: (evt.dir = < and evt.type = open)\n";
  const rules = ruleText({ condition: "m or m" }) + ruleText({ rule: "s", condition: "m and proc.name = a" });
  const found = loadRules([file(macro + rules)]).diagnostics.map(({ code, line, column }) => [code, line, column]);
  expect(found).toEqual([["LOAD_DEPRECATED_ITEM", 2, 15]]);
});
