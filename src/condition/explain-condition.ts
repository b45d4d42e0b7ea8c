import type { Comparison, Exists, Field, Node, Part } from "./ast.ts";
import { compileCondition } from "./compile-condition.ts";
import { extractorOf } from "./extract.ts";
import type { Extracted, FieldReader, FieldSource } from "./field-access.ts";
import { type CheckContext, fieldText } from "./operand.ts";
import { printCondition } from "./print-condition.ts";

/** A field that a clause looks at and what the event has for it; `value` is left out where the event has none. */
interface SeenField {
  readonly field: string;
  readonly value?: Extracted;
}

/**
 * One clause of a condition, judged for one event. absent: the event lacks a field of the check, which Falco counts as
 * false for every operator; above a check it counts as false.
 */
export interface ExplainedClause {
  readonly kind: "and" | "or" | "not" | "macro" | "check";
  /** The clause as Falco prints it; for a macro its name. */
  readonly text: string;
  readonly outcome: "true" | "false" | "absent";
  /** Fields of a check, left side first. */
  readonly fields?: readonly SeenField[];
  readonly clauses?: readonly ExplainedClause[];
}

/**
 * A function that says of every clause of a resolved condition whether it holds for an event, and with which values: why
 * did it fire, why did it not. All clauses are judged, also those that Falco would not reach.
 * Throws CONDITION_NOT_COMPILED as compileCondition does.
 */
export function explainCondition<Event>(
  node: Node,
  source: FieldSource<Event>,
  context: CheckContext,
): (event: Event) => ExplainedClause {
  switch (node.kind) {
    case "and":
    case "or": {
      const explainers = node.children.map((child) => explainCondition(child, source, context));
      const { kind } = node;
      const text = printCondition(node);
      return (event) => {
        const clauses = explainers.map((explain) => explain(event));
        const isTrue = ({ outcome }: ExplainedClause): boolean => outcome === "true";
        const holds = kind === "and" ? clauses.every(isTrue) : clauses.some(isTrue);
        return { kind, text, outcome: holds ? "true" : "false", clauses };
      };
    }
    case "not": {
      const explain = explainCondition(node.child, source, context);
      const text = printCondition(node);
      return (event) => {
        const clause = explain(event);
        return { kind: "not", text, outcome: clause.outcome === "true" ? "false" : "true", clauses: [clause] };
      };
    }
    case "expansion": {
      const explain = explainCondition(node.child, source, context);
      return (event) => {
        const clause = explain(event);
        const outcome = clause.outcome === "true" ? "true" : "false";
        return { kind: "macro", text: node.macro, outcome, clauses: [clause] };
      };
    }
    default:
      return explainCheck(node, source, context);
  }
}

function explainCheck<Event>(
  node: Exclude<Node, { kind: "and" | "or" | "not" | "expansion" }>,
  source: FieldSource<Event>,
  context: CheckContext,
): (event: Event) => ExplainedClause {
  const test = compileCondition(node, source, context);
  const text = printCondition(node);
  if (node.kind === "macro") return () => ({ kind: "check", text, outcome: "absent" });
  const fields = fieldsOf(node).map((field) => ({ name: fieldText(field), reader: extractorOf(field, source) }));
  const sides = sidesOf(node, source);
  return (event) => {
    const seen = fields.map(({ name, reader }) => {
      const value = reader(event);
      return value === undefined ? { field: name } : { field: name, value };
    });
    const holds = test(event);
    const isAbsent = !holds && sides.some((side) => side(event) === undefined);
    return { kind: "check", text, outcome: holds ? "true" : isAbsent ? "absent" : "false", fields: seen };
  };
}

function sidesOf<Event>(node: Exists | Comparison, source: FieldSource<Event>): FieldReader<Event>[] {
  const left = extractorOf(node.left, source);
  return node.kind === "comparison" && node.right.kind === "transformer"
    ? [left, extractorOf(node.right, source)]
    : [left];
}

function fieldsOf(part: Part): Field[] {
  switch (part.kind) {
    case "field":
      return [part];
    case "transformer":
      return part.values.flatMap(fieldsOf);
    case "transformer-list":
      return part.items.flatMap(fieldsOf);
    case "exists":
      return fieldsOf(part.left);
    case "comparison":
      return [...fieldsOf(part.left), ...fieldsOf(part.right)];
    default:
      return [];
  }
}
