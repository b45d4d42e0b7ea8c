import type { Comparison, Node } from "../../condition/ast.ts";
import { fieldText } from "../../condition/operand.ts";
import { atomField, canonicalValue, constantsOf } from "../diff/atoms.ts";
import { covers, neverHolds } from "../diff/compare-conditions.ts";
import type { Rule, RuleSet } from "../rule-set.ts";
import { type LintDraft, type LintSubject, placeOfStep } from "./lint-subject.ts";

export interface Shadow {
  readonly rule: Rule;
  /** The earlier rule that matches everything it does. */
  readonly by: Rule;
}

export interface Shadows {
  readonly shadows: readonly Shadow[];
  /** Pairs that were left out because there were too many. */
  readonly leftOut: number;
}

/** Pairs that reach the comparison; each costs some tenths of a millisecond. */
const MAX_PAIRS = 20_000;

/**
 * The active rules that can never raise an alert under `rule_matching: first`, since an earlier active rule of the same
 * source matches every event they do. What cannot be decided counts as no shadow.
 */
export function findShadows({ rules }: RuleSet, only?: Rule): Shadows {
  const active = rules.filter((rule) => rule.active).map(lookAt);
  const shadows: Shadow[] = [];
  let pairs = 0;
  for (const [at, inner] of active.entries()) {
    if ((only !== undefined && inner.rule !== only) || neverHolds(inner.rule.tree, inner.rule.source)) continue;
    const outer = active.slice(0, at).find((candidate) => {
      if (!mayCover(candidate, inner)) return false;
      pairs += 1;
      return pairs <= MAX_PAIRS && covers(candidate.rule.tree, inner.rule.tree, inner.rule.source);
    });
    if (outer !== undefined) shadows.push({ rule: inner.rule, by: outer.rule });
  }
  return { shadows, leftOut: Math.max(0, pairs - MAX_PAIRS) };
}

interface Looked {
  readonly rule: Rule;
  readonly events: ReadonlySet<string>;
  /** Fields that must be present for the condition to hold, with the values of which they must have one. */
  readonly needed: ReadonlyMap<string, ReadonlySet<string> | undefined>;
  readonly named: ReadonlySet<string>;
}

/** A cheap look that rules out most pairs: what one needs, the other has to say something about that fits. */
function mayCover(outer: Looked, inner: Looked): boolean {
  if (outer.rule.source !== inner.rule.source) return false;
  for (const [field, values] of outer.needed) {
    if (!inner.named.has(field)) return false;
    const others = inner.needed.get(field);
    if (values !== undefined && others !== undefined && areDisjoint(values, others)) return false;
  }
  return inner.rule.events.every((name) => outer.events.has(name));
}

function areDisjoint(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  for (const value of small) if (large.has(value)) return false;
  return true;
}

function lookAt(rule: Rule): Looked {
  const needed = new Map<string, ReadonlySet<string> | undefined>();
  const named = new Set<string>();
  look(rule.tree, true);
  return { rule, events: new Set(rule.events), needed, named };

  function look(node: Node, must: boolean): void {
    switch (node.kind) {
      case "and":
      case "or":
        for (const child of node.children) look(child, must && node.kind === "and");
        break;
      case "not":
        look(node.child, false);
        break;
      case "expansion":
        look(node.child, must);
        break;
      case "comparison":
      case "exists": {
        if (node.left.kind !== "field") break;
        const field = fieldText(node.left);
        named.add(field);
        if (!must || field === "evt.type" || field === "evt.num") break;
        const values = node.kind === "comparison" ? oneOf(node, rule.source) : undefined;
        needed.set(field, needed.get(field) ?? values);
      }
    }
  }
}

/** The values of which a field has one when the check holds; undefined for checks that say it otherwise. */
function oneOf(node: Comparison, source: string): ReadonlySet<string> | undefined {
  const values = constantsOf(node);
  const plain = node.modifier === undefined && ["=", "==", "in"].includes(node.operator);
  if (values === undefined || !plain) return undefined;
  const field = atomField(node.left, source);
  if (!field.isSingle) return undefined;
  const canonical = values.map((value) => canonicalValue(field, value));
  return canonical.every(({ distinct }) => distinct) ? new Set(canonical.map(({ text }) => text)) : undefined;
}

export function lintShadows(subject: LintSubject): { drafts: LintDraft[]; leftOut: number } {
  const { shadows, leftOut } = findShadows(subject.ruleSet);
  const drafts = shadows.map(({ rule, by }): LintDraft => {
    const where = by.history[0]?.at;
    const place = where === undefined ? "" : ` (${where.file}:${where.line})`;
    return {
      code: "LINT_SHADOWED",
      message: `every event that matches is taken by the earlier rule ${JSON.stringify(by.name)}${place}`,
      fix: "Put this rule before the other, add an exception to the other, or set rule_matching: all in falco.yaml.",
      place: placeOfStep(rule.history[0]),
      within: [`rule ${JSON.stringify(rule.name)}`],
    };
  });
  return { drafts, leftOut };
}
