/** Nesting that a record may have; deeper data is cut before it is written and refused when it is read. */
const MAX_DEPTH = 64;

const PLAIN = /^[ !#-[\]-~]*$/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * The one text of plain JSON data (RFC 8785): keys in UTF-16 order, no blanks, shortest escapes. Keys whose value is
 * undefined are left out. Throws TypeError for what a record may not hold: numbers that are not whole or reach 2^53,
 * lone surrogates, nesting beyond 64.
 */
export function canonicalJson(value: unknown, depth = 0): string {
  if (typeof value === "string") return canonicalString(value);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new TypeError(`${value} is no whole number below 2^53`);
    return value === 0 ? "0" : String(value);
  }
  if (typeof value !== "object") throw new TypeError(`a ${typeof value} is no JSON value`);
  if (depth > MAX_DEPTH) throw new TypeError("nested too deep");
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item, depth + 1)).join(",")}]`;
  const members = value as Record<string, unknown>;
  let text = "";
  const keys: string[] = [];
  for (const key in members) if (members[key] !== undefined) keys.push(key);
  for (const key of keys.sort()) {
    const member = members[key];
    text += `${text === "" ? "" : ","}${canonicalString(key)}:${canonicalJson(member, depth + 1)}`;
  }
  return `{${text}}`;
}

function canonicalString(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  if (LONE_SURROGATE.test(text)) throw new TypeError("a text holds half a character");
  return JSON.stringify(text);
}

/** The object that `text` is the canonical form of, or why there is none. Never throws. */
export function readCanonical(text: string): { readonly value: Record<string, unknown> } | { readonly reason: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { reason: "not-json" };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { reason: "not-an-object" };
  return isCanonical(text, value) ? { value: value as Record<string, unknown> } : { reason: "not-canonical" };
}

// Encoding natively and looking whether the keys came sorted costs half of a full canonical encoding; what it cannot
// decide (keys that look like numbers, escapes that may be lone surrogates) goes the long way.
function isCanonical(text: string, value: object): boolean {
  try {
    if (!text.includes("\\ud") && JSON.stringify(value) === text && isSorted(value, 0)) return true;
    return canonicalJson(value) === text;
  } catch {
    return false;
  }
}

function isSorted(value: unknown, depth: number): boolean {
  if (typeof value === "number") return Number.isSafeInteger(value);
  if (typeof value !== "object" || value === null) return true;
  if (depth > MAX_DEPTH) return false;
  if (Array.isArray(value)) return value.every((item) => isSorted(item, depth + 1));
  let previous: string | undefined;
  for (const key in value) {
    if (previous !== undefined && previous >= key) return false;
    if (!isSorted((value as Record<string, unknown>)[key], depth + 1)) return false;
    previous = key;
  }
  return true;
}
