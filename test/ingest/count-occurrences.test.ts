import { expect, test } from "vitest";
import { createOccurrences } from "../../src/ingest/count-occurrences.ts";

test("equal ids are numbered, different ones are not", () => {
  const occurrences = createOccurrences();
  expect(["a", "a", "b", "a", "b"].map((id) => occurrences.next(id))).toEqual([1, 2, 1, 3, 2]);
});

test("the window forgets the id that was seen longest ago", () => {
  const occurrences = createOccurrences([], 2);
  expect(["a", "b", "a", "c", "a", "b"].map((id) => occurrences.next(id))).toEqual([1, 1, 2, 1, 3, 1]);
});

test("the newest entries carry the numbering over a restart", () => {
  const before = createOccurrences();
  for (const id of ["a", "b", "b", "c"]) before.next(id);
  expect(before.newest(2)).toEqual([
    ["b", 2],
    ["c", 1],
  ]);
  const after = createOccurrences(before.newest(2));
  expect(["b", "c", "a"].map((id) => after.next(id))).toEqual([3, 2, 1]);
});
