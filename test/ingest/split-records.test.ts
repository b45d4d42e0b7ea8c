import fc from "fast-check";
import { expect, test } from "vitest";
import { createRecordSplitter } from "../../src/ingest/split-records.ts";
import { cutAt, split } from "./fixtures.ts";

const records = (text: string, maxBytes = 1024) => split([Buffer.from(text)], maxBytes, createRecordSplitter);

test.each([
  { text: '{\n  "a": 1,\n  "b": [1, 2]\n}\n{\n}', lines: ['{"a":1,"b":[1,2]}', "{}"], why: "jq output" },
  { text: '[{"a": 1}, {"b": {"c": 2}}]', lines: ['{"a":1}', '{"b":{"c":2}}'], why: "an array" },
  { text: '[\n  {"a": 1},\n  {"b": 2}\n]\n[{"c": 3}]', lines: ['{"a":1}', '{"b":2}', '{"c":3}'], why: "two arrays" },
  { text: "[]", lines: [], why: "an empty array" },
  { text: '\ufeff[{"a": 1}]', lines: ['{"a":1}'], why: "a byte order mark" },
  { text: '{"a": "} { \\" \\\\"}{"b": 2}', lines: ['{"a":"} { \\" \\\\"}', '{"b":2}'], why: "braces in strings" },
  { text: '{"n": 1795311096421476156}', lines: ['{"n":1795311096421476156}'], why: "numbers stay as written" },
  {
    text: '[1, {"a": 1}, true]',
    lines: ["1, ", '{"a":1}', "true]"],
    why: "what is no object is handed over for rejection",
  },
  { text: '{"a": 1', lines: ['{"a":1'], why: "a cut object is handed over as far as it goes" },
  { text: "{\n", lines: ["{"], why: "a lone brace" },
  { text: "text\n{}\n", lines: ["text", "{}"], why: "text between objects" },
])("$why", ({ text, lines }) => {
  expect(records(text).lines).toEqual(lines);
});

test("an object broken inside a string does not swallow the ones after it", () => {
  expect(records('{\n "a": "cut\n "x": {\n}\n{\n "b": 2\n}').lines).toEqual(['{"a":"cut', '{"b":2}']);
});

test("an object over the limit is set aside, its neighbours are kept", () => {
  const taken = records(`[{"a": 1}, {"b": "${"x".repeat(100)}"}, {"c": 3}]`, 50);
  expect(taken.lines).toEqual(['{"a":1}', '{"c":3}']);
  expect(taken.oversize).toMatchObject([{ offset: 11, lengthBytes: 108 }]);
});

const values = fc.array(fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 }), { maxLength: 4 });

test("any objects, however indented and wherever cut, come out as compact JSON", () => {
  fc.assert(
    fc.property(values, fc.nat(4), fc.boolean(), fc.array(fc.nat(500)), (objects, indent, array, cuts) => {
      const text = array
        ? JSON.stringify(objects, undefined, indent)
        : objects.map((object) => JSON.stringify(object, undefined, indent)).join("\n");
      const taken = split(cutAt(Buffer.from(text), cuts), 1 << 20, createRecordSplitter);
      expect(taken.lines.map((line) => Buffer.from(line, "latin1").toString())).toEqual(
        objects.map((object) => JSON.stringify(object)),
      );
    }),
  );
});

test("no bytes make it fail, and no handed-over record holds a line end", () => {
  const piece = fc.constantFrom("{", "}", "[", "]", '"', "\\", "\n", " ", ",", "a", "1");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), fc.array(fc.nat(80)), (pieces, cuts) => {
      const bytes = Buffer.from(pieces.join(""));
      const taken = split(cutAt(bytes, cuts), 16, createRecordSplitter);
      expect(taken).toEqual(split([bytes], 16, createRecordSplitter));
      for (const line of taken.lines) expect(line).not.toContain("\n");
    }),
  );
});
