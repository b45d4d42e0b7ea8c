import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { MODIFIERS, OPERATORS, TRANSFORMERS } from "../../src/fields/operators.ts";

/** The grammar in the parser's comment: production name to the words it lists in quotes. */
const grammar = new Map(
  readFileSync(resolve(import.meta.dirname, "../../src/condition/parse-condition.ts"), "utf8")
    .replace(/\n\/\/ {21}\|/g, " |")
    .split("\n")
    .flatMap((line) => {
      const match = /^\/\/ {3}(\w+) +::= (.*)$/.exec(line);
      const words = [...(match?.[2]?.matchAll(/'([^']+)'/g) ?? [])].map((word) => word[1] ?? "");
      return match === null ? [] : [[match[1] ?? "", words] as const];
    }),
);

const named = (operand: string): string[] => OPERATORS.filter((row) => row.operand === operand).map(({ name }) => name);

test.each([
  ["UnaryOp", named("none")],
  ["NumOp", named("number")],
  ["StrOp", named("string")],
  ["ListOp", named("list")],
  ["Modifier", [...MODIFIERS]],
  ["Function", TRANSFORMERS.filter(({ identity }) => !identity).map(({ name }) => name)],
] as const)("the grammar's %s are those of the table, in its order", (production, words) => {
  expect(grammar.get(production)).toEqual(words);
});
