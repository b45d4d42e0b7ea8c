import fc from "fast-check";
import { expect, test } from "vitest";
import { itemText } from "../../../src/rules/library/item-text.ts";

test.each([
  ["the last item", "- rule: a\n  desc: d\n", 2, "- rule: a\n  desc: d"],
  ["an item before another", "- rule: a\n  x: 1\n\n# about b\n- rule: b\n", 2, "- rule: a\n  x: 1"],
  ["an item deeper in", "  - rule: a\n    x: 1\n  - rule: b\n", 4, "  - rule: a\n    x: 1"],
  [
    "lists and blank lines inside",
    "- rule: a\n  tags:\n    - x\n\n  x: |\n    # no comment\n- b\n",
    2,
    "- rule: a\n  tags:\n    - x\n\n  x: |\n    # no comment",
  ],
  ["the end of a document", "- rule: a\n---\n- rule: b\n", 2, "- rule: a"],
  ["windows line ends", "- rule: a\r\n  x: 1\r\n- rule: b\r\n", 2, "- rule: a\n  x: 1"],
  ["an item in flow style", "[{rule: a}, {rule: b}]\n", 1, "{rule: a}, {rule: b}]"],
])("%s", (_what, text, offset, expected) => {
  expect(itemText(text, offset)).toBe(expected);
});

test("any text at any offset gives some text", () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.nat(100),
      (text, offset) => typeof itemText(text, Math.min(offset, text.length)) === "string",
    ),
  );
});
