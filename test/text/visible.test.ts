import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { visible, visibleLines } from "../../src/text/visible.ts";

describe("visible", () => {
  test.each([
    ["plain text", "curl -s https://example.com/é?x=1", "curl -s https://example.com/é?x=1"],
    ["an ANSI escape", "\u001b[31mred\u001b[0m", "\\u{1b}[31mred\\u{1b}[0m"],
    ["a bidirectional override", "exe\u202egpj.sh", "exe\\u{202e}gpj.sh"],
    ["zero-width characters", "ba\u200bsh\ufeff", "ba\\u{200b}sh\\u{feff}"],
    ["tag characters that spell hidden words", "ok\u{e0041}\u{e0042}", "ok\\u{e0041}\\u{e0042}"],
    ["a line feed that would forge a row", "a\nb", "a\\u{a}b"],
    ["a lone surrogate", "a\ud800b", "a\\u{d800}b"],
    ["a C1 control", "a\u009bb", "a\\u{9b}b"],
    ["an emoji", "🦅", "🦅"],
  ])("%s", (_what, input, output) => {
    expect(visible(input)).toBe(output);
  });

  test("leaves no hidden character behind, whatever comes in", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(visible(text)).not.toMatch(/[\p{Cc}\p{Cs}\u200b-\u200f\u202a-\u202e]/u);
      }),
    );
  });
});

test("visibleLines keeps line feeds and tabs and nothing else", () => {
  expect(visibleLines("a\tb\nc\rd\u001b")).toBe("a\tb\nc\\u{d}d\\u{1b}");
});
