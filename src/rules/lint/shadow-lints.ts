import type { Node } from "../../condition/ast.ts";
import { fieldText } from "../../condition/operand.ts";
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

/** Pairs that reach the comparison; each costs about a millisecond. */
const MAX_PAIRS = 5_000;

/**
 * The active rules that can never raise an alert under `rule_matching: first`, since an earlier active rule of the same
 * source matches every event they do. What cannot be decided counts as no shadow.
 */
export function findShadows({ rules }: RuleSet, only?: Rule): Shadows {
  const active = rules.filter((rule) => rule.active).map((rule) => ({ rule, ...lookAt(rule.tree) }));
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
  /** Fields that must be present for the condition to hold. */
  readonly needed: readonly string[];
  readonly named: ReadonlySet<string>;
}

/** A cheap look that rules out most pairs: what one needs, the other has to say something about. */
function mayCover(outer: Looked, inner: Looked): boolean {
  if (outer.rule.source !== inner.rule.source) return false;
  const events = new Set(outer.rule.events);
  if (!inner.rule.events.every((name) => events.has(name))) return false;
  return outer.needed.every((field) => inner.named.has(field));
}

function lookAt(tree: Node): Pick<Looked, "needed" | "named"> {
  const needed: string[] = [];
  const named = new Set<string>();
  look(tree, true);
  return { needed, named };

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
        if (must && field !== "evt.type" && field !== "evt.num") needed.push(field);
      }
    }
  }
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
