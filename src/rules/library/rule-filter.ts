import type { Priority } from "../../alert/alert.ts";
import { parsePriority, priorityNumber } from "../../alert/priority.ts";
import { conditionFacts } from "../../condition/condition-facts.ts";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { readRuleTags } from "../attack/rule-tags.ts";
import { macrosIn } from "../explain/explain-rule.ts";
import type { Rule, RuleSet } from "../rule-set.ts";

/** What a rule must have to be found; what is left out says nothing. */
export type RuleFilter = Partial<
  Record<
    "text" | "tag" | "technique" | "tactic" | "priority_at_least" | "source" | "event" | "field" | "uses",
    string | undefined
  >
> & { readonly active?: boolean | undefined };

/** A function that says whether a rule of a set fits all of a filter. Fails with INVALID_ARGUMENT for an unknown priority. */
export function ruleMatcher(filter: RuleFilter): (rule: Rule, ruleSet: RuleSet) => boolean {
  const words = (filter.text ?? "")
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const least =
    filter.priority_at_least === undefined ? undefined : priorityNumber(priorityNamed(filter.priority_at_least));
  return (rule, ruleSet) => {
    if (filter.active !== undefined && rule.active !== filter.active) return false;
    if (filter.source !== undefined && rule.source !== filter.source) return false;
    if (filter.tag !== undefined && !rule.tags.includes(filter.tag)) return false;
    if (least !== undefined && priorityNumber(rule.priority) > least) return false;
    if (filter.event !== undefined && !rule.events.includes(filter.event)) return false;
    if (!fitsAttack(rule, filter)) return false;
    if (filter.field !== undefined && !namesField(rule, filter.field)) return false;
    if (filter.uses !== undefined && !usesItem(rule, ruleSet, filter.uses)) return false;
    if (words.length === 0) return true;
    const whole = [rule.name, rule.description, rule.condition, rule.output].join("\n").toLowerCase();
    return words.every((word) => whole.includes(word));
  };
}

function fitsAttack(rule: Rule, { technique, tactic }: RuleFilter): boolean {
  if (technique === undefined && tactic === undefined) return true;
  const tags = readRuleTags(rule.tags);
  const wanted = technique?.toUpperCase();
  if (wanted !== undefined && !tags.techniques.some(({ id, parent }) => id === wanted || parent === wanted))
    return false;
  if (tactic === undefined) return true;
  const key = tactic
    .toLowerCase()
    .replace(/^mitre_/, "")
    .replaceAll(/[\s_]+/g, "-");
  return tags.tactics.some(({ id, shortName }) => id.toLowerCase() === key || shortName === key);
}

function namesField(rule: Rule, field: string): boolean {
  const facts = conditionFacts(rule.tree);
  if ("message" in facts) return false;
  return facts.fields.some((name) =>
    field.endsWith(".") ? name.startsWith(field) : name === field || name.startsWith(`${field}[`),
  );
}

function usesItem(rule: Rule, ruleSet: RuleSet, name: string): boolean {
  const macros = macrosIn(rule.tree);
  if (rule.lists.includes(name) || macros.includes(name)) return true;
  if (!ruleSet.lists.some((list) => list.name === name)) return false;
  return ruleSet.macros.some(
    (macro) => macros.includes(macro.name) && macro.condition.split(/[\s(),=]+/).includes(name),
  );
}

function priorityNamed(name: string): Priority {
  const priority = parsePriority(name);
  if (priority !== undefined) return priority;
  throw new FalcoSkillsError("INVALID_ARGUMENT", `${JSON.stringify(name)} is no priority`, {
    fix: "Write Emergency, Alert, Critical, Error, Warning, Notice, Informational or Debug.",
  });
}
