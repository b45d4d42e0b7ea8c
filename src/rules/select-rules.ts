import type { Priority } from "../alert/alert.ts";
import { priorityNumber } from "../alert/priority.ts";
import type { RuleSelector } from "./load-options.ts";

interface Selectable {
  readonly name: string;
  readonly enabled: boolean;
  readonly priority: Priority;
  readonly tags: readonly string[];
}

/**
 * Whether Falco would run the rule: what its file says, then every selector in turn, but never below the minimum
 * priority. A name may hold `*`; tags are compared whole.
 */
export function isActive(rule: Selectable, selection: readonly RuleSelector[], minimum: Priority): boolean {
  if (priorityNumber(rule.priority) > priorityNumber(minimum)) return false;
  let active = rule.enabled;
  for (const selector of selection) {
    const chosen = "tag" in selector ? rule.tags.includes(selector.tag) : matchesWildcard(selector.rule, rule.name);
    if (chosen) active = selector.action === "enable";
  }
  return active;
}

/**
 * Whether a name fits a pattern with `*`. Like Falco's, the match takes the first place a literal part fits and never
 * goes back, so that `*a` does not fit "aba". Source: falco userspace/engine/falco_utils.cpp matches_wildcard @13074749.
 */
export function matchesWildcard(pattern: string, name: string): boolean {
  const [first = "", ...others] = pattern.split("*");
  if (others.length === 0) return pattern === name;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of others) {
    if (part === "") continue;
    const found = name.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return pattern.endsWith("*") || at === name.length;
}
