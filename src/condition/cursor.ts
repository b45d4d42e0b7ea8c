import { MODIFIERS, OPERATORS, type OperatorRow, TRANSFORMERS } from "../fields/operators.ts";
import { unescapeQuoted } from "./quoted-text.ts";

/** Why parsing stopped: Falco's message; the place is where the cursor stands. Never leaves this folder. */
export class SyntaxStop extends Error {
  override readonly name = "SyntaxStop";
}

/** A place in the text being parsed. `token` is the last one read, as Falco's messages quote it. */
export interface Cursor {
  readonly text: string;
  readonly maxDepth: number;
  at: number;
  /** Where the last token ended: node spans leave out the blanks behind it. */
  tokenEnd: number;
  token: string;
  depth: number;
}

export function openCursor(text: string, maxDepth: number): Cursor {
  return { text, maxDepth, at: 0, tokenEnd: 0, token: "", depth: 0 };
}

/** Runs one production one level deeper, or stops at the depth limit: nesting is the attacker's, the stack is ours. */
export function nested<T>(cursor: Cursor, parse: (cursor: Cursor) => T): T {
  cursor.depth += 1;
  if (cursor.depth >= cursor.maxDepth) throw new SyntaxStop(`exceeded max depth limit of ${cursor.maxDepth}`);
  const result = parse(cursor);
  cursor.depth -= 1;
  return result;
}

/** Whether blanks were skipped: space, tab, backspace, CR, LF. The one lexer that leaves `token` alone. */
export function lexBlank(cursor: Cursor): boolean {
  const start = cursor.at;
  while (isBlankAt(cursor.text, cursor.at)) cursor.at += 1;
  return cursor.at > start;
}

function isBlankAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || (code >= 0x08 && code <= 0x0d && code !== 0x0b && code !== 0x0c);
}

export function lexText(cursor: Cursor, text: string): boolean {
  if (!cursor.text.startsWith(text, cursor.at)) return false;
  take(cursor, text, text.length);
  return true;
}

function take(cursor: Cursor, token: string, length: number): void {
  cursor.token = token;
  cursor.at += length;
  cursor.tokenEnd = cursor.at;
}

// Written so that a failing match never re-reads: no two loops in a row may share characters.
const SPACE = "\\t\\n\\v\\f\\r ";
const NOT_WORD = new RegExp(`not[${SPACE}]+`, "y");
const IDENTIFIER = /[a-zA-Z][a-zA-Z0-9_]*/y;
const FIELD_NAME = /[a-zA-Z][a-zA-Z0-9_]*(?:\.[a-zA-Z][a-zA-Z0-9_]*)+/y;
const BARE_ARGUMENT = new RegExp(`[^\\]\\["'${SPACE}]+`, "y");
const HEX_NUMBER = /0[xX][0-9a-fA-F]+/y;
const NUMBER = /[+-]?[0-9]+\.?[0-9]*(?:[eE][+-][0-9]+)?/y;
const BARE_STRING = new RegExp(`[^()"'${SPACE}=,]+`, "y");

function lexPattern(cursor: Cursor, pattern: RegExp): boolean {
  pattern.lastIndex = cursor.at;
  if (!pattern.test(cursor.text)) return false;
  take(cursor, cursor.text.slice(cursor.at, pattern.lastIndex), pattern.lastIndex - cursor.at);
  return true;
}

/** The field name that begins at a place of any text, without argument. */
export function fieldNameAt(text: string, at: number): string | undefined {
  FIELD_NAME.lastIndex = at;
  return FIELD_NAME.test(text) ? text.slice(at, FIELD_NAME.lastIndex) : undefined;
}

export const lexNotWord = (cursor: Cursor): boolean => lexPattern(cursor, NOT_WORD);
export const lexIdentifier = (cursor: Cursor): boolean => lexPattern(cursor, IDENTIFIER);
export const lexFieldName = (cursor: Cursor): boolean => lexPattern(cursor, FIELD_NAME);
export const lexBareArgument = (cursor: Cursor): boolean => lexPattern(cursor, BARE_ARGUMENT);
export const lexNumber = (cursor: Cursor): boolean => lexPattern(cursor, HEX_NUMBER) || lexPattern(cursor, NUMBER);
export const lexBareString = (cursor: Cursor): boolean => lexPattern(cursor, BARE_STRING);

/**
 * Whether a quoted string was read; `token` is then its unescaped content. A quote behind a backslash never ends it, even
 * when that backslash is itself escaped (so `"a\\"` is not closed), and a NUL ends the search: both as libs does.
 */
export function lexQuoted(cursor: Cursor): boolean {
  const { text, at } = cursor;
  const quote = text[at];
  if (quote !== '"' && quote !== "'") return false;
  for (let end = at + 1; end < text.length; end += 1) {
    const char = text[end];
    if (char === "\0") return false;
    if (char !== quote || text[end - 1] === "\\") continue;
    take(cursor, text.slice(at, end + 1), end + 1 - at);
    const content = unescapeQuoted(cursor.token);
    if (typeof content !== "string") throw new SyntaxStop(content.message);
    cursor.token = content;
    return true;
  }
  return false;
}

const UNARY = OPERATORS.filter(({ operand }) => operand === "none");
const NUMERIC = OPERATORS.filter(({ operand }) => operand === "number");
const STRING = OPERATORS.filter(({ operand }) => operand === "string");
const LISTED = OPERATORS.filter(({ operand }) => operand === "list");
const MODIFIER_WORDS: readonly OperatorRow[] = MODIFIERS.map((name) => ({
  name,
  operand: "list",
  blankAfter: true,
  sinceEngine: 0,
}));

function lexWord(cursor: Cursor, words: readonly OperatorRow[]): boolean {
  const { text, at } = cursor;
  for (const { name, blankAfter } of words) {
    if (!text.startsWith(name, at) || (blankAfter && !isBlankAt(text, at + name.length))) continue;
    take(cursor, name, name.length);
    if (blankAfter) lexBlank(cursor);
    return true;
  }
  return false;
}

export const lexUnaryOperator = (cursor: Cursor): boolean => lexWord(cursor, UNARY);
export const lexNumericOperator = (cursor: Cursor): boolean => lexWord(cursor, NUMERIC);
export const lexStringOperator = (cursor: Cursor): boolean => lexWord(cursor, STRING);
export const lexListOperator = (cursor: Cursor): boolean => lexWord(cursor, LISTED);

/** A modifier counts only before a list: an opening bracket, or a name that is no keyword. */
export function lexModifier(cursor: Cursor): boolean {
  const { at, tokenEnd, token } = cursor;
  if (lexWord(cursor, MODIFIER_WORDS) && listFollows(cursor)) return true;
  cursor.at = at;
  cursor.tokenEnd = tokenEnd;
  cursor.token = token;
  return false;
}

interface Call {
  readonly name: string;
  readonly opening: string;
}

const callOf = ({ name }: { readonly name: string }): Call => ({ name, opening: `${name}(` });
const FUNCTIONS = TRANSFORMERS.filter(({ identity }) => !identity).map(callOf);
const VAL = callOf({ name: "val" });

/** Whether the opening of a transformer was read, `tolower(` …; `token` is its bare name. */
export function lexTransformer(cursor: Cursor): boolean {
  return FUNCTIONS.some((call) => lexCall(cursor, call));
}

export const lexVal = (cursor: Cursor): boolean => lexCall(cursor, VAL);

function lexCall(cursor: Cursor, { name, opening }: Call): boolean {
  if (!lexText(cursor, opening)) return false;
  cursor.token = name;
  return true;
}

function listFollows(cursor: Cursor): boolean {
  if (cursor.text.startsWith("(", cursor.at)) return true;
  IDENTIFIER.lastIndex = cursor.at;
  return IDENTIFIER.test(cursor.text) && !keywordFollows(cursor);
}

function keywordFollows({ text, at }: Cursor): boolean {
  return ["and", "or", "not"].some(
    (keyword) => text.startsWith(keyword, at) && !/[a-zA-Z0-9]/.test(text.charAt(at + keyword.length)),
  );
}
