import fc from "fast-check";
import { expect, test } from "vitest";
import { type Literal, satisfy } from "../../../src/rules/diff/satisfy.ts";

const VARIABLES = 6;
const literal = fc.integer({ min: 1, max: VARIABLES }).chain((variable) => fc.constantFrom(variable, -variable));
const clause = fc.array(literal, { minLength: 1, maxLength: 4 });

function holds(clauses: readonly (readonly Literal[])[], truth: (variable: number) => boolean): boolean {
  return clauses.every((alternatives) => alternatives.some((one) => truth(Math.abs(one)) === one > 0));
}

test("finds an assignment exactly when there is one, and the one it gives holds", () => {
  fc.assert(
    fc.property(fc.array(clause, { maxLength: 24 }), fc.array(literal, { maxLength: 2 }), (clauses, assumptions) => {
      const all = [...clauses, ...assumptions.map((one) => [one])];
      const numbers = Array.from({ length: 2 ** VARIABLES }, (_, number) => number);
      const exists = numbers.some((number) => holds(all, (variable) => ((number >> (variable - 1)) & 1) === 1));
      const order = Array.from({ length: VARIABLES }, (_, at) => VARIABLES - at);
      const found = satisfy(clauses, assumptions, order, 1_000_000);
      expect(found.kind).toBe(exists ? "satisfied" : "contradiction");
      if (found.kind === "satisfied") expect(holds(all, (variable) => found.model[variable] ?? false)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("gives up when the budget is spent", () => {
  const pigeons = 8;
  const place = (pigeon: number, hole: number) => pigeon * (pigeons - 1) + hole + 1;
  const holes = Array.from({ length: pigeons - 1 }, (_, hole) => hole);
  const all = Array.from({ length: pigeons }, (_, pigeon) => pigeon);
  const clauses = [
    ...all.map((pigeon) => holes.map((hole) => place(pigeon, hole))),
    ...holes.flatMap((hole) => all.flatMap((a) => all.slice(a + 1).map((b) => [-place(a, hole), -place(b, hole)]))),
  ];
  const order = Array.from({ length: pigeons * (pigeons - 1) }, (_, at) => at + 1);
  expect(satisfy(clauses, [], order, 2_000)).toEqual({ kind: "unknown" });
});

test("an empty clause cannot hold, no clause at all can", () => {
  expect(satisfy([[]], [], [], 10).kind).toBe("contradiction");
  expect(satisfy([], [], [], 10).kind).toBe("satisfied");
});
