/**
 * Characters that change what a reader sees without being seen themselves: controls (ANSI escapes begin with one),
 * formatting such as bidirectional overrides, line separators, lone surrogates, private use, and whatever Unicode lets
 * a renderer ignore (zero-width, variation selectors, tags). Tab and line feed count too: they can forge rows.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}]/gu;

/** The text with every hidden character written as `\u{hex}`: one line, safe to print and to show to a model. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** As `visible`, but line feeds and tabs stay: for text that is meant to have lines. */
export function visibleLines(text: string): string {
  return text.replace(HIDDEN, (character) =>
    character === "\n" || character === "\t" ? character : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
