import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { explainRule } from "../../rules/explain/explain-rule.ts";
import type { Rule, RuleSet } from "../../rules/rule-set.ts";
import { visible, visibleLines } from "../../text/visible.ts";
import { openLibrary } from "../named-rules.ts";
import { colors, printJson, printLine } from "../print.ts";
import { load, type RulesFlags, ruleNamed } from "./loaded-rules.ts";

export async function explainOneRule(name: string, paths: readonly string[], flags: RulesFlags): Promise<void> {
  const { rule, ruleSet } =
    paths.length === 0 ? await ruleFromHome(name, flags) : ruleNamed(name, (await load(paths, flags)).ruleSet);
  const explained = explainRule(rule, ruleSet, { detail: flags.full === true ? "full" : "concise" });
  if (flags.format === "json") {
    const { macros, lists, shadow, ...rest } = explained;
    return printJson({
      rule: rule.name,
      ...rest,
      macros: macros.map((macro) => ({ name: macro.name, condition: macro.condition })),
      lists: lists.map((list) => ({ name: list.name, items: list.expandedItems })),
      ...(shadow === undefined ? {} : { shadowed_by: shadow.by.name }),
    });
  }
  printLine(colors.bold(visible(rule.name)));
  printLine(visibleLines(rule.description.trim()));
  printLine();
  for (const sentence of explained.summary) printLine(visible(sentence));
  printLine();
  for (const { depth, text, file, line } of explained.clauses) {
    const where = file === undefined ? "" : colors.dim(`  ${visible(file)}:${line}`);
    printLine(`${"  ".repeat(depth)}- ${visible(text)}${where}`);
  }
  if (explained.clausesCut) printLine(colors.dim("… more clauses: pass --full"));
  printLine();
  printLine(`output: ${visible(rule.output)}`);
}

async function ruleFromHome(name: string, flags: RulesFlags): Promise<{ rule: Rule; ruleSet: RuleSet }> {
  const rules = await openLibrary(flags.home);
  const [found] = await rules.findRule(name);
  if (found !== undefined) return { rule: found.rule, ruleSet: found.set.ruleSet };
  throw new FalcoSkillsError("RULE_NOT_FOUND", `no rule set in home has a rule called ${JSON.stringify(name)}`, {
    fix: "Name the rule files behind the rule's name.",
  });
}
