import type { Comparison, Diagnostic, Exists, Expansion, Field, Node } from "./ast.ts";
import { type SideVisitor, walkCondition, walkSide } from "./walk-condition.ts";

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
  // Lists in transformers are not looked at.
  const sides: SideVisitor = { field: (field) => noteField(field, found), skipsLists: true };
  walkCondition(node, {
    check: (check) => lookAtCheck(check, sides, found),
    expansion: (expansion, into) => lookIntoMacro(expansion, into, found),
  });
  const deprecated = [...DEPRECATED_FIELDS.keys()].flatMap((name) => found.deprecated.get(name) ?? []);
  return found.unsafe === undefined ? deprecated : [found.unsafe, ...deprecated];
}

/** Macros in which there is nothing to warn of: most rules of a set share theirs, and trees never change. */
const harmlessMacros = new WeakSet<Node>();

function lookIntoMacro({ macro, child }: Expansion, into: () => void, found: Found): void {
  if (harmlessMacros.has(child)) return;
  found.macros.push(macro);
  into();
  found.macros.pop();
  // Where something was found before, a field told already would go unseen here.
  if (found.deprecated.size === 0 && found.unsafe === undefined) harmlessMacros.add(child);
}

const EQUALITIES: readonly string[] = ["==", "=", "!=", "in", "intersects", "pmatch"];

/** The right-hand side counts only beside a field that is never absent by accident. */
function lookAtCheck(check: Exists | Comparison, sides: SideVisitor, found: Found): void {
  const last = walkSide(check.left, sides)?.name;
  const isUnsafe = last !== undefined && (last.startsWith("ka.") || last.startsWith("jevt."));
  if (!isUnsafe || check.kind === "exists" || check.modifier !== undefined || !EQUALITIES.includes(check.operator))
    return;
  const { right } = check;
  if (right.kind === "transformer") {
    walkSide(right, sides);
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
