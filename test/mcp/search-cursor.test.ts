import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openCursor, sealCursor } from "../../src/mcp/search-cursor.ts";

test("a relative window stays what it was when the first page was made", () => {
  const window = { fromNs: 1_795_315_751_359_187_047n };
  const sealed = sealCursor("abc", { from: "-1h" }, window);
  expect(openCursor(sealed, { from: "-1h" })).toEqual({ cursor: "abc", window });
});

describe("a cursor is refused", () => {
  const sealed = sealCursor("abc", { from: "-1h" }, { fromNs: 5n });
  test.each([
    ["with another from", sealed, { from: "-2h" }],
    ["without the from it had", sealed, {}],
    ["with a to it had not", sealed, { from: "-1h", to: "now" }],
    ["when it is no cursor", "AAAA", {}],
    ["when its bounds are none", Buffer.from('[null,null,"x",null,"c"]').toString("base64url"), {}],
  ])("%s", (_what, cursor, bounds) => {
    expect(() => openCursor(cursor, bounds)).toThrow(expect.objectContaining({ code: "CURSOR_MISMATCH" }));
  });

  test("whatever it holds, without any other error", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => openCursor(text, {})).toThrow(expect.objectContaining({ code: "CURSOR_MISMATCH" }));
      }),
    );
  });
});
