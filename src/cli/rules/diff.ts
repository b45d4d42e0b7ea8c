import { diffRuleSets, type RuleDiff } from "../../rules/diff/diff-rule-sets.ts";
import { visible } from "../../text/visible.ts";
import { colors, printJson, printLine } from "../print.ts";
import { counted, load, type RulesFlags } from "./loaded-rules.ts";

export async function diffRuleFiles(before: string, after: string, flags: RulesFlags): Promise<void> {
  const [old, now] = [await load(before.split(","), flags), await load(after.split(","), flags)];
  const diff = diffRuleSets(old.ruleSet, now.ruleSet);
  const lossy = diff.rules.filter(
    ({ change }) => change === "removed" || change === "weakened" || change === "changed",
  );
  if (flags.failOnLoss === true && lossy.length > 0) process.exitCode = 1;
  if (flags.format === "json") return printJson(diff);
  for (const row of diff.rules) printDiff(row);
  if (diff.moved.length > 0)
    printLine(`order of evaluation changed for ${diff.moved.map((name) => visible(name)).join(", ")}`);
  printLine(`${counted(diff.rules.length, "rule")} changed, ${diff.unchanged} unchanged`);
}

const CHANGE_COLORS = {
  added: colors.green,
  removed: colors.red,
  weakened: colors.red,
  strengthened: colors.green,
  changed: colors.yellow,
  cosmetic: colors.dim,
} as const;

function printDiff({ rule, change, details, lost, gained }: RuleDiff): void {
  printLine(`${CHANGE_COLORS[change](change)} ${visible(rule)}`);
  for (const detail of details) printLine(`  ${visible(detail)}`);
  if (lost.length > 0) printLine(`  no longer caught, for example: ${visible(lost.join(", "))}`);
  if (gained.length > 0) printLine(`  caught now, for example: ${visible(gained.join(", "))}`);
}
