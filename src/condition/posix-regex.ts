import { RE2JS } from "re2js";
import { holdsRawBytes } from "./byte-text.ts";

/**
 * Regular expressions as the engine has them: RE2 with POSIX syntax, which knows no `\d`, `\b`, `(?...)` or lazy
 * operators, lets `^` and `$` match at line ends too, and allows 1000 repetitions. Messages are RE2's.
 * Source: RE2's parse.cc with only the ClassNL flag, as libs userspace/libsinsp/sinsp_filtercheck.cpp sets it up @48dfd53c.
 */
export interface PosixRegex {
  /** Whether the whole text matches; time grows with the length of the text only. */
  matches(text: string): boolean;
}

/** The compiled expression, or RE2's message about its first fault. */
export function compilePosixRegex(source: string): PosixRegex | { readonly message: string } {
  if (holdsRawBytes(source)) return { message: "invalid UTF-8" };
  const reader: Reader = { source, at: 0, stack: [newGroup()] };
  try {
    while (reader.at < source.length) readItem(reader);
    if (reader.stack.length > 1) throw new RegexFault(`missing ): ${source}`);
  } catch (thrown) {
    if (!(thrown instanceof RegexFault)) throw thrown;
    return { message: thrown.message };
  }
  const compiled = RE2JS.compile(textOf(top(reader)));
  return { matches: (text) => compiled.testExact(text) };
}

class RegexFault extends Error {
  override readonly name = "RegexFault";
}

interface Reader {
  readonly source: string;
  at: number;
  readonly stack: Group[];
}

/** One open bracket: finished alternatives and the atoms of the one being read. */
interface Group {
  readonly branches: string[];
  atoms: Atom[];
  /** The largest repetition inside, multiplied along the nesting. */
  repeats: number;
}

/** A piece of the expression in re2js's syntax, with the repetitions it already holds. */
interface Atom {
  readonly text: string;
  readonly repeats: number;
}

const MAX_REPEAT = 1000;

function newGroup(): Group {
  return { branches: [], atoms: [], repeats: 1 };
}

function top({ stack }: Reader): Group {
  const group = stack.at(-1);
  if (group === undefined) throw new Error("a regular expression always has an outermost group");
  return group;
}

function textOf(group: Group): string {
  return [...group.branches, group.atoms.map(({ text }) => text).join("")].join("|");
}

function push(reader: Reader, text: string, repeats = 1): void {
  const group = top(reader);
  group.atoms.push({ text, repeats });
  group.repeats = Math.max(group.repeats, repeats);
}

function readItem(reader: Reader): void {
  const { source } = reader;
  const char = source[reader.at];
  switch (char) {
    case "(":
      reader.at += 1;
      reader.stack.push(newGroup());
      return;
    case ")":
      closeGroup(reader);
      return;
    case "|": {
      reader.at += 1;
      const group = top(reader);
      group.branches.push(group.atoms.map(({ text }) => text).join(""));
      group.atoms = [];
      return;
    }
    case "^":
      single(reader, "(?m:^)");
      return;
    case "$":
      single(reader, "(?m:$)");
      return;
    case ".":
      single(reader, "[^\\n]");
      return;
    case "[":
      readClass(reader);
      return;
    case "*":
    case "+":
    case "?":
      reader.at += 1;
      repeat(reader, char, char, 1);
      return;
    case "{":
      readRepetition(reader);
      return;
    case "\\":
      push(reader, literal(readEscape(reader)));
      return;
    default:
      push(reader, literal(readCharacter(reader)));
  }
}

function single(reader: Reader, text: string): void {
  reader.at += 1;
  push(reader, text);
}

function closeGroup(reader: Reader): void {
  if (reader.stack.length === 1) throw new RegexFault(`unexpected ): ${reader.source}`);
  reader.at += 1;
  const group = top(reader);
  reader.stack.pop();
  push(reader, `(?:${textOf(group)})`, group.repeats);
}

/** `*`, `+`, `?` and `{n,m}` apply to what stands before them in the same alternative; stacked ones are allowed. */
function repeat(reader: Reader, operator: string, shown: string, times: number): void {
  const group = top(reader);
  const atom = group.atoms.pop();
  if (atom === undefined) throw new RegexFault(`no argument for repetition operator: ${shown}`);
  const repeats = atom.repeats * Math.max(1, times);
  if (times >= 2 && repeats > MAX_REPEAT) throw new RegexFault(`invalid repetition size: ${shown}`);
  push(reader, `(?:${atom.text})${operator}`, repeats);
}

function readRepetition(reader: Reader): void {
  const match = /^\{(0|[1-9][0-9]{0,8})(?:(,)(0|[1-9][0-9]{0,8})?)?\}/.exec(reader.source.slice(reader.at));
  if (match === null) {
    reader.at += 1;
    push(reader, literal("{"));
    return;
  }
  const [shown, low = "0", comma, high] = match;
  reader.at += shown.length;
  const least = Number(low);
  const most = comma === undefined ? least : high === undefined ? -1 : Number(high);
  if ((most !== -1 && most < least) || least > MAX_REPEAT || most > MAX_REPEAT) {
    throw new RegexFault(`invalid repetition size: ${shown}`);
  }
  repeat(reader, shown, shown, most === -1 ? least : most);
}

function readCharacter(reader: Reader): string {
  const char = String.fromCodePoint(reader.source.codePointAt(reader.at) ?? 0);
  reader.at += char.length;
  return char;
}

function literal(char: string): string {
  return `\\x{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}

const CONTROL_ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  a: "\x07",
  f: "\f",
  v: "\v",
};

function readEscape(reader: Reader): string {
  const start = reader.at;
  const { source } = reader;
  reader.at += 1;
  if (reader.at === source.length) throw new RegexFault("trailing \\");
  const letter = readCharacter(reader);
  if (/^[\0-\x7f]$/.test(letter) && !/\w/.test(letter)) return letter;
  const control = CONTROL_ESCAPES[letter];
  if (control !== undefined) return control;
  const code = letter === "x" ? readHex(reader) : readOctal(reader, letter);
  if (code === undefined || code > 0x10ffff) {
    throw new RegexFault(`invalid escape sequence: ${source.slice(start, reader.at)}`);
  }
  return String.fromCodePoint(code);
}

/** An octal code behind `\`; a single digit but zero would be a back-reference, which RE2 does not have. */
function readOctal(reader: Reader, first: string): number | undefined {
  if (!/[0-7]/.test(first)) return undefined;
  const isDigit = (): boolean => /[0-7]/.test(reader.source.charAt(reader.at));
  if (first !== "0" && !isDigit()) return undefined;
  let code = Number(first);
  for (let digits = 1; digits < 3 && isDigit(); digits += 1) {
    code = code * 8 + Number(reader.source[reader.at]);
    reader.at += 1;
  }
  return code;
}

function readHex(reader: Reader): number | undefined {
  const { source } = reader;
  if (reader.at === source.length) return undefined;
  const first = readCharacter(reader);
  if (first !== "{") {
    if (reader.at === source.length) return undefined;
    const digits = first + readCharacter(reader);
    return /^[0-9a-fA-F]{2}$/.test(digits) ? Number.parseInt(digits, 16) : undefined;
  }
  let digits = "";
  while (reader.at < source.length) {
    const char = readCharacter(reader);
    if (!/^[0-9a-fA-F]$/.test(char)) return char === "}" && digits !== "" ? Number.parseInt(digits, 16) : undefined;
    digits += char;
    if (Number.parseInt(digits, 16) > 0x10ffff) return undefined;
  }
  return undefined;
}

/** Members of the named classes, ASCII only. */
const NAMED_CLASSES: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\x{0}-\\x{7f}",
  blank: "\\t ",
  cntrl: "\\x{0}-\\x{1f}\\x{7f}",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\t\\n\\x{b}\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

function readClass(reader: Reader): void {
  const { source } = reader;
  const start = reader.at;
  reader.at += 1;
  let members = "";
  const negated = source[reader.at] === "^";
  if (negated) reader.at += 1;
  for (let first = true; ; first = false) {
    if (reader.at >= source.length) throw new RegexFault(`missing ]: ${source.slice(start)}`);
    if (source[reader.at] === "]" && !first) break;
    refuseLooseDash(reader, first);
    members += readNamedClass(reader) ?? readRange(reader, start);
  }
  reader.at += 1;
  push(reader, `[${negated ? "^" : ""}${members}]`);
}

/** A dash stands for itself only first or last. */
function refuseLooseDash(reader: Reader, first: boolean): void {
  const { source, at } = reader;
  if (source[at] !== "-" || first || source[at + 1] === "]") return;
  // RE2 tries to read the character behind the dash, and where there is none takes it for a broken one.
  if (at + 1 >= source.length) throw new RegexFault("invalid UTF-8");
  const next = String.fromCodePoint(source.codePointAt(at + 1) ?? 0);
  throw new RegexFault(`invalid character class range: -${next}`);
}

function readNamedClass(reader: Reader): string | undefined {
  const { source, at } = reader;
  if (!source.startsWith("[:", at)) return undefined;
  const end = source.indexOf(":]", at + 2);
  if (end === -1) return undefined;
  const shown = source.slice(at, end + 2);
  const name = source.slice(at + 2, end);
  const plain = name.startsWith("^") ? name.slice(1) : name;
  const members = Object.hasOwn(NAMED_CLASSES, plain) ? NAMED_CLASSES[plain] : undefined;
  if (members === undefined) throw new RegexFault(`invalid character class range: ${shown}`);
  reader.at = end + 2;
  return plain === name ? members : `[:^${plain}:]`;
}

function readRange(reader: Reader, classStart: number): string {
  const { source } = reader;
  const start = reader.at;
  const low = readClassCharacter(reader, classStart);
  if (source[reader.at] !== "-" || reader.at + 1 >= source.length || source[reader.at + 1] === "]") return literal(low);
  reader.at += 1;
  const high = readClassCharacter(reader, classStart);
  if ((high.codePointAt(0) ?? 0) < (low.codePointAt(0) ?? 0)) {
    throw new RegexFault(`invalid character class range: ${source.slice(start, reader.at)}`);
  }
  return `${literal(low)}-${literal(high)}`;
}

function readClassCharacter(reader: Reader, classStart: number): string {
  if (reader.at >= reader.source.length) throw new RegexFault(`missing ]: ${reader.source.slice(classStart)}`);
  return reader.source[reader.at] === "\\" ? readEscape(reader) : readCharacter(reader);
}
