import { readFileSync } from "node:fs";
import { runRules } from "../../src/replay/runs/run-rules.ts";
import { loadRules } from "../../src/rules/load-rules.ts";
import type { RuleSet } from "../../src/rules/rule-set.ts";
import { answerLines, errorJson } from "./answer-lines.ts";

/** The alerts that rule files give over a capture, as Falco's JSON. */
interface Question {
  readonly id: string;
  readonly capture: string;
  readonly rules: readonly string[];
  readonly matching: "first" | "all";
}

const ruleSets = new Map<string, RuleSet>();

await answerLines<Question>(async ({ capture, rules, matching }) => {
  const key = JSON.stringify(rules);
  const ruleSet =
    ruleSets.get(key) ?? loadRules(rules.map((name) => ({ name, text: readFileSync(name, "utf8") }))).ruleSet;
  ruleSets.set(key, ruleSet);
  const lines: string[] = [];
  const input = { kind: "capture", path: capture } as const;
  const { fault } = await runRules(input, ruleSet, ({ line }) => lines.push(line), { matching, hostname: "host" });
  return `"alerts":[${lines.join(",")}]${errorJson(fault)}`;
});
