import type { Comparison, Exists, Expansion, Field, MacroReference, Node, Part, Transformer } from "./ast.ts";

/** What is told of while a condition is walked over, in the order of its text. */
export interface ConditionVisitor {
  check(check: Exists | Comparison): void;
  reference?(reference: MacroReference): void;
  /** Stands between a macro and what is in it, where `into` goes on; without it every macro is gone into. */
  expansion?(expansion: Expansion, into: () => void): void;
}

export function walkCondition(node: Node, visitor: ConditionVisitor): void {
  switch (node.kind) {
    case "and":
    case "or":
      for (const child of node.children) walkCondition(child, visitor);
      return;
    case "not":
      walkCondition(node.child, visitor);
      return;
    case "expansion":
      if (visitor.expansion === undefined) walkCondition(node.child, visitor);
      else visitor.expansion(node, () => walkCondition(node.child, visitor));
      return;
    case "macro":
      visitor.reference?.(node);
      return;
    default:
      visitor.check(node);
  }
}

/** What is told of while one side of a check is walked over. */
export interface SideVisitor {
  field(field: Field): void;
  transformer?(transformer: Transformer): void;
  /** Leaves out what stands in the lists of transformers. */
  readonly skipsLists?: boolean;
}

/** The field named last on a side of a check; undefined where it names none. */
export function walkSide(part: Part, visitor: SideVisitor): Field | undefined {
  switch (part.kind) {
    case "field":
      visitor.field(part);
      return part;
    case "transformer":
      visitor.transformer?.(part);
      return walkSides(part.values, visitor);
    case "transformer-list":
      return visitor.skipsLists ? undefined : walkSides(part.items, visitor);
    default:
      return undefined;
  }
}

function walkSides(parts: readonly Part[], visitor: SideVisitor): Field | undefined {
  let last: Field | undefined;
  for (const part of parts) last = walkSide(part, visitor) ?? last;
  return last;
}
