import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readYaml } from "../../../src/rules/yaml/read-yaml.ts";
import { offsetInFile, type YamlNode } from "../../../src/rules/yaml/yaml-node.ts";

/** The node as plain data: nothing is null, scalars are text, a map is a list of pairs. */
function data(node: YamlNode): unknown {
  if (node.kind === "null") return null;
  if (node.kind === "scalar") return node.value;
  if (node.kind === "sequence") return node.items.map(data);
  return { map: node.pairs.map(([key, value]) => [data(key), data(value)]) };
}

function only(text: string): unknown {
  const { documents, fault } = readYaml(text);
  expect(fault).toBeUndefined();
  expect(documents).toHaveLength(1);
  return data(documents[0]!);
}

describe("what a text says", () => {
  test.each([
    ["a plain scalar", "abc", "abc"],
    ["scalars have no types", "[1, true, 1.5]", ["1", "true", "1.5"]],
    ["nothing", "[~, null, Null, NULL, ]", [null, null, null, null]],
    ["quoted nothing is text", "['null', \"~\"]", ["null", "~"]],
    ["a tagged null is text", "[!!str null]", ["null"]],
    [
      "a list of maps",
      "- a: 1\n  b: 2\n- c: 3\n",
      [
        {
          map: [
            ["a", "1"],
            ["b", "2"],
          ],
        },
        { map: [["c", "3"]] },
      ],
    ],
    [
      "repeated keys, in order",
      "a: 1\na: 2\n",
      {
        map: [
          ["a", "1"],
          ["a", "2"],
        ],
      },
    ],
    ["a sequence at its key's column", "a:\n- b\n- c\n", { map: [["a", ["b", "c"]]] }],
    ["empty elements", "-\n- a\n-\n", [null, "a", null]],
    ["a colon inside a word", "a: b:c\n", { map: [["a", "b:c"]] }],
    ["a comment", "a: b # c\n# d\n", { map: [["a", "b"]] }],
    ["a hash inside a word", "a: b#c\n", { map: [["a", "b#c"]] }],
    ["a plain scalar over lines", "a: b\n  c\n\n  d\n", { map: [["a", "b c\nd"]] }],
    ["double quotes", '"a\\tb\\x41\\u00e9\\\n   c"', "a\tbAéc"],
    ["single quotes", "'it''s\n\n  so'", "it's\nso"],
    ["a literal block", "|\n a\n  b\n\n c\n", "a\n b\n\nc\n"],
    ["a literal block without its last line end", "|-\n a\n", "a"],
    ["a literal block with all line ends", "|+\n a\n\n", "a\n\n"],
    ["a literal block with its own indentation", "|2\n   a\n", " a\n"],
    ["a folded block", ">\n a\n b\n\n c\n   d\n e\n", "a b\nc\n  d\ne\n"],
    [
      "flow collections",
      "{a: [b, {c: d}], e, 'f':g}",
      {
        map: [
          ["a", ["b", { map: [["c", "d"]] }]],
          ["e", null],
          ["f", "g"],
        ],
      },
    ],
    ["a pair in a flow sequence", "[a: b]", [{ map: [["a", "b"]] }]],
    ["an explicit key", "? a\n: b\n", { map: [["a", "b"]] }],
    ["anchors and aliases", "- &x [a]\n- *x\n", [["a"], ["a"]]],
    ["a byte order mark", "\ufeffa: b\n", { map: [["a", "b"]] }],
    ["CRLF", "- a\r\n- |\r\n  b\r\n", ["a", "b\n"]],
    ["directives", "%YAML 1.2\n---\na\n", "a"],
  ])("%s", (_name, text, expected) => {
    expect(only(text)).toEqual(expected);
  });
});

/** A word with an escape in front is read the long way, one character at a time; the rest must come out the same. */
test.each([
  ["a block", (scalar: string) => `- k: ${scalar}\n  m: n\n`, "ab:# '-\\\n\t,"],
  ["a flow collection", (scalar: string) => `- [${scalar}, y]\n- m\n`, "ab:# '-\\\n\t,[]{}?"],
] as const)("the short and the long way of reading scalars of %s agree", (_, written, characters) => {
  const unit = fc.constantFrom(...characters.split(""), ": ", " #", "\n  ", "''");
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 20 }), (text) => {
      const short = readYaml(written(`x${text}`));
      const long = readYaml(written(`\0ex${text}`));
      expect(long.fault?.message).toBe(short.fault?.message);
      const told = short.documents.map(data);
      expect(JSON.stringify(long.documents.map(data)).replace("\\u001bx", "x")).toBe(JSON.stringify(told));
    }),
    { numRuns: 2000 },
  );
});

describe("where reading stops", () => {
  test.each([
    { text: "a: b: c", at: [0, 4], message: "illegal map value" },
    { text: "- a\n b: c", at: [1, 2], message: "illegal map value" },
    { text: "a: [b", at: [0, 0], message: "end of sequence flow not found" },
    { text: "a: {b", at: [0, 0], message: "end of map flow not found" },
    { text: "a: 'b", at: [0, 5], message: "illegal EOF in scalar" },
    { text: "a:\n\t- b", at: [1, 1], message: "illegal block entry" },
    { text: "a: |\n  b\n\tc", at: [2, 0], message: "illegal tab when looking for indentation" },
    { text: "a: *b", at: [0, 3], message: "the referenced anchor is not defined: b" },
    { text: "a: @b", at: [0, 3], message: "unknown token" },
    { text: "a: |x\n", at: [0, 4], message: "unexpected character in block scalar" },
    { text: "a: |0\n", at: [0, 5], message: "cannot set zero indentation for a block scalar" },
    { text: 'a: "\\q"', at: [0, 6], message: "unknown escape character: q" },
    { text: 'a: "\\ud800"', at: [0, 10], message: "invalid unicode: 55296" },
    { text: 'a: "\\xzz"', at: [0, 8], message: "bad character found while scanning hex number" },
    { text: "a: b]\nc: }", at: [1, 3], message: "illegal flow end" },
    { text: "- a\nb: c\n- d", at: [2, 0], message: "end of map not found" },
    { text: "a: &b &c d", at: [0, 6], message: "cannot assign multiple anchors to the same node" },
    { text: 'a: "b" "c"', at: [0, 7], message: "unexpected scalar" },
    { text: "%YAML 2.0\n---\na", at: [0, 0], message: "YAML major version too large" },
    { text: "%YAML\n---\na", at: [0, 0], message: "YAML directives must have exactly one argument" },
    { text: "%TAG ! x\n%TAG ! y\n---\na", at: [1, 0], message: "repeated TAG directive" },
  ])("$text: $message", ({ text, at, message }) => {
    const { fault } = readYaml(text);
    expect([fault?.message, fault?.mark.line, fault?.mark.column]).toEqual([message, ...at]);
  });
});

describe("the two libraries", () => {
  test("the bundled one stops at an empty document, 0.7 reads on", () => {
    const text = "---\n---\n- a\n";
    expect(readYaml(text, "bundled").documents).toHaveLength(0);
    expect(readYaml(text, "0.7").documents.map(data)).toEqual([null, ["a"]]);
  });

  test.each([
    { text: 'a: "b" "c"', bundled: "unexpected scalar", old: "end of map not found" },
    { text: "*b", bundled: "the referenced anchor is not defined: b", old: "the referenced anchor is not defined" },
  ])("$text", ({ text, bundled, old }) => {
    expect(readYaml(text, "bundled").fault?.message).toBe(bundled);
    expect(readYaml(text, "0.7").fault?.message).toBe(old);
  });
});

describe("limits", () => {
  test("aliases that double each other are refused before they cost anything", () => {
    const lines = Array.from({ length: 60 }, (_, n) => `- &a${n + 1} [*a${n}, *a${n}]`);
    const { fault } = readYaml(["- &a0 [x]", ...lines].join("\n"));
    expect(fault?.limit).toBe(true);
    expect(fault?.message).toBe("the file holds more than 2000000 values, aliases counted as copies");
  });

  test("an alias inside what it names is empty and says so", () => {
    const [document] = readYaml("&a [x, *a]").documents;
    expect(document).toMatchObject({ items: [{ value: "x" }, { items: [], recursive: true }] });
  });

  test("collections nest less than 500 deep", () => {
    expect(readYaml("[".repeat(490) + "]".repeat(490)).fault).toBeUndefined();
    expect(readYaml("[".repeat(510) + "]".repeat(510)).fault?.message).toBe("bad file");
  });

  test.each([
    ["brackets", "["],
    ["braces", "{a: "],
    ["blanks", " "],
    ["quotes", "'' "],
    ["question marks", "? "],
    ["dashes", "- "],
    ["line ends", "\n"],
    ["escapes", '"\\'],
    ["anchors", "&a "],
    ["blank lines of a block", "|\n \n"],
  ])("a megabyte of %s is read or refused", (_name, piece) => {
    const { documents, fault } = readYaml(piece.repeat(Math.floor(1_000_000 / piece.length)));
    expect(documents.length === 0 || fault === undefined).toBe(true);
  });
});

const texts = fc.string({
  unit: fc.constantFrom(
    ..."abc:-?#&*!|>'\"%@`[]{},\n\r\t \\~.0x".split(""),
    "é",
    "\u{1f600}",
    "---",
    "\n- ",
    ": ",
    "\n  ",
  ),
  maxLength: 60,
});

test("any text is read or refused at a place inside it", () => {
  fc.assert(
    fc.property(texts, fc.constantFrom("bundled" as const, "0.7" as const), (text, dialect) => {
      const { fault } = readYaml(text, dialect);
      if (fault === undefined) return;
      expect(fault.mark.offset).toBeLessThanOrEqual(text.length + 8);
      expect(fault.message).not.toBe("");
    }),
    { numRuns: 3000 },
  );
});

test("every character of a value that is copied from the text is found there again", () => {
  const word = fc.string({ unit: fc.constantFrom(..."abé/".split("")), minLength: 1, maxLength: 6 });
  const lines = fc.array(word, { minLength: 1, maxLength: 5 });
  const style = fc.constantFrom("plain", "single", "double", "literal", "folded");
  const write = (words: readonly string[], how: string): string => {
    if (how === "single") return `- '${words.join("\n   ")}'`;
    if (how === "double") return `- "${words.join(" \\\n   ")}"`;
    if (how === "plain") return `- ${words.join("\n   ")}`;
    return `- ${how === "literal" ? "|" : ">"}\n   ${words.join("\n   ")}\n`;
  };
  fc.assert(
    fc.property(lines, style, (words, how) => {
      const text = write(words, how);
      const [document] = readYaml(text).documents;
      const scalar = document?.kind === "sequence" ? document.items[0] : undefined;
      if (scalar?.kind !== "scalar") throw new Error("no scalar was read");
      for (let at = 0; at < scalar.value.length; at += 1) {
        if (/\s/.test(scalar.value.charAt(at))) continue;
        expect(text.charAt(offsetInFile(scalar.map, at))).toBe(scalar.value.charAt(at));
      }
    }),
  );
});
