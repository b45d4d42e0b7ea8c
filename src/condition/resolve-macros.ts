import type { Span } from "../text/span.ts";
import type { Expansion, MacroReference, Node } from "./ast.ts";

/** A reference that could not be resolved. `span` lies in the text of the last of `macros`, or in the condition's own. */
export interface UnresolvedMacro {
  readonly name: string;
  readonly span: Span;
  /** The macros passed through on the way, outermost first. */
  readonly macros: readonly string[];
  /** Falco's text, or ours for a limit. */
  readonly message: string;
}

export interface ResolvedCondition {
  /** The condition with every known reference replaced by an `Expansion`; the same object when it has none. */
  readonly node: Node;
  /** Names of the macros expanded here, also from inside unresolved others. */
  readonly used: ReadonlySet<string>;
  readonly unknown: readonly UnresolvedMacro[];
  /** References that lead back into a macro being expanded, or beyond the limits; Falco reports these before unknown ones. */
  readonly loops: readonly UnresolvedMacro[];
}

/** Macros that double each other grow without bound; a condition of the official rules has some thousand parts. */
export const MAX_PARTS = 250_000;
/** Every later phase walks the tree by recursion. */
const MAX_NESTING = 1_500;

/** Where references are looked up. */
export type MacroTrees = Pick<ReadonlyMap<string, Node>, "get">;

interface Size {
  readonly parts: number;
  readonly nesting: number;
}

interface Resolution {
  readonly macros: MacroTrees;
  readonly path: string[];
  readonly used: Set<string>;
  readonly unknown: UnresolvedMacro[];
  readonly loops: UnresolvedMacro[];
  /** Macros expanded without a problem: one that is referred to often is expanded once. */
  readonly done: Map<string, Node>;
  parts: number;
  nesting: number;
}

/**
 * The condition with its macros expanded, sub-tree for name, so that precedence inside a macro cannot leak out.
 * `macros` holds the trees a reference may see, resolved already or not; which macros those are is the caller's business.
 * Trees are shared, not copied. Source: falco userspace/engine/filter_macro_resolver.cpp @13074749.
 */
export function resolveMacros(node: Node, macros: MacroTrees): ResolvedCondition {
  if (!hasReference(node)) return { node, used: NO_NAMES, unknown: [], loops: [] };
  const resolution: Resolution = {
    macros,
    path: [],
    used: new Set(),
    unknown: [],
    loops: [],
    done: new Map(),
    parts: 0,
    nesting: 0,
  };
  const resolved = resolve(node, resolution);
  const { used, unknown, loops } = resolution;
  return { node: resolved, used, unknown, loops };
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** Whether anything is left to resolve; in what was expanded before there is not. */
function hasReference(node: Node): boolean {
  switch (node.kind) {
    case "macro":
      return true;
    case "and":
    case "or":
      return node.children.some(hasReference);
    case "not":
      return hasReference(node.child);
    default:
      return false;
  }
}

function resolve(node: Node, resolution: Resolution): Node {
  resolution.parts += 1;
  resolution.nesting += 1;
  const resolved = resolveParts(node, resolution);
  resolution.nesting -= 1;
  return resolved;
}

function resolveParts(node: Node, resolution: Resolution): Node {
  switch (node.kind) {
    case "and":
    case "or": {
      const children = node.children.map((child) => resolve(child, resolution));
      const same = children.every((child, index) => child === node.children[index]);
      return same ? node : { ...node, children };
    }
    case "not": {
      const child = resolve(node.child, resolution);
      return child === node.child ? node : { ...node, child };
    }
    case "macro":
      return expand(node, resolution);
    case "expansion":
      // Resolved before, so nothing is left to do in it but to count it.
      resolution.parts += sizeOf(node).parts;
      return node;
    default:
      return node;
  }
}

function expand(reference: MacroReference, resolution: Resolution): Node {
  const { name, span } = reference;
  const { path, used, done } = resolution;
  const unresolved = (message: string): UnresolvedMacro => ({ name, span, macros: [...path], message });
  const macro = done.get(name) ?? resolution.macros.get(name);
  if (macro === undefined) {
    resolution.unknown.push(unresolved(`Undefined macro '${name}' used in filter.`));
    return reference;
  }
  if (path.includes(name)) {
    resolution.loops.push(unresolved(`reference loop in macro '${name}'`));
    return reference;
  }
  const size = sizeOf(macro);
  if (resolution.parts + size.parts > MAX_PARTS || resolution.nesting + size.nesting > MAX_NESTING) {
    resolution.loops.push(unresolved(`macro '${name}' makes the condition grow beyond ${MAX_PARTS} parts`));
    return reference;
  }
  used.add(name);
  if (done.has(name)) {
    resolution.parts += size.parts;
    return expansion(reference, macro);
  }
  const problems = resolution.unknown.length + resolution.loops.length;
  path.push(name);
  const child = resolve(macro, resolution);
  path.pop();
  if (problems === resolution.unknown.length + resolution.loops.length) done.set(name, child);
  return expansion(reference, child);
}

function expansion({ name, span }: MacroReference, child: Node): Expansion {
  return { kind: "expansion", span, macro: name, child };
}

/** Sizes of trees seen before: trees never change, and macros are shared by many rules. */
const sizes = new WeakMap<Node, Size>();

function sizeOf(node: Node): Size {
  const known = sizes.get(node);
  if (known !== undefined) return known;
  let parts = 1;
  let nesting = 0;
  for (const child of childrenOf(node)) {
    const size = sizeOf(child);
    parts += size.parts;
    nesting = Math.max(nesting, size.nesting);
  }
  const size = { parts, nesting: nesting + 1 };
  sizes.set(node, size);
  return size;
}

function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case "and":
    case "or":
      return node.children;
    case "not":
    case "expansion":
      return [node.child];
    default:
      return [];
  }
}
