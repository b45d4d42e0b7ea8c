import { HASH_MASK, HASH_START, hashUnit } from "./column.ts";

/** Longer runs are cut into several words, so that an index entry stays small. */
const MAX_WORD = 64;

const IS_WORD_CHAR = Uint8Array.from({ length: 128 }, (_, code) => (/\w/.test(String.fromCharCode(code)) ? 1 : 0));

/**
 * Calls `visit` with start, end and `hashText` of every word of a text in lower case: runs of letters, digits and `_`;
 * everything beyond ASCII counts as a letter.
 */
export function forEachWord(lowerText: string, visit: (start: number, end: number, hash: number) => void): void {
  const { length } = lowerText;
  let start = -1;
  let hash = HASH_START;
  for (let at = 0; at < length; at++) {
    const code = lowerText.charCodeAt(at);
    const isInside = code >= 128 || IS_WORD_CHAR[code] === 1;
    if (start !== -1 && (!isInside || at - start === MAX_WORD)) {
      visit(start, at, hash & HASH_MASK);
      start = -1;
    }
    if (!isInside) continue;
    if (start === -1) {
      start = at;
      hash = HASH_START;
    }
    hash = hashUnit(hash, code);
  }
  if (start !== -1) visit(start, length, hash & HASH_MASK);
}

/** The words of a text in order, in lower case. */
export function wordsOf(text: string): string[] {
  const lower = text.toLowerCase();
  const words: string[] = [];
  forEachWord(lower, (start, end) => words.push(lower.slice(start, end)));
  return words;
}

/** True where the text has the word, which must be in lower case. */
export function hasWord(text: string, word: string): boolean {
  const lower = text.toLowerCase();
  return lower.includes(word) && wordsOf(lower).includes(word);
}

/** True where the words of `phrase` follow each other in the text. */
export function hasPhrase(text: string, phrase: readonly string[]): boolean {
  const words = wordsOf(text);
  return words.some((_, at) => phrase.every((word, offset) => words[at + offset] === word));
}
