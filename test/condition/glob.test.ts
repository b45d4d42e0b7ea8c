import fc from "fast-check";
import { expect, test } from "vitest";
import { compileGlob } from "../../src/condition/glob.ts";
import { compilePathPrefixes } from "../../src/condition/path-prefixes.ts";

test.each([
  ["*", "", true],
  ["*", ".a/b", true],
  ["/etc/*", "/etc/a/b", true],
  ["*.sh", "/x/y.sh", true],
  ["*mid*", "amidst", true],
  ["a?c", "abc", true],
  ["a?c", "a😀c", true],
  ["a?c", "ac", false],
  ["[abc]x", "bx", true],
  ["[!abc]x", "bx", false],
  ["[^a-c]x", "dx", true],
  ["[]]x", "]x", true],
  ["[a-]x", "-x", true],
  ["[[:digit:]]x", "7x", true],
  ["[\\]]", "]", true],
  ["[ab", "[ab", true],
  ["a\\*", "a*", true],
  ["a\\*", "ab", false],
  ["a\\", "a\\", false],
  ["a*b*c", "aXbYc", true],
  ["a*b*c", "aXbYcZ", false],
  ["**a", "ba", true],
] as const)("%j takes %j: %s", (pattern, text, expected) => {
  expect(compileGlob(pattern).matches(text)).toBe(expected);
});

test.each([
  ["ABC*", "abcd", true],
  ["[a-c]x", "BX", true],
  ["[[:upper:]]", "a", true],
  ["É", "é", false],
] as const)("ignoring case, %j takes %j: %s", (pattern, text, expected) => {
  expect(compileGlob(pattern, true).matches(text)).toBe(expected);
});

test("a pattern without specials takes itself and nothing else", () => {
  const plain = fc.string().filter((text) => !/[*?[\\]/.test(text));
  fc.assert(fc.property(plain, plain, (pattern, text) => compileGlob(pattern).matches(text) === (pattern === text)));
});

test("many stars over a long text are no trouble", () => {
  expect(compileGlob(`${"*a".repeat(100)}b`).matches("a".repeat(20_000))).toBe(false);
});

test.each([
  [["/etc"], "/etc/hosts", true],
  [["/etc/"], "/etc", true],
  [["etc"], "//etc//hosts", true],
  [["/et"], "/etc/hosts", false],
  [["/et?"], "/etc/hosts", true],
  [["/etc/*"], "/etc", false],
  [["/usr/lib", "/usr"], "/usr/bin/x", true],
  [["/*/bin/[a-c]*"], "/usr/bin/bash", true],
  [["/*/bin/[a-c]*"], "/usr/bin/zsh", false],
  [["/*/x", "/a*/y"], "/ab/y", true],
  [["/"], "relative", true],
  [[""], "", true],
  [[], "/etc", false],
  [["/opt/di[!r]/subdir"], "/opt/dix/subdir/f", true],
] as const)("%j holds a prefix of %j: %s", (paths, path, expected) => {
  expect(compilePathPrefixes(paths).matches(path)).toBe(expected);
});
