import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCondition } from "../../src/condition/parse-condition.ts";
import { printCondition } from "../../src/condition/print-condition.ts";
import { codeFrame } from "../../src/text/code-frame.ts";
import { conditions, wildText } from "./generators.ts";
import { treeText } from "./tree-text.ts";

const corpus = readFileSync(resolve(import.meta.dirname, "corpus/trees.txt"), "utf8")
  .split(/^# /m)
  .slice(1)
  .map((section) => {
    const [title = "", ...rest] = section.split("\n");
    const [source = "", tree = ""] = rest.join("\n").split("\n==>\n");
    return { title, source, tree: `${tree.trimEnd()}\n` };
  });

describe("trees", () => {
  test.each(corpus)("$title", ({ source, tree }) => {
    const { node, error } = parseCondition(source);
    expect(error).toBeUndefined();
    expect(node && treeText(node)).toBe(tree);
  });
});

const OPERATORS =
  "'exists', '<=', '<', '>=', '>', '==', '=', '!=', 'glob', 'iglob', 'contains', 'icontains', 'bcontains', 'startswith', 'bstartswith', 'endswith', 'regex', 'intersects', 'in', 'pmatch'";
const RIGHT = "'val', 'tolower', 'toupper', 'b64', 'basename', 'len', 'join', 'concat', 'getopt'";

/** The message and the place as a person sees them. */
function fault(source: string): string {
  const { error } = parseCondition(source);
  return error === undefined ? "no error" : `${error.message}\n${codeFrame(source, error.span)}`;
}

test.each([
  ["", "filter input string is empty\n | \n | ^"],
  ["proc.name=a andproc.pid=1", "expected blank or '(' after 'and'\n | proc.name=a andproc.pid=1\n |                ^"],
  ["a=b", "unexpected token after 'a', expecting 'or', 'and'\n | a=b\n |  ^"],
  ["proc.name=a AND x", "unexpected token after 'a', expecting 'or', 'and'\n | proc.name=a AND x\n |             ^"],
  ["(proc.name=a", "expected a ')' token\n | (proc.name=a\n |             ^"],
  [
    "proc.name=a and )",
    "expected a '(' token, a field check, or an identifier\n | proc.name=a and )\n |                 ^",
  ],
  ["proc.name", `expected a valid check operator: one of ${OPERATORS}\n | proc.name\n |          ^`],
  [
    "proc.name contains(a)",
    `expected a valid check operator: one of ${OPERATORS}\n | proc.name contains(a)\n |           ^`,
  ],
  [
    "evt.num > x",
    `expected a number value or a field with a valid transformer: ${RIGHT}\n | evt.num > x\n |           ^`,
  ],
  [
    "proc.name = (a)",
    `expected a string value or a field with a valid transformer: ${RIGHT}\n | proc.name = (a)\n |             ^`,
  ],
  [
    'proc.name = "a\\\\"',
    `expected a string value or a field with a valid transformer: ${RIGHT}\n | proc.name = "a\\\\"\n |             ^`,
  ],
  [
    "proc.name in 5",
    `expected a list, an identifier, or a field with a valid transformer: ${RIGHT}\n | proc.name in 5\n |              ^`,
  ],
  ["proc.name in (a,)", "expected a string value\n | proc.name in (a,)\n |                 ^"],
  ["proc.name in (a b)", "expected a ')' token\n | proc.name in (a b)\n |                 ^"],
  [
    "proc.aname[]=a",
    "expected a valid field argument: a quoted string or a bare string\n | proc.aname[]=a\n |            ^",
  ],
  ["proc.aname[1=a", "expected a ']' token\n | proc.aname[1=a\n |               ^"],
  ['proc.name = "\\q"', 'unsupported string escape sequence: \\q\n | proc.name = "\\q"\n |                 ^'],
  ['proc.name = "\\\'"', 'invalid \\\' escape in "-quoted string\n | proc.name = "\\\'"\n |                 ^'],
  ['proc.name = "\\x4"', 'truncated hex char escape sequence\n | proc.name = "\\x4"\n |                  ^'],
  ['proc.name = "\\xzz"', 'invalid hex char escape sequence: zz\n | proc.name = "\\xzz"\n |                   ^'],
  [
    "tolower(proc.name = a",
    "expected a ')' token closing the transformer\n | tolower(proc.name = a\n |                   ^",
  ],
  [
    "tolower() = a",
    "expected field transformer argument: field, transformer, quoted string, number, or transformer list\n | tolower() = a\n |         ^",
  ],
  [
    'join("", (a)) = a',
    'expected transformer list argument: field, transformer, quoted string, or number\n | join("", (a)) = a\n |           ^',
  ],
  ["proc.name = val(a)", "expected a field within 'val' transformer\n | proc.name = val(a)\n |                 ^"],
  ["val(proc.name) = a", "unexpected token after 'val', expecting 'or', 'and'\n | val(proc.name) = a\n |    ^"],
] as const)("%j", (source, shown) => {
  expect(fault(source)).toBe(shown);
});

test.each([
  ["proc.name=a\n  and\n  x y", { line: 3, column: 5, offset: 22 }],
  ["proc.name=ä ö", { line: 1, column: 14, offset: 13 }],
  ["proc.name=a\r\n)", { line: 3, column: 1, offset: 13 }],
] as const)("a place is given as Falco counts it, lines at CR and LF, columns in bytes: %j", (source, position) => {
  expect(parseCondition(source).error?.position).toEqual(position);
});

test("nesting ends at Falco's depth limit, whatever the nesting is made of", () => {
  const nested = (open: string, count: number): string => `${open.repeat(count)}a${")".repeat(count)}`;
  expect(parseCondition(nested("(", 199)).error).toBeUndefined();
  expect(parseCondition(nested("(", 200)).error?.message).toBe("exceeded max depth limit of 1000");
  for (const open of ["(", "not(", "not (", "a and (", "tolower(", 'join("",(']) {
    expect(parseCondition(open.repeat(100_000)).error).toBeDefined();
  }
});

test("printing and parsing again changes nothing but pairs of nots, which are read as none", () => {
  fc.assert(
    fc.property(conditions, (text) => {
      const { node } = parseCondition(text);
      if (node === undefined) throw new Error(`generated condition does not parse: ${text}`);
      const printed = printCondition(node);
      const again = parseCondition(printed).node;
      expect(again && printCondition(again)).toBe(printed.replaceAll("not not ", ""));
    }),
  );
});

test.each([
  ["a", 4],
  ["(a)", 9],
  ["proc.name=a", 7],
  ["tolower(proc.name)=a", 7],
] as const)("%s goes %i productions deep", (source, depth) => {
  expect(parseCondition(source, depth + 1).error).toBeUndefined();
  expect(parseCondition(source, depth).error?.message).toBe(`exceeded max depth limit of ${depth}`);
});

test("spans cover what they name", () => {
  const source = "  not (proc.name in (a, 'b c') and tolower(fd.name) = x )";
  const { node } = parseCondition(source);
  const texts: string[] = [];
  const walk = (part: unknown): void => {
    if (typeof part !== "object" || part === null) return;
    if ("span" in part) {
      const { start, end } = part.span as { start: number; end: number };
      texts.push(source.slice(start, end));
    }
    for (const value of Object.values(part)) walk(value);
  };
  walk(node);
  expect(texts).toEqual([
    "not (proc.name in (a, 'b c') and tolower(fd.name) = x )",
    "proc.name in (a, 'b c') and tolower(fd.name) = x",
    "proc.name in (a, 'b c')",
    "proc.name",
    "(a, 'b c')",
    "a",
    "'b c'",
    "tolower(fd.name) = x",
    "tolower(fd.name)",
    "fd.name",
    "x",
  ]);
});

test("no text makes the parser fail", () => {
  fc.assert(
    fc.property(wildText, (text) => {
      const parsed = parseCondition(text);
      expect(parsed.node === undefined).not.toBe(parsed.error === undefined);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ["letters", "a"],
  ["letters and dots", "a."],
  ["quotes", '"'],
  ["backslashes in quotes", '"\\'],
  ["brackets", "("],
  ["checks", "proc.name=a and "],
  ["list elements", "a,"],
  ["arguments", "a.b[x]"],
  ["blanks", " "],
] as const)("a million characters of %s are read in one go", (_, piece) => {
  const text = piece.repeat(Math.ceil(1_000_000 / piece.length));
  for (const source of [text, `proc.name in (${text}`, `proc.name = "${text}`, `tolower(${text}`]) {
    expect(() => parseCondition(source)).not.toThrow();
  }
});
