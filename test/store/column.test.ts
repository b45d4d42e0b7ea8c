import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeColumn, encodeColumn, setRow, startColumn } from "../../src/store/column.ts";

const value = fc.option(fc.oneof(fc.string({ unit: "binary" }), fc.integer(), fc.constantFrom("", "\0", "\ud800")), {
  nil: undefined,
});

test.each([
  ["short texts", (text: string) => text],
  ["texts that are hashed", (text: string) => text.padEnd(300, "x")],
  ["texts that are compressed", (text: string) => text.padEnd(20_000, "x")],
])("any column of %s comes back as it was", (_, lengthen) => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), (values) => {
      const builder = startColumn(values.length);
      const texts = values.map((raw) => (raw === undefined ? undefined : lengthen(String(raw))));
      texts.forEach((text, row) => {
        if (text !== undefined) setRow(builder, row, text);
      });
      const column = decodeColumn(encodeColumn(builder), values.length);
      const read = values.map((_value, row) => column.texts()[(column.codes?.[row] ?? 1) - 1]);
      expect(read).toEqual(texts);
      for (const text of texts) if (text !== undefined) expect(column.mayHold(text)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test("a column of many texts has wider codes", () => {
  for (const count of [255, 256, 65_535, 65_536]) {
    const builder = startColumn(count);
    for (let row = 0; row < count; row++) setRow(builder, row, row);
    const column = decodeColumn(encodeColumn(builder), count);
    expect([0, count - 1].map((row) => column.texts()[(column.codes?.[row] ?? 0) - 1])).toEqual([
      "0",
      String(count - 1),
    ]);
  }
});
