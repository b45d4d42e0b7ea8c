import { expect, test } from "vitest";
import { Cursor } from "../../src/bytes/cursor.ts";

const bytes = Buffer.from([
  1, 2, 0, 3, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0x68, 0x69, 0, 0x41,
]);

test("little-endian values are read one behind the other", () => {
  const cursor = new Cursor(bytes);
  expect([cursor.u8("a"), cursor.u16("b"), cursor.u32("c"), cursor.i64("d"), cursor.shortText("e")]).toEqual([
    1,
    2,
    3,
    -2,
    "hi",
  ]);
  expect(cursor.left).toBe(2);
});

test("text ends at its first NUL", () => {
  expect(new Cursor(Buffer.from("ab\0cd")).text(5, "name")).toBe("ab");
});

test.each([
  { read: (cursor: Cursor) => cursor.u32("block type"), message: "block type at byte 18 needs 4 bytes, 3 left" },
  { read: (cursor: Cursor) => cursor.u64("time"), message: "time at byte 18 needs 8 bytes, 3 left" },
  { read: (cursor: Cursor) => cursor.slice(4, "data"), message: "data at byte 18 needs 4 bytes, 3 left" },
  { read: (cursor: Cursor) => cursor.skip(99, "rest"), message: "rest at byte 18 needs 99 bytes, 3 left" },
])("$message", ({ read, message }) => {
  expect(() => read(new Cursor(bytes, 18))).toThrow(expect.objectContaining({ code: "CAPTURE_TRUNCATED", message }));
});

test("a cursor over a part does not read past it", () => {
  const cursor = new Cursor(bytes, 0, 2);
  cursor.u16("a");
  expect(() => cursor.u8("b")).toThrow("b at byte 2 needs 1 bytes, 0 left");
});
