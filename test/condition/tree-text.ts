import type { Node } from "../../src/condition/ast.ts";
import { printCondition } from "../../src/condition/print-condition.ts";

/** A tree as the corpus shows it: one node a line, children indented; a check is `operator left | right`. */
export function treeText(node: Node, indent = ""): string {
  const below = (children: readonly Node[]): string => children.map((child) => treeText(child, `${indent}  `)).join("");
  switch (node.kind) {
    case "and":
    case "or":
      return `${indent}${node.kind}\n${below(node.children)}`;
    case "not":
      return `${indent}not\n${below([node.child])}`;
    case "expansion":
      return `${indent}macro ${node.macro} is\n${below([node.child])}`;
    case "macro":
      return `${indent}macro ${node.name}\n`;
    case "exists":
      return `${indent}exists ${printCondition(node.left)}\n`;
    case "comparison": {
      const operator = [node.operator, node.modifier].filter(Boolean).join(" ");
      return `${indent}${operator} ${printCondition(node.left)} | ${printCondition(node.right)}\n`;
    }
  }
}
