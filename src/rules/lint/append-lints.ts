import type { Node } from "../../condition/ast.ts";
import { parseCondition } from "../../condition/parse-condition.ts";
import type { Span } from "../../text/span.ts";
import { endOfItem, type LintDraft, type LintSubject, placeOfSpan } from "./lint-subject.ts";

/** Each append is searched for in the whole condition: of a condition that grew ten thousand times the first are enough. */
const MOST_APPENDS = 50;

/** Conditions whose appended part binds to the last alternative of what it was appended to. */
export function lintAppends(subject: LintSubject): LintDraft[] {
  return subject.owners.flatMap((owner) => {
    const { item } = owner;
    const appends = item.history
      .filter(({ action, keys }) => action === "append" && keys.includes("condition"))
      .slice(0, MOST_APPENDS);
    if (appends.length === 0) return [];
    const parsed = parseCondition(item.expandedCondition);
    if (parsed.node === undefined) return [];
    const { node } = parsed;
    return appends.flatMap((step) => {
      const end = endOfItem(subject, step.at);
      const isAppended = (offset: number) => {
        const origin = item.conditionOrigin(offset);
        return origin?.file === step.at.file && origin.span.start >= step.at.span.start && origin.span.start < end;
      };
      const boundary = firstOffset(item.expandedCondition, isAppended);
      const caught = boundary === undefined ? undefined : lastAlternative(node, boundary, false);
      if (caught === undefined || boundary === undefined) return [];
      const own = { start: boundary, end: Math.min(caught.end, boundary + 60) };
      return [
        {
          code: "LINT_APPEND_PRECEDENCE",
          message: `the appended "and" narrows only the last alternative, ${excerpt(item.expandedCondition, caught, boundary)}`,
          fix: `Put the condition of the first definition in brackets, or replace it: override: {condition: replace}.`,
          place: placeOfSpan(owner, own),
          within: [owner.title],
        } as const,
      ];
    });
  });
}

function firstOffset(text: string, holds: (offset: number) => boolean): number | undefined {
  for (let offset = 0; offset < text.length; offset += 1) {
    if (!/\s/.test(text[offset] ?? "") && holds(offset)) return offset;
  }
  return undefined;
}

/** The chain of `and` across the boundary that is one of several alternatives. */
function lastAlternative(node: Node, boundary: number, isAlternative: boolean): Span | undefined {
  const { start, end } = node.span;
  if (boundary <= start || boundary >= end) return undefined;
  if (node.kind === "and") {
    if (isAlternative) return node.span;
    return node.children.map((child) => lastAlternative(child, boundary, false)).find((span) => span !== undefined);
  }
  if (node.kind === "or") {
    const found = node.children.map((child, at) => lastAlternative(child, boundary, at > 0));
    return found.find((span) => span !== undefined);
  }
  return node.kind === "not" ? lastAlternative(node.child, boundary, false) : undefined;
}

function excerpt(text: string, { start }: Span, boundary: number): string {
  const words = text.slice(start, boundary).trim().replace(/\s+/g, " ");
  return words.length > 60 ? `${words.slice(0, 60)}…` : words;
}
