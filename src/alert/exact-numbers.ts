import type { FieldValue } from "./alert.ts";

type Fields = Record<string, FieldValue>;

/**
 * The fields of a parsed alert with every integer that JSON.parse had to round, and every number too large for a double,
 * replaced by its digits as they stand in `raw`. `raw` must be the valid JSON that `fields` was parsed from.
 */
export function keepExactNumbers(fields: Fields, raw: string): Fields {
  for (const key in fields) {
    const value = fields[key];
    if (typeof value === "number") {
      if (!isRounded(value)) continue;
      const digits = findDigits(raw, key, value);
      if (digits === undefined) return parseExactly(raw);
      fields[key] = digits;
    } else if (typeof value === "object" && value !== null && holdsRounded(value)) {
      return parseExactly(raw);
    }
  }
  return fields;
}

function isRounded(value: number): boolean {
  return Number.isInteger(value) ? !Number.isSafeInteger(value) : !Number.isFinite(value);
}

function holdsRounded(value: FieldValue): boolean {
  if (typeof value === "number") return isRounded(value);
  return typeof value === "object" && value !== null && Object.values(value).some(holdsRounded);
}

/**
 * The digits after a key that stands once in the text in its plain spelling, which is how Falco writes evt.time; undefined
 * where the careful way is needed. A quote inside a string is always escaped, so `"key":` is either the key or the end of a
 * longer key, and the character before tells which.
 */
function findDigits(raw: string, key: string, value: number): string | undefined {
  if (!/^[a-zA-Z][\w.]*$/.test(key)) return undefined;
  const needle = `"${key}":`;
  const at = raw.indexOf(needle);
  if (at < 1 || raw.indexOf(needle, at + 1) !== -1) return undefined;
  if (raw[at - 1] !== "{" && raw[at - 1] !== ",") return undefined;
  const start = at + needle.length;
  let end = raw[start] === "-" ? start + 1 : start;
  while (raw.charCodeAt(end) >= 0x30 && raw.charCodeAt(end) <= 0x39) end++;
  const digits = raw.slice(start, end);
  return /[.eE]/.test(raw[end] ?? "") || Number(digits) !== value ? undefined : digits;
}

/** Parses once more with those numbers in quotes. Strings are skipped whole: in valid JSON each one is closed. */
function parseExactly(raw: string): Fields {
  const quoted = raw.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g, (token) => {
    if (token.startsWith('"')) return token;
    const value = Number(token);
    return isRounded(value) && (/^-?\d+$/.test(token) || !Number.isFinite(value)) ? `"${token}"` : token;
  });
  return (JSON.parse(quoted) as { output_fields: Fields }).output_fields;
}
