/** How many keys the objects inside a parsed JSON value have, all together. */
export function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let count = 0;
  // A stack of our own: the text decides how deep the value nests.
  const open: object[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const inner: unknown[] = Array.isArray(next) ? next : Object.values(next);
    if (!Array.isArray(next)) count += inner.length;
    for (const item of inner) if (typeof item === "object" && item !== null) open.push(item);
  }
  return count;
}

/**
 * How many keys stand in a valid JSON text; more than `countKeys` of its value where one stands twice in an object,
 * which JSON.parse passes over in silence.
 */
export function countKeysInText(text: string): number {
  let count = 0;
  for (let open = text.indexOf('"'); open !== -1; ) {
    const close = endOfString(text, open);
    if (close === -1) return count;
    let after = close + 1;
    while (isBlank(text.charCodeAt(after))) after++;
    if (text.charCodeAt(after) === 0x3a) count++;
    open = text.indexOf('"', after);
  }
  return count;
}

function endOfString(text: string, open: number): number {
  for (let close = text.indexOf('"', open + 1); close !== -1; close = text.indexOf('"', close + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(close - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return close;
  }
  return -1;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}
