import type { Comparison, Field, Node } from "./ast.ts";
import { matchConstants } from "./match-value.ts";
import { parseConstant } from "./parse-value.ts";

/** Texts of fields that are known before any event is seen: `evt.type` when rules are kept by event type. */
export type KnownFields = Readonly<Record<string, string>>;

/**
 * What is left of a condition when some text fields are known: a smaller condition, or its outcome. The result holds for
 * an event exactly when the condition does, as long as the event's fields are as said. Parts that do not change stay the
 * same objects, and so do results for the same part and the same `known` object, so that compiling shares their tests.
 */
export function narrowCondition(node: Node, known: KnownFields): Node | boolean {
  let results = resultsByKnown.get(known);
  if (results === undefined) {
    results = new WeakMap();
    resultsByKnown.set(known, results);
  }
  const before = results.get(node);
  if (before !== undefined) return before;
  const result = narrow(node, known);
  results.set(node, result);
  return result;
}

const resultsByKnown = new WeakMap<KnownFields, WeakMap<Node, Node | boolean>>();

function narrow(node: Node, known: KnownFields): Node | boolean {
  switch (node.kind) {
    case "and":
    case "or":
      return narrowChain(node, known);
    case "not": {
      const child = narrowCondition(node.child, known);
      if (typeof child === "boolean") return !child;
      return child === node.child ? node : Object.freeze({ ...node, child });
    }
    case "expansion": {
      const child = narrowCondition(node.child, known);
      if (typeof child === "boolean") return child;
      return child === node.child ? node : Object.freeze({ ...node, child });
    }
    case "exists":
      return node.left.kind === "field" && knownText(node.left, known) !== undefined ? true : node;
    case "comparison":
      return outcomeOf(node, known) ?? node;
    case "macro":
      return node;
  }
}

/** One child can decide a chain; children that cannot are left out of it. */
function narrowChain(node: Extract<Node, { kind: "and" | "or" }>, known: KnownFields): Node | boolean {
  const decides = node.kind === "or";
  const children: Node[] = [];
  for (const child of node.children) {
    const left = narrowCondition(child, known);
    if (left === decides) return decides;
    if (typeof left !== "boolean") children.push(left);
  }
  const [first] = children;
  if (first === undefined) return !decides;
  if (children.length === 1) return first;
  const same = children.length === node.children.length && children.every((child, at) => child === node.children[at]);
  return same ? node : Object.freeze({ ...node, children });
}

function knownText({ name, argument }: Field, known: KnownFields): string | undefined {
  return argument === undefined && Object.hasOwn(known, name) ? known[name] : undefined;
}

function outcomeOf({ left, operator, modifier, right }: Comparison, known: KnownFields): boolean | undefined {
  const value = left.kind === "field" ? knownText(left, known) : undefined;
  if (value === undefined || right.kind === "transformer") return undefined;
  const constants = (right.kind === "list" ? right.values : [right]).flatMap(({ text }) => {
    const constant = parseConstant(text, operator, "CHARBUF", false);
    return "message" in constant ? [] : [constant];
  });
  return matchConstants(operator, modifier, constants)(value);
}
