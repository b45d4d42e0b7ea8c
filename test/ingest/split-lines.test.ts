import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createLineSplitter } from "../../src/ingest/split-lines.ts";
import { cutAt, split } from "./fixtures.ts";

test.each([
  { text: "", lines: [], why: "nothing" },
  { text: "a\nb\n", lines: ["a", "b"], why: "plain lines" },
  { text: "a\r\nb\r\n", lines: ["a", "b"], why: "CRLF" },
  { text: "a\n\nb", lines: ["a", "", "b"], why: "a blank line counts, the last needs no line end" },
  { text: "\ufeff{}\n\ufeff", lines: ["{}", "\ufeff"], why: "a mark is dropped at the very beginning only" },
  { text: "a\rb\n", lines: ["a\rb"], why: "a lone CR is text" },
])("$why", ({ text, lines }) => {
  expect(split([Buffer.from(text)]).lines.map((line) => Buffer.from(line, "latin1").toString())).toEqual(lines);
});

test("a line over the limit is hashed and measured, not held, and its neighbours are untouched", () => {
  const long = "x".repeat(5000);
  const taken = split(cutAt(Buffer.from(`before\n${long}\nafter\n`), [3, 700, 1500, 4000]), 1000);
  expect(taken.lines).toEqual(["before", "after"]);
  expect(taken.oversize).toEqual([
    { offset: 7, lengthBytes: 5000, sha256: createHash("sha256").update(long).digest("hex") },
  ]);
  expect(taken.offsets).toEqual([0, 5008]);
});

test("the limit itself is still a line", () => {
  expect(split([Buffer.from(`${"x".repeat(10)}\n${"y".repeat(11)}\n`)], 10)).toMatchObject({
    lines: ["x".repeat(10)],
    oversize: [{ offset: 11, lengthBytes: 11 }],
  });
});

test("where the bytes are cut into chunks does not matter", () => {
  const text = fc.array(fc.constantFrom("a", "bb", "\n", "\r\n", "c".repeat(30)), { maxLength: 40 });
  fc.assert(
    fc.property(text, fc.array(fc.nat(400), { maxLength: 6 }), (parts, cuts) => {
      const bytes = Buffer.from(parts.join(""));
      expect(split(cutAt(bytes, cuts), 20)).toEqual(split([bytes], 20));
    }),
  );
});

test("the offset is the end of the last whole line, counted from where the splitter began", () => {
  const splitter = createLineSplitter({ line: () => undefined, oversize: () => undefined }, 10, 100);
  splitter.push(Buffer.from("abc\nde"));
  expect(splitter.offset).toBe(104);
  splitter.push(Buffer.from("f\n"));
  expect(splitter.offset).toBe(108);
});
