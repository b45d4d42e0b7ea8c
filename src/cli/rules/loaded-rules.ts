import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { SkippedFile } from "../../rules/library/read-rule-files.ts";
import { type LoadOptions, loadRules, type RuleFile, type RuleSetLoad } from "../../rules/load-rules.ts";
import type { Rule, RuleSet } from "../../rules/rule-set.ts";
import { nearestNames } from "../../text/nearest-names.ts";
import { namedRuleFiles } from "../named-rules.ts";

export interface RulesFlags {
  readonly home?: string;
  readonly engine?: string;
  readonly format?: "text" | "json" | "sarif";
  readonly strict?: boolean;
  readonly off?: readonly string[];
  readonly codes?: boolean;
  readonly full?: boolean;
  readonly layer?: string;
  readonly failOnLoss?: boolean;
}

export interface Loaded extends RuleSetLoad {
  readonly files: readonly RuleFile[];
  readonly skipped: readonly SkippedFile[];
  readonly options: LoadOptions;
}

/** The rules of paths, or of a set in home where the only path is set:NAME. */
export async function load(paths: readonly string[], { engine, home }: RulesFlags): Promise<Loaded> {
  const { files, skipped, options: stored } = await namedRuleFiles(paths, home);
  const options: LoadOptions = { ...stored, ...(engine === undefined ? {} : { engineVersion: engine }) };
  return { ...loadRules(files, options), files, skipped, options };
}

/** The rule of that name. Fails with RULE_NOT_FOUND, naming near ones. */
export function ruleNamed(name: string, ruleSet: RuleSet): { rule: Rule; ruleSet: RuleSet } {
  const rule = ruleSet.rules.find((candidate) => candidate.name === name);
  if (rule !== undefined) return { rule, ruleSet };
  const near = nearestNames(
    name,
    ruleSet.rules.map((candidate) => candidate.name),
    3,
  ).map((other) => JSON.stringify(other));
  throw new FalcoSkillsError("RULE_NOT_FOUND", `no rule is called ${JSON.stringify(name)}`, {
    fix: near.length === 0 ? "Name files that hold rules." : `Write one of ${near.join(", ")}.`,
  });
}

/** "1 rule", "2 rules" */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;
