import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSourceFile } from "../../src/rules/load-context.ts";
import { type SourcedText, sourcedScalar } from "../../src/rules/sourced-text.ts";
import {
  createListTable,
  type ExpandedText,
  placeInExpanded,
  substituteLists,
} from "../../src/rules/substitute-lists.ts";

/** A text that stands at the given offset of a file. */
function sourced(text: string, at = 0): SourcedText {
  const file = createSourceFile("a.yaml", " ".repeat(at) + text, 0);
  const mark = { offset: at, line: 0, column: at };
  return sourcedScalar(file, { kind: "scalar", mark, value: text, map: [0, at], plain: true });
}

function expand(text: string, lists: Readonly<Record<string, readonly string[]>>): ExpandedText | undefined {
  const entries = Object.entries(lists);
  const table = createListTable(
    entries.map(([name, items], order) => ({ name, order, items: items.map((item) => sourced(item, 1000)) })),
  );
  return substituteLists(sourced(text), table);
}

describe("lists are put in as text", () => {
  test.each([
    ["in a list", "a in (l)", { l: ["x", "y"] }, "a in ( x, y )"],
    ["among others", "a in (b, l, c)", { l: ["x", "y"] }, "a in (b, x, y , c)"],
    ["blanks around a name are taken", "a in (  l\n )", { l: ["x"] }, "a in ( x )"],
    ["as a whole text", "l", { l: ["x"] }, "x "],
    ["behind an equal sign", "a=l", { l: ["x"] }, "a= x "],
    ["inside quotes too", 'a = "x l y"', { l: ["q"] }, 'a = "x q y"'],
    ["not inside words", "a.l in (ll, l.l)", { l: ["x"] }, "a.l in (ll, l.l)"],
    ["items with blanks get quotes", "a in (l)", { l: ["x y", "'p q'", '"r s"'] }, `a in ( "x y", 'p q', "r s" )`],
    ["nothing takes a comma with it, left", "a in (b, l)", { l: [] }, "a in (b  )"],
    ["nothing takes a comma with it, right", "a in (l, b)", { l: [] }, "a in (   b)"],
    ["nothing at all", "a in (l)", { l: [] }, "a in (  )"],
    ["list by list, in their order", "a in (l)", { l: ["m"], m: ["x"] }, "a in ( x )"],
    ["but never back", "a in (m)", { l: ["x"], m: ["l"] }, "a in ( l )"],
    ["a list that holds its own name", "a in (l)", { l: ["l", "x"] }, "a in ( l, x )"],
    ["twice", "a in (l) or b in (l)", { l: ["x"] }, "a in ( x ) or b in ( x )"],
    ["side by side", "(l,l)", { l: ["x"] }, "( x , x )"],
    ["the second at a text's start is overlooked", "l l l", { l: ["x"] }, "x l x "],
    ["a name with a blank in it", "a in (my list)", { "my list": ["x"] }, "a in ( x )"],
  ] as const)("%s", (_name, text, lists, expected) => {
    expect(expand(text, lists)?.text).toBe(expected);
  });

  test("which lists were put in", () => {
    expect(expand("a in (l) and b in (m)", { k: ["x"], l: ["m"], m: ["y"] })?.lists).toEqual(["l", "m"]);
  });
});

describe("places in the expanded text", () => {
  test("before, inside and behind a list", () => {
    const expanded = expand("aa in (l) and bb", { l: ["xx", "yy"] })!;
    expect(expanded.text).toBe("aa in ( xx, yy ) and bb");
    const at = (part: string) => {
      const start = expanded.text.indexOf(part);
      return placeInExpanded(expanded, start, start + 2)?.span;
    };
    expect([at("aa"), at("xx"), at("yy"), at("bb")]).toEqual([
      { start: 0, end: 2 },
      { start: 1000, end: 1002 },
      { start: 1000, end: 1002 },
      { start: 14, end: 16 },
    ]);
  });

  test("a list that is the whole text", () => {
    expect(placeInExpanded(expand("l", { l: ["xx"] })!, 0, 2)?.span).toEqual({ start: 1000, end: 1002 });
  });

  test("what was not put in by a list is found where it stands", () => {
    const word = fc.constantFrom("l", "m", "aa", "bb", "(", ")", ",", "=", " ", "  ");
    fc.assert(
      fc.property(fc.array(word, { maxLength: 14 }), (words) => {
        const text = words.join("");
        const expanded = expand(text, { l: ["m", "q r"], m: [] })!;
        for (const part of ["aa", "bb"]) {
          for (let at = expanded.text.indexOf(part); at !== -1; at = expanded.text.indexOf(part, at + 1)) {
            const span = placeInExpanded(expanded, at, at + 2)?.span;
            expect(text.slice(span?.start, span?.end)).toBe(part);
          }
        }
      }),
    );
  });
});

test("lists that double the text at every step are refused", () => {
  const lists = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`l${n}`, [`l${n + 1}`, `l${n + 1}`]]));
  expect(expand("a in (l0)", lists)).toBeUndefined();
});

test("a megabyte of names is no trouble", () => {
  const expanded = expand("l,".repeat(200_000), { l: ["x"] });
  expect(expanded?.text.length).toBeGreaterThan(300_000);
});
