import { expect, test } from "vitest";
import { checkSchema } from "../../src/rules/schema-check.ts";
import { readYaml } from "../../src/rules/yaml/read-yaml.ts";
import { ruleText } from "./rule-texts.ts";

const TYPE = "Value type not permitted by 'type' constraint.";
const UNKNOWN =
  "Object contains a property that could not be validated using 'properties' or 'additionalProperties' constraints:";
const property = (name: string): string => `Failed to validate against schema associated with property name '${name}'.`;
const item = (index: number): string => `Failed to validate item #${index} in array.`;

test.each([
  ["a rule", ruleText(), []],
  ["no list", "a: b", [["", TYPE]]],
  [
    "a word in the list",
    "- a",
    [
      ["[0]", TYPE],
      ["", item(0)],
    ],
  ],
  [
    "an unknown key",
    "- rule: r\n  foo: x",
    [
      ["[0]", `${UNKNOWN} 'foo'.`],
      ["", item(0)],
    ],
  ],
  [
    "a key twice",
    "- rule: r\n  rule: s",
    [
      ["[0]", `${UNKNOWN} ''.`],
      ["", item(0)],
    ],
  ],
  [
    "a priority in lower case",
    "- rule: r\n  priority: warning",
    [
      ['[0]["priority"]', "Failed to match against any enum values."],
      ["[0]", property("priority")],
      ["", item(0)],
    ],
  ],
  [
    "nothing for a word of a set",
    "- rule: r\n  priority:",
    [
      ['[0]["priority"]', TYPE],
      ['[0]["priority"]', "Failed to match against any enum values."],
      ["[0]", property("priority")],
      ["", item(0)],
    ],
  ],
  [
    "yes for true",
    "- rule: r\n  enabled: yes",
    [
      ['[0]["enabled"]', TYPE],
      ["[0]", property("enabled")],
      ["", item(0)],
    ],
  ],
  [
    "an empty override",
    "- rule: r\n  override: {}",
    [
      ['[0]["override"]', "Object should have no fewer than 1 properties."],
      ["[0]", property("override")],
      ["", item(0)],
    ],
  ],
  [
    "an exception without a name",
    "- rule: r\n  exceptions: [{values: []}]",
    [
      ['[0]["exceptions"][0]', "Missing required property 'name'."],
      ['[0]["exceptions"]', item(0)],
      ["[0]", property("exceptions")],
      ["", item(0)],
    ],
  ],
  [
    "a list in a list's items",
    "- list: l\n  items: [[a]]",
    [
      ['[0]["items"][0]', TYPE],
      ['[0]["items"][0]', "Failed to validate against child schema #0."],
      ['[0]["items"][0]', TYPE],
      ['[0]["items"][0]', "Failed to validate against child schema #1."],
      ['[0]["items"][0]', "Failed to validate against any schemas allowed by anyOf constraint."],
      ['[0]["items"]', item(0)],
      ["[0]", property("items")],
      ["", item(0)],
    ],
  ],
])("%s", (_name, text, expected) => {
  const { valid, warnings } = checkSchema(readYaml(text).documents);
  expect(warnings).toEqual(expected.map(([path, words]) => `failed for <root>${path}: ${words}`));
  expect(valid).toBe(expected.length === 0);
});

test("the first of several documents decides, and all are listed when it fails", () => {
  expect(checkSchema(readYaml("- rule: r\n---\nx\n").documents)).toEqual({ valid: true, warnings: [] });
  expect(checkSchema(readYaml("x\n---\n- rule: r\n").documents).warnings).toEqual([`failed for <root>: ${TYPE}`, "ok"]);
});
