import type { Node } from "../../src/condition/ast.ts";
import { parseCondition } from "../../src/condition/parse-condition.ts";

/** The tree of a condition that must parse. */
export function parsed(source: string): Node {
  const { node, error } = parseCondition(source);
  if (node === undefined) throw new Error(`${source}: ${error.message}`);
  return node;
}
