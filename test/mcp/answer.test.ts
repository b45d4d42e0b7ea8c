import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { buildResult, shorten } from "../../src/mcp/answer.ts";

const source = { kind: "test" };
const structured = (data: object, shape = {}, maxChars = 20_000) =>
  buildResult({ data, source }, shape, maxChars).structuredContent as Record<string, unknown>;

describe("an answer", () => {
  test("is the same JSON as text and as structured content, with its envelope", () => {
    const result = buildResult(
      { data: { a: 1 }, source, warnings: ["mind this"], untrusted: ["b", "a", "a"] },
      {},
      20_000,
    );
    expect(result.structuredContent).toEqual({
      a: 1,
      source,
      warnings: ["mind this"],
      truncated: false,
      untrusted_fields: ["a", "b"],
    });
    expect(JSON.parse((result.content[0] as { text: string }).text)).toEqual(result.structuredContent);
  });

  test.each([
    ["hidden characters in values", { a: "x\u001b[2Jy\u202e" }, { a: "x\\u{1b}[2Jy\\u{202e}" }],
    ["hidden characters in names", { "a\u200b": 1 }, { "a\\u{200b}": 1 }],
    ["integers beyond 2^53", { a: 1795315751359187047n }, { a: "1795315751359187047" }],
    ["absent values", { a: undefined, b: null }, { b: null }],
    ["a field called __proto__", JSON.parse('{"__proto__":{"x":1}}'), JSON.parse('{"__proto__":{"x":1}}')],
  ])("shows %s", (_what, data, shown) => {
    const { source: _s, warnings: _w, truncated: _t, untrusted_fields: _u, ...rest } = structured(data);
    expect(JSON.stringify(rest)).toBe(JSON.stringify(shown));
  });

  test("keeps verbatim texts byte for byte", () => {
    expect(structured({ body: "a\u200bb\r\n" }, { verbatim: ["body"] }).body).toBe("a\u200bb\r\n");
  });
});

describe("what does not fit is cut loudly", () => {
  test("long texts keep their length and SHA-256", () => {
    const long = "x".repeat(9_000);
    const cut = structured({ text: long, short: "y" }, {}, 5_000);
    const digest = createHash("sha256").update(long).digest("hex");
    expect(cut.text).toBe(`${"x".repeat(2_000)}… [9000 characters, sha256 ${digest}]`);
    expect(cut.short).toBe("y");
    expect(cut.truncated).toBe(true);
    expect(cut.warnings).toEqual(["texts longer than 2000 characters are cut; each cut shows length and SHA-256"]);
  });

  test("lists lose their tail, and a warning says how much", () => {
    const rows = Array.from({ length: 500 }, (_, at) => ({ at, text: "row ".repeat(20) }));
    const cut = structured({ rows, keep: [1, 2] }, { cuttable: ["rows"] }, 8_000);
    const kept = (cut.rows as unknown[]).length;
    expect(kept).toBeGreaterThan(40);
    expect(cut.warnings).toContain(`rows shows the first ${kept} of 500`);
    expect(cut.keep).toEqual([1, 2]);
    expect(JSON.stringify(cut).length).toBeLessThanOrEqual(8_000);
  });

  test("an answer that cannot be cut is refused with a way out", () => {
    const rows = Array.from({ length: 5_000 }, (_, at) => at);
    expect(() => structured({ rows }, {}, 8_000)).toThrow(
      expect.objectContaining({ code: "RESULT_TOO_LARGE", fix: expect.stringContaining("--max-result-chars") }),
    );
  });

  test("shorten never leaves half a character", () => {
    expect(shorten("🦅🦅", 1).charCodeAt(0)).toBe("…".charCodeAt(0));
  });
});
