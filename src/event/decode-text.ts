/** A byte that is no UTF-8 stands in a string as this lone surrogate plus the byte, so that equal bytes stay equal strings. */
const RAW_BASE = 0xdc00;

/** Bytes as a string: UTF-8 where they are, otherwise a lone surrogate U+DC00 + byte each. */
export function decodeText(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString("utf8", start, end);
  return text.includes("\ufffd") ? decodeRaw(bytes, start, end) : text;
}

function decodeRaw(bytes: Buffer, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; ) {
    const length = sequenceLength(bytes, at, end);
    text += length === 0 ? String.fromCharCode(RAW_BASE + (bytes[at] ?? 0)) : bytes.toString("utf8", at, at + length);
    at += Math.max(1, length);
  }
  return text;
}

/** Length of the UTF-8 sequence at a place; 0 where there is none. */
function sequenceLength(bytes: Buffer, at: number, end: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > end) return 0;
  for (let i = 1; i < length; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1] ?? 0;
  // Overlong forms, surrogates and code points beyond U+10FFFF.
  const isBad =
    (first === 0xe0 && second < 0xa0) ||
    (first === 0xed && second > 0x9f) ||
    (first === 0xf0 && second < 0x90) ||
    (first === 0xf4 && second > 0x8f);
  return isBad ? 0 : length;
}
