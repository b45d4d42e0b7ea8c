import { textOfBytes, wellFormed } from "./byte-text.ts";

/** Reading and writing quoted strings as libs does (userspace/libsinsp/filter/escaping.cpp @48dfd53c). */

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  // An old rule wrote "\ ", so libs keeps reading it as a backslash.
  " ": "\\",
  "\\": "\\",
  "/": "/",
};

/**
 * The content of a quoted string given with its quotes, or Falco's message. `\xHH` escapes are bytes: those above 7f
 * are joined and read as UTF-8, or kept as byte-text.ts says where they are none.
 */
export function unescapeQuoted(quoted: string): string | { readonly message: string } {
  if (!quoted.includes("\\")) return quoted.slice(1, -1);
  const quote = quoted[0];
  const end = quoted.length - 1;
  let content = "";
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length > 0) content += textOfBytes(Uint8Array.from(bytes));
    bytes = [];
  };
  for (let at = 1; at < end; at += 1) {
    let char = quoted.charAt(at);
    if (char === "\\") {
      at += 1;
      // The closing quote is never behind a lone backslash, so there is a character to look at.
      const letter = quoted.charAt(at);
      if (letter === "x") {
        if (at + 2 >= end) return { message: "truncated hex char escape sequence" };
        const digits = quoted.slice(at + 1, at + 3);
        if (!/^[0-9a-fA-F]{2}$/.test(digits)) return { message: `invalid hex char escape sequence: ${digits}` };
        bytes.push(Number.parseInt(digits, 16));
        at += 2;
        continue;
      }
      const problem = badEscape(letter, quote);
      if (problem !== undefined) return { message: problem };
      char = SIMPLE_ESCAPES[letter] ?? letter;
    }
    flush();
    content += char;
  }
  flush();
  return content;
}

function badEscape(letter: string, quote: string | undefined): string | undefined {
  if (letter === '"' && quote !== '"') return `invalid \\" escape in '-quoted string`;
  if (letter === "'" && quote !== "'") return `invalid \\' escape in "-quoted string`;
  if (letter === '"' || letter === "'" || Object.hasOwn(SIMPLE_ESCAPES, letter)) return undefined;
  return `unsupported string escape sequence: \\${letter > "\x7f" ? "\ufffd" : letter}`;
}

const WRITTEN: Readonly<Record<string, string>> = {
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\\": "\\\\",
  '"': '\\"',
};

/** The text as Falco prints values: bare, or in double quotes when it has a blank, `=`, quote, backslash or control. */
export function printText(text: string): string {
  const shown = wellFormed(text);
  if (!/[\b\f\n\r\t =\\"'\0]/.test(shown)) return shown;
  return `"${shown.replace(/[\b\f\n\r\t\\"]/g, (char) => WRITTEN[char] ?? char)}"`;
}
