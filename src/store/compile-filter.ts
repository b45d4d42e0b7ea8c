import { createHash } from "node:crypto";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import type { AlertFilter, FieldCondition } from "./alert-store.ts";
import { wordsOf } from "./words.ts";

/** What alerts have columns of. `tags` holds an alert's whole list as JSON: lists repeat from alert to alert. */
export type ColumnKey = "rule" | "priority" | "source" | "hostname" | "tags" | "received" | `field:${string}`;

/** Holds for an alert where any of the columns has a text that passes, or, negated, where none has. */
export interface Clause {
  readonly keys: readonly ColumnKey[];
  readonly test: (text: string) => boolean;
  /** The only texts that can pass, where the test is for equality. */
  readonly equals?: readonly string[];
  readonly isNegated: boolean;
}

/** A filter in the form that parts answer: everything in it must hold. */
export interface Query {
  readonly fromNs?: bigint;
  readonly toNs?: bigint;
  readonly clauses: readonly Clause[];
  readonly words: readonly string[];
  readonly phrases: readonly (readonly string[])[];
  readonly runId?: string;
}

/** The query that a filter means; an empty list filters nothing. Fails with INVALID_ARGUMENT. */
export function compileFilter(filter: AlertFilter): Query {
  const { words, phrases } = compileText(filter.text);
  return {
    ...(filter.fromNs === undefined ? {} : { fromNs: filter.fromNs }),
    ...(filter.toNs === undefined ? {} : { toNs: filter.toNs }),
    ...(filter.runId === undefined ? {} : { runId: filter.runId }),
    clauses: [
      ...oneOf("rule", filter.rules),
      ...oneOf("priority", filter.priorities),
      ...oneOf("source", filter.sources),
      ...oneOf("hostname", filter.hostnames),
      ...allTags(filter.tags),
      ...(filter.fields ?? []).map(compileCondition),
    ],
    words,
    phrases,
  };
}

/** 16 hex digits that differ between filters; lists count in the order given. */
export function hashFilter(filter: AlertFilter, more: string): string {
  const { fromNs, toNs, priorities, rules, sources, hostnames, tags, fields, text, runId } = filter;
  const parts = [fromNs?.toString(), toNs?.toString(), priorities, rules, sources, hostnames, tags, text, runId, more];
  const conditions = fields?.map((field) => [field.fields, field.operator, field.values]);
  return createHash("sha256")
    .update(JSON.stringify([...parts.map((part) => part ?? null), conditions ?? null]))
    .digest("hex")
    .slice(0, 16);
}

function oneOf(key: ColumnKey, values: readonly string[] | undefined): Clause[] {
  if (values === undefined || values.length === 0) return [];
  const wanted = new Set(values);
  return [{ keys: [key], test: (text) => wanted.has(text), equals: values, isNegated: false }];
}

function allTags(tags: readonly string[] | undefined): Clause[] {
  if (tags === undefined || tags.length === 0) return [];
  const test = (text: string) => {
    const present = JSON.parse(text) as readonly string[];
    return tags.every((tag) => present.includes(tag));
  };
  return [{ keys: ["tags"], test, isNegated: false }];
}

function compileCondition(condition: FieldCondition): Clause {
  const { fields, operator, values } = condition;
  if (fields.length === 0) throw invalidFilter("a field condition names no field", "Name at least one output field.");
  if (operator !== "exists" && values.length === 0) {
    throw invalidFilter(
      `operator "${operator}" on ${fields[0]} has no value`,
      "Pass at least one value to compare with.",
    );
  }
  const keys = fields.map((name) => `field:${name}` as const);
  const wanted = new Set(values);
  switch (operator) {
    case "=":
    case "in":
      return { keys, test: (text) => wanted.has(text), equals: values, isNegated: false };
    case "!=":
      return { keys, test: (text) => wanted.has(text), equals: values, isNegated: true };
    case "contains":
      return { keys, test: (text) => values.some((value) => text.includes(value)), isNegated: false };
    case "startswith":
      return { keys, test: (text) => values.some((value) => text.startsWith(value)), isNegated: false };
    case "exists":
      return { keys, test: () => true, isNegated: false };
    default:
      throw invalidFilter(`"${String(operator)}" is no operator`, "Use =, !=, in, contains, startswith or exists.");
  }
}

function compileText(text: string | undefined): { words: string[]; phrases: string[][] } {
  const words: string[] = [];
  const phrases: string[][] = [];
  for (const [, quoted, plain] of (text ?? "").matchAll(/"([^"]*)"|([^\s"]+)/g)) {
    const found = wordsOf(quoted ?? plain ?? "");
    words.push(...found);
    if (quoted !== undefined && found.length > 1) phrases.push(found);
  }
  if (text !== undefined && words.length === 0) {
    throw invalidFilter(
      `text ${JSON.stringify(text.slice(0, 80))} holds no word`,
      "Search for letters or digits, or filter on a field instead.",
    );
  }
  return { words: [...new Set(words)], phrases };
}

function invalidFilter(message: string, fix: string): FalcoSkillsError {
  return new FalcoSkillsError("INVALID_ARGUMENT", message, { fix });
}
