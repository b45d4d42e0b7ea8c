/** Longer runs are cut into several words, so that an index entry stays small. */
const MAX_WORD = 64;

const IS_WORD_CHAR = Uint8Array.from({ length: 128 }, (_, code) => (/\w/.test(String.fromCharCode(code)) ? 1 : 0));

/** Calls `visit` with every word of a text in lower case: runs of letters, digits and `_`; all beyond ASCII is letters. */
export function forEachWord(lowerText: string, visit: (word: string) => void): void {
  let start = -1;
  for (let at = 0; at <= lowerText.length; at++) {
    const code = lowerText.charCodeAt(at);
    // Past the end the code is NaN, which is no word character either.
    const isInside = code >= 128 || IS_WORD_CHAR[code] === 1;
    if (isInside && start === -1) start = at;
    if (start !== -1 && (!isInside || at - start === MAX_WORD)) {
      visit(lowerText.slice(start, at));
      start = isInside ? at : -1;
    }
  }
}

/** The words of a text in order, in lower case. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  forEachWord(text.toLowerCase(), (word) => words.push(word));
  return words;
}

/** True where the words of `phrase` follow each other in the text. */
export function hasPhrase(text: string, phrase: readonly string[]): boolean {
  const words = wordsOf(text);
  return words.some((_, at) => phrase.every((word, offset) => words[at + offset] === word));
}
