import fc from "fast-check";
import { expect, test } from "vitest";
import { createLineIndex } from "../../src/text/line-index.ts";

test.each([
  { text: "", offset: 0, line: 1, column: 1 },
  { text: "ab\ncd", offset: 0, line: 1, column: 1 },
  { text: "ab\ncd", offset: 2, line: 1, column: 3 },
  { text: "ab\ncd", offset: 3, line: 2, column: 1 },
  { text: "ab\ncd", offset: 99, line: 2, column: 3 },
  { text: "a\r\nb", offset: 2, line: 1, column: 3 },
  { text: "a\n", offset: 2, line: 2, column: 1 },
  { text: "x", offset: -5, line: 1, column: 1 },
])("offset $offset of $text is $line:$column", ({ text, offset, line, column }) => {
  expect(createLineIndex(text).placeAt(offset)).toEqual({ line, column });
});

test("a place leads back to its offset", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", "\n", "\r", "é") }), fc.nat(40), (text, at) => {
      const offset = Math.min(at, text.length);
      const index = createLineIndex(text);
      const { line, column } = index.placeAt(offset);
      expect(index.startOf(line) + column - 1).toBe(offset);
      expect(line).toBeLessThanOrEqual(index.lineCount);
    }),
  );
});
