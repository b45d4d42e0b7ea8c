import fc from "fast-check";
import { expect, test } from "vitest";
import { parseChecklist } from "../../src/skills/parse-checklist.ts";
import { parseManifest } from "../../src/skills/parse-frontmatter.ts";
import { CHECKLIST } from "./skill-folder.ts";

const edit = (from: string, to: string) => {
  const text = CHECKLIST.replace(from, to);
  if (text === CHECKLIST) throw new Error(`nothing to replace: ${from}`);
  return text;
};

test.each<{ what: string; text: string; faults: string[] }>([
  { what: "nothing", text: "", faults: ["1:1 the file: invalid input: expected object, received null"] },
  { what: "a list", text: "- a\n", faults: ["1:1 the file: invalid input: expected object, received array"] },
  {
    what: "two documents",
    text: `${CHECKLIST}---\nx: 1\n`,
    faults: ["10:1 holds more than one YAML document"],
  },
  {
    what: "another version",
    text: edit("version: 1", "version: 2"),
    faults: ["1:10 version: invalid input: expected 1"],
  },
  {
    what: "a version as text",
    text: edit("version: 1", 'version: "1"'),
    faults: ["1:10 version: invalid input: expected 1"],
  },
  {
    what: "an unknown key of an item",
    text: edit("severity: high", "severity: high, why: x"),
    faults: ['7:110 items.0: unknown key "why"'],
  },
  {
    what: "an unknown kind",
    text: edit("kind: manual", "kind: magic"),
    faults: ['7:61 items.0.kind: invalid option: expected one of "auto"|"manual"|"hybrid"'],
  },
  {
    what: "an id with a blank",
    text: edit("id: A1", "id: A 1"),
    faults: ["7:11 items.0.id: expected letters, digits and inner hyphens"],
  },
  {
    what: "an empty title",
    text: edit("title: First", "title: ''"),
    faults: ["7:34 items.0.title: too small: expected string to have >=1 characters"],
  },
  { what: "an id twice", text: edit("id: A3", "id: A1"), faults: ['9:11 item "A1" is defined twice'] },
  {
    what: "a phase twice",
    text: edit("  - { id: one, title: One }\n", "  - { id: one, title: One }\n  - { id: one, title: Two }\n"),
    faults: ['6:11 phase "one" is defined twice'],
  },
  {
    what: "a phase nobody defined",
    text: edit("phase: one, title: Second", "phase: two, title: Second"),
    faults: ['8:22 no phase is called "two"'],
  },
  {
    what: "an order towards nothing",
    text: edit("must_precede: [A2]", "must_precede: [A2, A9]"),
    faults: ['7:88 no item has the id "A9"'],
  },
  {
    what: "an item before itself",
    text: edit("must_precede: [A2]", "must_precede: [A1]"),
    faults: ['7:5 item "A1" must precede itself'],
  },
  {
    what: "a circle",
    text: edit("kind: hybrid,", "kind: hybrid, must_precede: [A1],"),
    faults: ['7:5 item "A1" must precede itself'],
  },
  {
    what: "a manual item with a test",
    text: edit("kind: manual", "kind: manual, test: t"),
    faults: ['7:75 item "A1" is manual and cannot have a test'],
  },
  {
    what: "an automatic item without one",
    text: edit(", test: t-3", ""),
    faults: ['9:70 item "A3" is auto and needs a test'],
  },
  {
    what: "an alias",
    text: edit("text: Do it.", "text: *a"),
    faults: ["7:47 uses an alias, which is not plain YAML"],
  },
  {
    what: "a bomb of aliases",
    text: "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n",
    faults: ["1:7 uses an anchor, which is not plain YAML"],
  },
  {
    what: "a directive",
    text: `%YAML 1.1\n---\n${CHECKLIST}`,
    faults: ["1:1 uses a directive, which is not plain YAML"],
  },
  { what: "a merge key", text: `${CHECKLIST}<<: {}\n`, faults: ['10:5 the file: unknown key "<<"'] },
  { what: "a key twice", text: `${CHECKLIST}title: Again\n`, faults: ['10:1 has the key "title" twice'] },
  { what: "a mapping as key", text: `${CHECKLIST}? {a: 1}\n: 1\n`, faults: ["10:3 has a key that is no plain text"] },
  { what: "ten thousand brackets", text: `a: ${"[".repeat(10_000)}`, faults: ["1:1 nests deeper than 16 levels"] },
  { what: "ten thousand dashes", text: `${"- ".repeat(10_000)}x`, faults: ["1:1 nests deeper than 16 levels"] },
  {
    what: "a thousand steps inwards",
    text: Array.from({ length: 1000 }, (_, n) => `${" ".repeat(n)}k:`).join("\n"),
    faults: ["1:1 nests deeper than 16 levels"],
  },
])("$what is refused at its place", ({ text, faults }) => {
  const report = parseChecklist(text);
  expect(report.template).toBeUndefined();
  expect(report.faults.map(({ where, message }) => `${where?.replace("checklist.yaml:", "")} ${message}`)).toEqual(
    faults,
  );
});

test("no text makes the parsers throw", () => {
  const yamlish = fc.stringMatching(/^[-a:{}[\],&*!|>'"#%@ \n\t?]{0,80}$/);
  fc.assert(
    fc.property(fc.oneof(yamlish, fc.string({ unit: "binary" })), (text) => {
      expect(Array.isArray(parseChecklist(text).faults)).toBe(true);
      expect(Array.isArray(parseManifest(`---\n${text}\n---\n`, "x").faults)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("a checklist cut anywhere is refused or whole, never half", () => {
  for (let length = 0; length < CHECKLIST.length; length += 1) {
    const { template, faults } = parseChecklist(CHECKLIST.slice(0, length));
    expect((template === undefined) !== (faults.length === 0)).toBe(true);
  }
});
