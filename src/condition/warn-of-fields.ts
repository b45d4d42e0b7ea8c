import type { Comparison, Diagnostic, Expansion, Field, Node, Part } from "./ast.ts";

/**
 * Fields that say nothing since enter events are gone, with Falco's text, in its order.
 * Source: falco userspace/engine/falco_load_result.cpp @13074749.
 */
const GONE = "field is not available due to the drop of enter events.";
const DEPRECATED_FIELDS: ReadonlyMap<string, string> = new Map([
  [
    "evt.dir",
    "due to the drop of enter events, 'evt.dir = <' always evaluates to true, and 'evt.dir = >' always evaluates to false. The rule expression can be simplified by removing the condition on 'evt.dir'",
  ],
  ["evt.latency", GONE],
  ["evt.latency.s", GONE],
  ["evt.latency.ns", GONE],
  ["evt.latency.human", GONE],
  ["evt.wait_latency", GONE],
]);

interface Found {
  readonly deprecated: Map<string, Diagnostic>;
  unsafe: Diagnostic | undefined;
  readonly macros: string[];
}

/**
 * Warnings that Falco gives before it compiles a condition, each once: comparisons of Kubernetes audit and JSON fields
 * with `<NA>`, then deprecated fields in the order of DEPRECATED_FIELDS.
 * Source: falco userspace/engine/filter_warning_resolver.cpp @13074749.
 */
export function warnOfFields(node: Node): Diagnostic[] {
  const found: Found = { deprecated: new Map(), unsafe: undefined, macros: [] };
  look(node, found);
  const deprecated = [...DEPRECATED_FIELDS.keys()].flatMap((name) => found.deprecated.get(name) ?? []);
  return found.unsafe === undefined ? deprecated : [found.unsafe, ...deprecated];
}

function look(node: Node, found: Found): void {
  switch (node.kind) {
    case "and":
    case "or":
      for (const child of node.children) look(child, found);
      return;
    case "not":
      look(node.child, found);
      return;
    case "expansion":
      lookIntoMacro(node, found);
      return;
    case "exists":
      noteFields(node.left, found);
      return;
    case "comparison":
      lookAtComparison(node, found);
  }
}

/** Macros in which there is nothing to warn of: most rules of a set share theirs, and trees never change. */
const harmlessMacros = new WeakSet<Node>();

function lookIntoMacro({ macro, child }: Expansion, found: Found): void {
  if (harmlessMacros.has(child)) return;
  found.macros.push(macro);
  look(child, found);
  found.macros.pop();
  // Where something was found before, a field told already would go unseen here.
  if (found.deprecated.size === 0 && found.unsafe === undefined) harmlessMacros.add(child);
}

const EQUALITIES: readonly string[] = ["==", "=", "!=", "in", "intersects", "pmatch"];

/** The right-hand side counts only beside a field that is never absent by accident. */
function lookAtComparison(check: Comparison, found: Found): void {
  const last = noteFields(check.left, found);
  const isUnsafe = last !== undefined && (last.startsWith("ka.") || last.startsWith("jevt."));
  if (!isUnsafe || check.modifier !== undefined || !EQUALITIES.includes(check.operator)) return;
  const { right } = check;
  if (right.kind === "transformer") {
    noteFields(right, found);
    return;
  }
  const values = right.kind === "list" ? right.values : [right];
  if (!values.some(({ text }) => text === "<NA>")) return;
  found.unsafe ??= {
    severity: "warning",
    kind: "unsafe-na-check",
    message: "",
    span: check.span,
    falcoOffset: check.span.start,
    macros: [...found.macros],
  };
}

/** Notes deprecated fields of a field or transformer; gives the last field seen. Lists in transformers are not looked at. */
function noteFields(part: Part, found: Found): string | undefined {
  if (part.kind === "field") {
    noteField(part, found);
    return part.name;
  }
  if (part.kind !== "transformer") return undefined;
  let last: string | undefined;
  for (const value of part.values) last = noteFields(value, found) ?? last;
  return last;
}

function noteField({ name, span }: Field, { deprecated, macros }: Found): void {
  const message = DEPRECATED_FIELDS.get(name);
  if (message === undefined || deprecated.has(name)) return;
  deprecated.set(name, {
    severity: "warning",
    kind: "deprecated-field",
    message,
    span,
    falcoOffset: span.start,
    macros: [...macros],
    deprecatedField: name,
  });
}
