import type { And, Expansion, Node, Or } from "../../condition/ast.ts";
import type { Macro, Origin, Rule } from "../rule-set.ts";
import { sayCheck } from "./say-check.ts";

/** One line of a condition in words. Lines that end in a colon are followed by deeper ones. */
export interface ClauseLine {
  readonly depth: number;
  readonly text: string;
  /** The macro whose text it comes from; absent for the rule's own. */
  readonly macro?: string;
  readonly file?: string;
  readonly line?: number;
}

export interface SayOptions {
  readonly macros: ReadonlyMap<string, Macro>;
  /** Macros deeper than this are named, not opened. */
  readonly maxDepth: number;
  readonly maxLines: number;
}

interface Place {
  readonly owner: Rule | Macro;
  readonly macro: string | undefined;
}

/** The condition of a rule in words, macros opened, each line with the place it was written at. */
export function sayCondition(rule: Rule, options: SayOptions): { lines: readonly ClauseLine[]; cut: boolean } {
  const lines: ClauseLine[] = [];
  let cut = false;
  say(rule.tree, false, 0, { owner: rule, macro: undefined });
  return { lines, cut };

  function add(depth: number, text: string, node: Node, place: Place): void {
    if (lines.length >= options.maxLines) {
      cut = true;
      return;
    }
    const origin = place.owner.conditionOrigin(node.span.start);
    lines.push({ depth, text, ...(place.macro === undefined ? {} : { macro: place.macro }), ...where(origin) });
  }

  function say(node: Node, negated: boolean, depth: number, place: Place, suffix = ""): void {
    if (cut) return;
    switch (node.kind) {
      case "comparison":
      case "exists":
        add(depth, `${sayCheck(node, negated, rule.source)}${suffix}`, node, place);
        break;
      case "macro":
        add(depth, `${negated ? "not " : ""}${node.name}, a macro that is not defined`, node, place);
        break;
      case "not":
        say(node.child, !negated, depth, place, suffix);
        break;
      case "expansion":
        sayMacro(node, negated, depth, place, suffix);
        break;
      case "and":
      case "or":
        sayChain(node, negated, depth, place, suffix);
    }
  }

  function sayMacro(node: Expansion, negated: boolean, depth: number, place: Place, suffix: string): void {
    const macro = options.macros.get(node.macro);
    const title = ` (${node.macro})${suffix}`;
    const isDeep = depth >= options.maxDepth && !isCheck(node.child);
    if (isDeep) add(depth, `${negated ? "not " : ""}${words(node.macro)}${title}`, node, place);
    else say(node.child, negated, depth, macro === undefined ? place : { owner: macro, macro: node.macro }, title);
  }

  function sayChain(node: And | Or, negated: boolean, depth: number, place: Place, suffix: string): void {
    // The rule's own outermost "and" is the list of lines itself.
    if (node.kind === "and" && !negated && depth === 0 && suffix === "") {
      for (const child of node.children) say(child, false, 0, place);
      return;
    }
    const title = node.kind === "and" ? (negated ? "not all of" : "all of") : negated ? "none of" : "any of";
    add(depth, `${title}${suffix}:`, node, place);
    for (const child of node.children) say(child, false, depth + 1, place);
  }
}

function isCheck(node: Node): boolean {
  if (node.kind === "not") return isCheck(node.child);
  return node.kind === "comparison" || node.kind === "exists";
}

function where(origin: Origin | undefined): Pick<ClauseLine, "file" | "line"> {
  return origin === undefined ? {} : { file: origin.file, line: origin.line };
}

const words = (name: string): string => name.replaceAll("_", " ");
