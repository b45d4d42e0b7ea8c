import { expect, test } from "vitest";
import { createByteCache } from "../../src/store/byte-cache.ts";

/** Asks for keys in turn; returns those that had to be read. Each is 10 bytes, 40 bytes are held. */
function readsOf(keys: string): string {
  const cache = createByteCache(40);
  let reads = "";
  for (const key of keys) {
    cache.get(key, () => {
      reads += key;
      return new Uint8Array(10);
    });
  }
  return reads;
}

test.each([
  ["aaaa", "a"],
  ["abcdabcd", "abcd"],
  ["abcdeabcde", "abcdeabcde"],
  ["abcdaeab", "abcdeb"],
])("asked for %s it reads %s", (keys, reads) => {
  expect(readsOf(keys)).toBe(reads);
});

test("what is missing or large is not held", () => {
  const cache = createByteCache(40);
  let reads = 0;
  for (const bytes of [undefined, undefined, new Uint8Array(11), new Uint8Array(11)]) {
    cache.get("a", () => {
      reads++;
      return bytes;
    });
  }
  expect(reads).toBe(4);
});
