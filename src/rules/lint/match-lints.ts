import type { Node } from "../../condition/ast.ts";
import type { Mask } from "../../condition/event-sets.ts";
import { printCondition } from "../../condition/print-condition.ts";
import { isContradiction } from "../diff/compare-conditions.ts";
import { allowedEvents, carriersOfCheck, possibleEvents } from "./event-availability.ts";
import { type LintDraft, type LintSubject, type Owner, placeOfSpan } from "./lint-subject.ts";

/** A part of a condition that must hold, and how it came in. */
interface Clause {
  readonly node: Node;
  /** Innermost macro whose text holds it; "" for the rule's own. */
  readonly macro: string;
}

/** Rules, and alternatives in them, that no event can match. */
export function lintMatches(subject: LintSubject): LintDraft[] {
  const macros = new Map(subject.owners.flatMap((owner) => (owner.kind === "macro" ? [[owner.name, owner]] : [])));
  return subject.owners.flatMap((owner) => {
    if (owner.kind !== "rule") return [];
    const clauses = clausesOf(owner.item.tree, "");
    if (isContradiction(owner.item.tree, owner.source)) return [neverMatches(owner, clauses)];
    if (owner.source !== "syscall") return [];
    return missingFields(owner, clauses, macros);
  });
}

/** The conjuncts of a condition, through brackets and macros. */
function clausesOf(node: Node, macro: string): Clause[] {
  if (node.kind === "and") return node.children.flatMap((child) => clausesOf(child, macro));
  if (node.kind === "expansion") return clausesOf(node.child, node.macro);
  return [{ node, macro }];
}

/** Beyond this a pair is not looked for. */
const MAX_CLAUSES = 40;

function neverMatches(owner: Owner, clauses: readonly Clause[]): LintDraft {
  const pair = clauses.length <= MAX_CLAUSES ? opposites(clauses, owner.source) : [];
  const [first, second] = pair.map(tell);
  const message =
    first === undefined
      ? "no event can satisfy all clauses of the condition"
      : second === undefined
        ? `no event can satisfy ${first}`
        : `${first} and ${second} exclude each other`;
  const own = pair.find(({ macro }) => macro === "");
  const span = own?.node.span ?? owner.item.tree.span;
  const fix = "Join the alternatives with or, make two rules of it, or remove one of the clauses.";
  return { code: "LINT_NEVER_MATCHES", message, fix, place: placeOfSpan(owner, span), within: [owner.title] };
}

function opposites(clauses: readonly Clause[], source: string): readonly Clause[] {
  const alone = clauses.find(({ node }) => isContradiction(node, source));
  if (alone !== undefined) return [alone];
  for (const [at, first] of clauses.entries()) {
    for (const second of clauses.slice(at + 1)) {
      const both: Node = { kind: "and", span: first.node.span, children: [first.node, second.node] };
      if (isContradiction(both, source)) return [first, second];
    }
  }
  return [];
}

function tell({ node, macro }: Clause): string {
  const text = printCondition(node);
  const short = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return macro === "" ? `"${short}"` : `"${short}" (macro ${macro})`;
}

function missingFields(owner: Owner, clauses: readonly Clause[], macros: ReadonlyMap<string, Owner>): LintDraft[] {
  const allowed = clauses.reduce((mask, { node }) => mask & allowedEvents(node), allowedEvents(owner.item.tree));
  if (allowed === 0n) return [];
  const found: LintDraft[] = [];
  const seen = new Map<Node, Set<Mask>>();
  for (const clause of clauses) look(clause, allowed);
  return found;

  function look({ node, macro }: Clause, mask: Mask): void {
    const masks = seen.get(node) ?? new Set();
    if (masks.has(mask)) return;
    seen.set(node, masks.add(mask));
    if (node.kind === "comparison" || node.kind === "exists") {
      const { mask: carriers, field } = carriersOfCheck(node);
      if (field !== undefined && (carriers & mask) === 0n && (allowedEvents(node) & mask) !== 0n)
        tellOf(node, macro, field);
    } else if (node.kind === "or") {
      for (const child of node.children) lookAtAlternative({ node: child, macro }, mask);
    }
  }

  /** An alternative that other events than the rule's were meant for is no fault: macros are made of such. */
  function lookAtAlternative({ node, macro }: Clause, mask: Mask): void {
    const own = allowedEvents(node) & mask;
    if (own === 0n || (possibleEvents(node) & mask) !== 0n) return;
    for (const clause of clausesOf(node, macro)) look(clause, own);
  }

  function tellOf(node: Node, macro: string, field: string): void {
    const holder = macro === "" ? owner : macros.get(macro);
    const message = `none of the rule's event types has ${field}, so "${printCondition(node).slice(0, 80)}" is always false`;
    found.push({
      code: "LINT_FIELD_NEVER_SET",
      message,
      fix: `Use event types that have ${field}, a field that these events have, or two rules.`,
      place: holder === undefined ? placeOfSpan(owner, owner.item.tree.span) : placeOfSpan(holder, node.span),
      within: holder === undefined || holder === owner ? [owner.title] : [owner.title, holder.title],
    });
  }
}
