import { type Cursor, YamlFault } from "./cursor.ts";

const SIMPLE: Readonly<Record<string, string>> = {
  "0": "\0",
  a: "\x07",
  b: "\b",
  t: "\t",
  "\t": "\t",
  n: "\n",
  v: "\v",
  f: "\f",
  r: "\r",
  e: "\x1b",
  " ": " ",
  '"': '"',
  "'": "'",
  "\\": "\\",
  "/": "/",
  N: "\x85",
  _: "\xa0",
  L: "\u2028",
  P: "\u2029",
};

const HEX_LENGTH: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** The character that the escape at the cursor stands for; the cursor ends behind it. */
export function scanEscape(cursor: Cursor): string {
  const opening = cursor.char();
  cursor.eat();
  const letter = cursor.char();
  cursor.eat();
  if (opening === "'" && letter === "'") return "'";
  const simple = SIMPLE[letter];
  if (simple !== undefined) return simple;
  const length = HEX_LENGTH[letter];
  if (length === undefined) throw new YamlFault(cursor.mark, `unknown escape character: ${letter}`);
  return scanHex(cursor, length);
}

function scanHex(cursor: Cursor, length: number): string {
  const digits = cursor.text.slice(cursor.offset, cursor.offset + length);
  for (let count = 0; count < length; count += 1) cursor.eat();
  if (digits.length < length || !/^[0-9a-fA-F]+$/.test(digits)) {
    throw new YamlFault(cursor.mark, "bad character found while scanning hex number");
  }
  const value = Number.parseInt(digits, 16);
  if ((value >= 0xd800 && value <= 0xdfff) || value > 0x10ffff) {
    throw new YamlFault(cursor.mark, `invalid unicode: ${value}`);
  }
  return String.fromCodePoint(value);
}
