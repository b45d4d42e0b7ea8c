import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { edits, nearestNames } from "../../src/text/nearest-names.ts";

const FIELDS = ["proc.name", "proc.pname", "proc.cmdline", "proc.aname", "fd.name", "evt.type", "container.id"];

test.each([
  ["proc.nmae", "proc.name"],
  ["PROC.NAME", "proc.name"],
  ["cmdline", "proc.cmdline"],
  ["container", "container.id"],
  ["evt_type", "evt.type"],
])("%s is meant as %s", (typed, meant) => {
  expect(nearestNames(typed, FIELDS, 1)).toEqual([meant]);
});

test("gives at most as many as asked, each once", () => {
  expect(nearestNames("x", ["a", "a", "b"], 5)).toEqual(["a", "b"]);
  expect(nearestNames("x", [], 3)).toEqual([]);
});

describe("edits", () => {
  test.each([
    ["", "abc", 3],
    ["kitten", "sitting", 3],
    ["ab", "ba", 1],
    ["same", "same", 0],
  ])("%s to %s: %i", (a, b, distance) => {
    expect(edits(a, b)).toBe(distance);
  });

  test("is symmetric and zero only for equal texts", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), fc.string({ maxLength: 20 }), (a, b) => {
        expect(edits(a, b)).toBe(edits(b, a));
        expect(edits(a, b) === 0).toBe(a === b);
      }),
    );
  });
});
