import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lineDiff } from "../../../src/falco/deploy/line-diff.ts";

describe("the lines that changed", () => {
  test.each([
    { why: "nothing", before: "a\nb\n", after: "a\nb\n", shown: [] },
    { why: "a new text", before: "", after: "a\nb\n", shown: ["+ a", "+ b"] },
    { why: "a text that goes", before: "a\n", after: "", shown: ["- a"] },
    {
      why: "a line in the middle",
      before: "1\n2\n3\n4\n5\n6\n7\n",
      after: "1\n2\n3\nx\n5\n6\n7\n",
      shown: ["…", "  2", "  3", "- 4", "+ x", "  5", "  6", "…"],
    },
    {
      why: "two places",
      before: "1\n2\n3\n4\n5\n6\n7\n8\n9\n",
      after: "2\n3\n4\n5\n6\n7\n8\n9\n0\n",
      shown: ["- 1", "  2", "  3", "…", "  8", "  9", "+ 0"],
    },
    { why: "the last line feed", before: "a\n", after: "a", shown: ["  a", "+ \\ no line feed at the end"] },
  ])("for $why", ({ before, after, shown }) => {
    expect(lineDiff(before, after)).toEqual(shown);
  });

  test("make the one text into the other", () => {
    const line = fc.constantFrom("a", "b", "c", "");
    const text = fc.array(line, { maxLength: 30 }).map((lines) => lines.map((one) => `${one}\n`).join(""));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const rows = lineDiff(before, after);
        const count = (mark: string): number => rows.filter((row) => row.startsWith(mark)).length;
        const linesIn = (whole: string): number => whole.split("\n").length - 1;
        expect(linesIn(before) - count("- ") + count("+ ")).toBe(linesIn(after));
        if (before !== after) expect(rows.length).toBeGreaterThan(0);
        const shownOld = rows.filter((row) => /^[- ] /.test(row)).map((row) => row.slice(2));
        const shownNew = rows.filter((row) => /^[+ ] /.test(row)).map((row) => row.slice(2));
        expect(isInside(shownOld, before.split("\n"))).toBe(true);
        expect(isInside(shownNew, after.split("\n"))).toBe(true);
      }),
    );
  });

  test("are found in large texts without a table of all pairs", () => {
    const many = (from: number): string => Array.from({ length: 20_000 }, (_, at) => `${from + at}\n`).join("");
    expect(lineDiff(many(0), many(100_000))).toHaveLength(40_000);
  });
});

/** Whether all of the first come in the second, in that order. */
function isInside(some: readonly string[], all: readonly string[]): boolean {
  let at = 0;
  for (const line of all) if (line === some[at]) at += 1;
  return at === some.length;
}
