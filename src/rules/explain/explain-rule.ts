import type { Node } from "../../condition/ast.ts";
import { conditionFacts } from "../../condition/condition-facts.ts";
import { parseOutput } from "../../condition/parse-output.ts";
import { lookUpField } from "../../fields/look-up-field.ts";
import { attackUrl } from "../attack/attack.ts";
import { type RuleTags, readRuleTags } from "../attack/rule-tags.ts";
import { findShadows, type Shadow } from "../lint/shadow-lints.ts";
import type { List, Macro, Rule, RuleSet, Step } from "../rule-set.ts";
import { type ClauseLine, sayCondition } from "./say-condition.ts";

export interface Explanation {
  /** What the rule is and does, one sentence each. */
  readonly summary: readonly string[];
  readonly clauses: readonly ClauseLine[];
  readonly clausesCut: boolean;
  readonly fields: readonly ExplainedField[];
  readonly outputFields: readonly string[];
  /** Used by it, directly or through others, in the order of use. */
  readonly macros: readonly Macro[];
  readonly lists: readonly List[];
  readonly tags: RuleTags;
  readonly shadow: Shadow | undefined;
}

export interface ExplainedField {
  readonly name: string;
  readonly description: string;
  /** Who decides what it says. */
  readonly controller: string;
}

export interface ExplainOptions {
  /** full: every macro opened. */
  readonly detail: "concise" | "full";
}

const LINES = { concise: 60, full: 600 } as const;
const DEPTH = { concise: 2, full: 50 } as const;

/** A rule of a set in words: what it matches, by which clauses of which files, with what, and what keeps it quiet. */
export function explainRule(rule: Rule, ruleSet: RuleSet, { detail }: ExplainOptions): Explanation {
  const macros = new Map(ruleSet.macros.map((macro) => [macro.name, macro]));
  const { lines, cut } = sayCondition(rule, { macros, maxDepth: DEPTH[detail], maxLines: LINES[detail] });
  const used = macrosIn(rule.tree).flatMap((name) => macros.get(name) ?? []);
  const tags = readRuleTags(rule.tags);
  const { shadows } = findShadows(ruleSet, rule);
  const facts = conditionFacts(rule.tree);
  const names = "message" in facts ? [] : facts.fields;
  const { output } = parseOutput(rule.compiledOutput, { source: rule.source });
  return {
    summary: summarize(rule, tags, shadows[0]),
    clauses: lines,
    clausesCut: cut,
    fields: names.map((name) => explainField(name, rule.source)),
    outputFields: [...new Set((output?.fields ?? []).map(({ name }) => name))],
    macros: used,
    lists: ruleSet.lists.filter(({ name }) => namesList(rule, used, name)),
    tags,
    shadow: shadows[0],
  };
}

function summarize(rule: Rule, tags: RuleTags, shadow: Shadow | undefined): string[] {
  const events = rule.events.filter((name) => name !== "asyncevent");
  const which =
    events.length === 0
      ? "no event at all"
      : events.length > 12
        ? `${events.length} kinds of events`
        : events.join(", ");
  const lines = [
    rule.source === "syscall"
      ? `Raises ${article(rule.priority)} ${rule.priority} alert on ${which}, when all of its clauses hold.`
      : `Raises ${article(rule.priority)} ${rule.priority} alert on events of source ${rule.source}, when all of its clauses hold.`,
    rule.active ? "It runs." : "It does not run: the rule is disabled or less urgent than what is asked for.",
  ];
  const withValues = rule.exceptions.filter(({ values }) => values.length > 0);
  if (rule.exceptions.length > 0) {
    const names = withValues.map(({ name }) => name).join(", ");
    lines.push(
      withValues.length === 0
        ? "Its exceptions have no values, so they let nothing pass."
        : `It stays quiet for what its exceptions name: ${names}.`,
    );
  }
  const techniques = tags.techniques.map(({ id, name }) => `${id} ${name} (${attackUrl(id)})`);
  const tactics = tags.tactics.map(({ name }) => name).join(", ");
  if (tactics !== "") lines.push(`Tactic: ${tactics}.`);
  if (techniques.length > 0) lines.push(`Technique: ${techniques.join("; ")}.`);
  const changes = rule.history.slice(1).map(tellStep);
  if (changes.length > 0) lines.push(`After its definition it was changed: ${changes.join("; ")}.`);
  if (shadow !== undefined) {
    lines.push(
      `Under rule_matching: first it never fires: the earlier rule ${JSON.stringify(shadow.by.name)} takes every event that matches.`,
    );
  }
  return lines;
}

const article = (word: string): string => (/^[AEIOU]/.test(word) ? "an" : "a");

function tellStep({ action, at, keys }: Step): string {
  const what = keys.length === 0 ? "" : ` of ${keys.join(", ")}`;
  return `${action}${what} in ${at.file}:${at.line}`;
}

function explainField(name: string, source: string): ExplainedField {
  const found = lookUpField(name, source);
  if (found.kind !== "found") return { name, description: "", controller: "unknown" };
  const { description, controller } = found.field.row;
  return { name, description, controller };
}

/** Names of the macros a tree was made of, each once, outermost first. */
export function macrosIn(tree: Node): string[] {
  const names = new Set<string>();
  const seen = new Set<Node>();
  const look = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === "and" || node.kind === "or") node.children.forEach(look);
    else if (node.kind === "not") look(node.child);
    else if (node.kind === "expansion") {
      names.add(node.macro);
      look(node.child);
    }
  };
  look(tree);
  return [...names];
}

/** Macros do not say which lists they hold: their text does, between the characters that end a word for Falco. */
function namesList(rule: Rule, macros: readonly Macro[], list: string): boolean {
  if (rule.lists.includes(list)) return true;
  return macros.some(({ condition }) => condition.split(/[\s(),=]+/).includes(list));
}
