import type { Node } from "../condition/ast.ts";
import { type LoadContext, reject } from "./load-context.ts";

/** What all conditions of a load may come to together: a small file of macros and lists can stand for very much. */
export const MOST_CHARACTERS = 20_000_000;
export const MOST_PARTS = 5_000_000;

/** Counts what is compiled; both methods throw ItemRejected where it becomes too much. */
export interface CompileBudget {
  /** A condition after its lists were put in, to be asked once for each text. */
  spendText(text: string, context: LoadContext): void;
  /** A condition after its macros were put in. */
  spendTree(tree: Node, context: LoadContext): void;
}

export function createBudget(): CompileBudget {
  const trees = new Set<Node>();
  const macros = new Map<Node, number>();
  let characters = 0;
  let parts = 0;
  return {
    spendText(text, context) {
      if (characters + text.length > MOST_CHARACTERS) {
        const message = `the conditions hold more than ${MOST_CHARACTERS} characters with their lists put in`;
        reject("RULES_TOO_LARGE", message, context);
      }
      characters += text.length;
    },
    spendTree(tree, context) {
      if (trees.has(tree)) return;
      const size = sizeOf(tree, macros);
      if (parts + size > MOST_PARTS) {
        const message = `the conditions have more than ${MOST_PARTS} parts with their macros put in`;
        reject("RULES_TOO_LARGE", message, context);
      }
      trees.add(tree);
      parts += size;
    },
  };
}

/** Checks and values in the tree; macros that are shared are walked once, and their sizes kept. */
function sizeOf(node: Node, macros: Map<Node, number>): number {
  switch (node.kind) {
    case "and":
    case "or":
      return node.children.reduce((sum, child) => sum + sizeOf(child, macros), 1);
    case "not":
      return 1 + sizeOf(node.child, macros);
    case "expansion": {
      const size = macros.get(node.child) ?? sizeOf(node.child, macros);
      macros.set(node.child, size);
      return 1 + size;
    }
    case "comparison":
      return 1 + (node.right.kind === "list" ? node.right.values.length : 0);
    default:
      return 1;
  }
}
