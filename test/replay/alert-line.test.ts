import fc from "fast-check";
import { expect, test } from "vitest";
import type { OutputValue } from "../../src/condition/format-output.ts";
import { fieldsJson, valueJson } from "../../src/replay/alert-line.ts";

test.each<[OutputValue, string]>([
  [18_446_744_073_709_551_615n, "18446744073709551615"],
  [-1, "-1"],
  [0.5, "0.5"],
  [true, "true"],
  [null, "null"],
  [["a", 1n, null], '["a",1,null]'],
  ['quote " backslash \\ newline \n', '"quote \\" backslash \\\\ newline \\n"'],
  // A byte that is no UTF-8 is kept as a lone surrogate; JSON readers are spared it.
  ["bad \udc80 byte", '"bad \ufffd byte"'],
  ["pair \ud83d\ude00", '"pair \ud83d\ude00"'],
])("%s is written %s", (value, json) => {
  expect(valueJson(value)).toBe(json);
});

test("fields are sorted by name, whatever order they come in", () => {
  expect(fieldsJson({ "proc.name": "sh", "evt.time": 5n, "fd.name": null })).toBe(
    '{"evt.time":5,"fd.name":null,"proc.name":"sh"}',
  );
});

test("any text comes out as JSON of well-formed text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (name, text) => {
      const parsed = JSON.parse(fieldsJson({ [name]: text })) as Record<string, string>;
      const [[key, value] = ["", ""]] = Object.entries(parsed);
      expect(Buffer.from(`${key}${value}`).toString()).toBe(`${key}${value}`);
    }),
  );
});
