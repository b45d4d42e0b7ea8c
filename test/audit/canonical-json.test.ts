import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalJson, readCanonical } from "../../src/audit/canonical-json.ts";

test.each([
  { value: { b: 1, a: [true, null, "x"] }, text: '{"a":[true,null,"x"],"b":1}' },
  { value: { "10": 1, "2": 2, a: 3 }, text: '{"10":1,"2":2,"a":3}' },
  {
    value: { "\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\ud83d\ude00": 5, "\u0080": 6, "\u00f6": 7 },
    text: '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}',
  },
  { value: { text: '\u20ac$\u000f\nA\'B"\\"/' }, text: '{"text":"\u20ac$\\u000f\\nA\'B\\"\\\\\\"/"}' },
  { value: { zero: -0, big: Number.MAX_SAFE_INTEGER, absent: undefined }, text: '{"big":9007199254740991,"zero":0}' },
])("$text is the one form of its value", ({ value, text }) => {
  expect(canonicalJson(value)).toBe(text);
  expect(readCanonical(text)).toEqual({ value: JSON.parse(text) });
});

test.each([0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, "\ud800", () => 1, 1n])("%s has no form", (value) => {
  expect(() => canonicalJson({ value })).toThrow(TypeError);
});

test.each([
  ['{"a": 1}', "not-canonical"],
  ['{"b":1,"a":1}', "not-canonical"],
  ['{"a":1,"a":1}', "not-canonical"],
  ['{"a":1.0}', "not-canonical"],
  ['{"a":1e0}', "not-canonical"],
  ['{"a":-0}', "not-canonical"],
  ['{"a":0.5}', "not-canonical"],
  ['{"a":9007199254740993}', "not-canonical"],
  ['{"a":9007199254740992}', "not-canonical"],
  ['{"a":"\\u0041"}', "not-canonical"],
  ['{"a":"\\/"}', "not-canonical"],
  ['{"a":"\\ud800"}', "not-canonical"],
  ['{"a":{"2":1,"10":1}}', "not-canonical"],
  ['{"a":1}\r', "not-canonical"],
  ['\ufeff{"a":1}', "not-json"],
  ['{"a":1', "not-json"],
  ["", "not-json"],
  ["[1]", "not-an-object"],
  ["null", "not-an-object"],
  [`{"a":${"[".repeat(30_000)}${"]".repeat(30_000)}}`, "not-canonical"],
])("%.60s is refused", (text, reason) => {
  expect(readCanonical(text)).toEqual({ reason });
});

test("an escaped lone surrogate is told apart from an escaped backslash", () => {
  expect(readCanonical('{"a":"\\\\ud800"}')).toEqual({ value: { a: "\\ud800" } });
});

const json = fc.letrec((tie) => ({
  any: fc.oneof(
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.string({ unit: "grapheme" }),
    fc.array(tie("any"), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string(), fc.nat().map(String)), tie("any"), { maxKeys: 5 }),
  ),
})).any;

test("what is written is read back, and is its own form", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), json), (value) => {
      const text = canonicalJson(value);
      expect(readCanonical(text)).toEqual({ value: JSON.parse(text) });
      expect(canonicalJson(JSON.parse(text))).toBe(text);
    }),
  );
});

test("no text makes reading throw", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void readCanonical(text)));
});
