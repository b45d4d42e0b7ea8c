import fc from "fast-check";
import { expect, test } from "vitest";
import { compilePosixRegex } from "../../src/condition/posix-regex.ts";

test.each([
  ["abc", "abc", true],
  ["abc", "xabc", false],
  ["cur", "curl", false],
  ["a.c", "abc", true],
  ["a.c", "a\nc", false],
  ["[^x]*", "a\nb", true],
  ["^a$", "a", true],
  ["a$\n^b", "a\nb", true],
  ["(a|ab)(c|bcd)", "abcd", true],
  ["a**", "aaa", true],
  ["a{2}{2}", "aaaa", true],
  ["a{2}{2}", "aaa", false],
  ["a{,3}", "a{,3}", true],
  ["{", "{", true],
  ["", "", true],
  ["a||b", "", true],
  ["[[:digit:]x]+", "1x2", true],
  ["[[:^digit:]]+", "é", true],
  ["[]a]+", "]a", true],
  ["[^]a]", "]", false],
  ["[a-]+", "a-", true],
  ["[\\]]", "]", true],
  ["\\x41\\x{42}\\103", "ABC", true],
  ["\\.\\-", ".-", true],
  [".+", "😀", true],
] as const)("%j matches %j whole: %s", (source, text, expected) => {
  const regex = compilePosixRegex(source);
  expect("message" in regex ? regex.message : regex.matches(text)).toBe(expected);
});

test.each([
  ["a(", "missing ): a("],
  ["a)", "unexpected ): a)"],
  ["[a", "missing ]: [a"],
  ["[a-", "invalid UTF-8"],
  ["[z-a]", "invalid character class range: z-a"],
  ["[a-b-c]", "invalid character class range: -c"],
  ["[[:foo:]]", "invalid character class range: [:foo:]"],
  ["*a", "no argument for repetition operator: *"],
  ["a|+", "no argument for repetition operator: +"],
  ["(?:a)", "no argument for repetition operator: ?"],
  ["a{1001}", "invalid repetition size: {1001}"],
  ["a{2,1}", "invalid repetition size: {2,1}"],
  ["(a{100}){11}", "invalid repetition size: {11}"],
  ["\\d", "invalid escape sequence: \\d"],
  ["\\1", "invalid escape sequence: \\1"],
  ["\\pL", "invalid escape sequence: \\p"],
  ["\\x{110000}", "invalid escape sequence: \\x{110000"],
  ["a\\", "trailing \\"],
  ["\udcff", "invalid UTF-8"],
] as const)("%j is refused as %j", (source, message) => {
  expect(compilePosixRegex(source)).toEqual({ message });
});

test("no expression makes the reader fail, and a text is matched or not", () => {
  const piece = fc.constantFrom(
    "a",
    "b",
    ".",
    "*",
    "+",
    "?",
    "(",
    ")",
    "[",
    "]",
    "^",
    "$",
    "|",
    "{2}",
    "{1,3}",
    "-",
    "\\",
    "[:alpha:]",
    "é",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.string({ maxLength: 20 }), (pieces, text) => {
      const regex = compilePosixRegex(pieces.join(""));
      if (!("message" in regex)) expect(typeof regex.matches(text)).toBe("boolean");
    }),
  );
});

test("an expression that back-tracks for ever elsewhere is matched in linear time", () => {
  const regex = compilePosixRegex("(a*)*(a|aa)+b");
  expect("message" in regex || regex.matches("a".repeat(50_000))).toBe(false);
});
