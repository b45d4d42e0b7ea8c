/**
 * Strings that may hold bytes which are no UTF-8: such a byte stands as the lone surrogate U+DC00 + byte, which no text
 * from outside holds after decoding, so that nothing is lost and equal bytes stay equal strings.
 */
const RAW_BASE = 0xdc00;
const RAW = /[\udc80-\udcff]/;

/** The bytes as a string: UTF-8 where they are, raw bytes otherwise. */
export function textOfBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString("utf8");
  if (!text.includes("\ufffd")) return text;
  let out = "";
  let at = 0;
  while (at < buffer.length) {
    const length = sequenceLength(buffer, at);
    if (length === 0) {
      out += String.fromCharCode(RAW_BASE + (buffer[at] ?? 0));
      at += 1;
    } else {
      out += buffer.toString("utf8", at, at + length);
      at += length;
    }
  }
  return out;
}

/** Length of the valid UTF-8 sequence at an offset; 0 where there is none. */
function sequenceLength(buffer: Buffer, at: number): number {
  const first = buffer[at] ?? 0;
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > buffer.length) return 0;
  return length === 1 || !buffer.toString("utf8", at, at + length).includes("\ufffd") || isReplacement(buffer, at)
    ? length
    : 0;
}

function isReplacement(buffer: Buffer, at: number): boolean {
  return buffer[at] === 0xef && buffer[at + 1] === 0xbf && buffer[at + 2] === 0xbd;
}

/** The bytes that a string stands for. */
export function bytesOfText(text: string): Uint8Array {
  if (!RAW.test(text)) return Buffer.from(text, "utf8");
  const parts = text
    .split(/([\udc80-\udcff])/)
    .map((part) =>
      part.length === 1 && RAW.test(part) ? Buffer.from([part.charCodeAt(0) - RAW_BASE]) : Buffer.from(part, "utf8"),
    );
  return Buffer.concat(parts);
}

export function byteLengthOf(text: string): number {
  return RAW.test(text) ? bytesOfText(text).length : Buffer.byteLength(text);
}

/** True when the string stands for bytes that are no UTF-8. A pair of surrogates is one character and no raw byte. */
export function holdsRawBytes(text: string): boolean {
  return /(?<![\ud800-\udbff])[\udc80-\udcff]/.test(text);
}

/** The text with U+FFFD for every raw byte: what may leave as JSON. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\ufffd");
}
