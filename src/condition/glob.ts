/**
 * Shell patterns as C's fnmatch without flags has them: `*` and `?` take any character, slashes and leading dots too,
 * `[...]` is a class with ranges, names and `!` or `^` to negate, a backslash takes the next character as it is.
 * Matching never backs up over more than the last `*`, so time is bounded by pattern length times text length.
 */
export interface Glob {
  matches(text: string): boolean;
}

type Token =
  | { readonly kind: "star" }
  | { readonly kind: "any" }
  | { readonly kind: "char"; readonly char: string }
  | { readonly kind: "class"; readonly negated: boolean; readonly has: (char: string) => boolean };

/** The pattern, ready to match. With `foldCase` ASCII letters match in either case. */
export function compileGlob(pattern: string, foldCase = false): Glob {
  const written = foldCase ? lowerAscii(pattern) : pattern;
  const tokens = readTokens(written, foldCase);
  if (tokens === undefined) return { matches: () => false };
  const plain = plainShape(tokens);
  if (plain !== undefined) return { matches: (text) => plain(foldCase ? lowerAscii(text) : text) };
  return { matches: (text) => matchTokens(tokens, foldCase ? lowerAscii(text) : text) };
}

/** ASCII letters in lower case, everything else as it is: what C's tolower does in the C locale. */
export function lowerAscii(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}

/** ASCII letters in upper case, everything else as it is. */
export function upperAscii(text: string): string {
  return /[a-z]/.test(text) ? text.replace(/[a-z]+/g, (letters) => letters.toUpperCase()) : text;
}

/** Patterns that are a text with stars only at its ends need no walk over tokens. */
function plainShape(tokens: readonly Token[]): ((text: string) => boolean) | undefined {
  const starsBefore = tokens[0]?.kind === "star";
  const starsAfter = tokens.length > 1 && tokens.at(-1)?.kind === "star";
  const middle = tokens.slice(starsBefore ? 1 : 0, starsAfter ? -1 : undefined);
  let text = "";
  for (const token of middle) {
    if (token.kind !== "char") return undefined;
    text += token.char;
  }
  if (starsBefore && (starsAfter || tokens.length === 1)) return (value) => value.includes(text);
  if (starsBefore) return (value) => value.endsWith(text);
  return starsAfter ? (value) => value.startsWith(text) : (value) => value === text;
}

/** undefined for a pattern that matches nothing: one that ends in a lone backslash. */
function readTokens(pattern: string, foldCase: boolean): readonly Token[] | undefined {
  const tokens: Token[] = [];
  const chars = [...pattern];
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at] ?? "";
    if (char === "*") {
      if (tokens.at(-1)?.kind !== "star") tokens.push({ kind: "star" });
    } else if (char === "?") {
      tokens.push({ kind: "any" });
    } else if (char === "\\") {
      at += 1;
      const next = chars[at];
      if (next === undefined) return undefined;
      tokens.push({ kind: "char", char: next });
    } else {
      const read = char === "[" ? readClass(chars, at, foldCase) : undefined;
      tokens.push(read?.token ?? { kind: "char", char });
      if (read !== undefined) at = read.last;
    }
  }
  return tokens;
}

const NAMED: Readonly<Record<string, RegExp>> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  cntrl: /[\0-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t\n\v\f\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

/** A class that begins at `[`; undefined when it is not closed and the bracket stands for itself. */
function readClass(
  chars: readonly string[],
  open: number,
  foldCase: boolean,
): { readonly token: Token; readonly last: number } | undefined {
  const negated = chars[open + 1] === "!" || chars[open + 1] === "^";
  const first = open + (negated ? 2 : 1);
  const tests: ((char: string) => boolean)[] = [];
  for (let at = first; at < chars.length; at += 1) {
    const char = chars[at] ?? "";
    if (char === "]" && at > first) {
      const has = (wanted: string): boolean => tests.some((test) => test(wanted));
      return { token: { kind: "class", negated, has }, last: at };
    }
    const name = char === "[" && chars[at + 1] === ":" ? namedClass(chars, at) : undefined;
    if (name !== undefined) {
      const folds = foldCase && (name.name === "upper" || name.name === "lower");
      const pattern = folds ? NAMED.alpha : NAMED[name.name];
      tests.push((wanted) => pattern?.test(wanted) ?? false);
      at = name.last;
      continue;
    }
    const low = classCharacter(chars, at);
    at = low.last;
    const ranged = chars[at + 1] === "-" && chars[at + 2] !== undefined && chars[at + 2] !== "]";
    const high = ranged ? classCharacter(chars, at + 2) : low;
    at = high.last;
    tests.push((wanted) => wanted >= low.char && wanted <= high.char && wanted.length === low.char.length);
  }
  return undefined;
}

function classCharacter(chars: readonly string[], at: number): { readonly char: string; readonly last: number } {
  const escaped = chars[at] === "\\" && chars[at + 1] !== undefined;
  return escaped ? { char: chars[at + 1] ?? "", last: at + 1 } : { char: chars[at] ?? "", last: at };
}

function namedClass(
  chars: readonly string[],
  at: number,
): { readonly name: string; readonly last: number } | undefined {
  for (let end = at + 2; end + 1 < chars.length && end < at + 12; end += 1) {
    if (chars[end] !== ":" || chars[end + 1] !== "]") continue;
    const name = chars.slice(at + 2, end).join("");
    return Object.hasOwn(NAMED, name) ? { name, last: end + 1 } : undefined;
  }
  return undefined;
}

function matchTokens(tokens: readonly Token[], text: string): boolean {
  let token = 0;
  let at = 0;
  let starToken = -1;
  let starAt = 0;
  while (at < text.length) {
    const current = tokens[token];
    const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
    if (current?.kind === "star") {
      starToken = token;
      starAt = at;
      token += 1;
    } else if (current !== undefined && takes(current, char)) {
      token += 1;
      at += char.length;
    } else if (starToken !== -1) {
      // The last star takes one character more, and all after it begins again.
      starAt += (text.codePointAt(starAt) ?? 0) > 0xffff ? 2 : 1;
      at = starAt;
      token = starToken + 1;
    } else {
      return false;
    }
  }
  while (tokens[token]?.kind === "star") token += 1;
  return token === tokens.length;
}

function takes(token: Token, char: string): boolean {
  switch (token.kind) {
    case "char":
      return token.char === char;
    case "class":
      return token.has(char) !== token.negated;
    default:
      return true;
  }
}
