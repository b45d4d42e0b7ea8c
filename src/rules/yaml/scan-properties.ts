import { type Cursor, YamlFault } from "./cursor.ts";
import { type Token, token } from "./token.ts";

const WORD = /^[A-Za-z0-9-]/;
const TAG_PART = /^(?:[A-Za-z0-9-]|[#;/?:@&=+$_.~*'()]|%[0-9A-Fa-f]{2})/;
const URI_PART = /^(?:[A-Za-z0-9-]|[#;/?:@&=+$,_.!~*'()[\]]|%[0-9A-Fa-f]{2})/;

/** `&name` or `*name` at the cursor. */
export function scanAnchorOrAlias(cursor: Cursor): Token {
  const mark = cursor.mark;
  const type = cursor.char() === "*" ? "alias" : "anchor";
  cursor.advance();
  const start = cursor.offset;
  while (!cursor.atEnd && !cursor.isBlankOrBreak() && !"[]{},".includes(cursor.char())) cursor.advance();
  const name = cursor.text.slice(start, cursor.offset);
  if (name === "")
    throw new YamlFault(cursor.mark, type === "alias" ? "alias not found after *" : "anchor not found after &");
  if (!cursor.atEnd && !cursor.isBlankOrBreak() && !"?:,]}%@`".includes(cursor.char())) {
    throw new YamlFault(cursor.mark, `illegal character found while scanning ${type}`);
  }
  return token(type, mark, name);
}

/**
 * A tag at the cursor. Its value is what a reader of rule files needs to know of it: "" for the bare `!`,
 * else any text, because every tag only says that a scalar is text.
 */
export function scanTag(cursor: Cursor): Token {
  const mark = cursor.mark;
  cursor.advance();
  if (cursor.char() === "<") return token("tag", mark, verbatimTag(cursor));
  let plainHandle = true;
  let badMark = cursor.mark;
  let handle = "";
  while (!cursor.atEnd) {
    if (cursor.char() === "!") {
      if (!plainHandle) throw new YamlFault(badMark, "illegal character found while scanning tag handle");
      break;
    }
    if (plainHandle && !WORD.test(cursor.char())) {
      plainHandle = false;
      badMark = cursor.mark;
    }
    const part = plainHandle ? cursor.char() : match(cursor, TAG_PART);
    if (part === "") break;
    handle += part;
    cursor.advance(part.length);
  }
  if (!plainHandle || cursor.char() !== "!") return token("tag", mark, `!${handle}`);
  cursor.advance();
  let suffix = "";
  for (let part = match(cursor, TAG_PART); part !== ""; part = match(cursor, TAG_PART)) {
    suffix += part;
    cursor.advance(part.length);
  }
  if (suffix === "") throw new YamlFault(cursor.mark, "tag handle with no suffix");
  return token("tag", mark, `!${handle}!${suffix}`);
}

function verbatimTag(cursor: Cursor): string {
  cursor.advance();
  let tag = "";
  while (!cursor.atEnd) {
    if (cursor.char() === ">") {
      cursor.advance();
      return tag;
    }
    const part = match(cursor, URI_PART);
    if (part === "") break;
    tag += part;
    cursor.advance(part.length);
  }
  throw new YamlFault(cursor.mark, "end of verbatim tag not found");
}

function match(cursor: Cursor, pattern: RegExp): string {
  return pattern.exec(cursor.text.slice(cursor.offset, cursor.offset + 3))?.[0] ?? "";
}

/** `%NAME parameter…` at the cursor, up to its comment or the line's end. */
export function scanDirective(cursor: Cursor): Token {
  const mark = cursor.mark;
  cursor.advance();
  const name = word(cursor);
  const parameters: string[] = [];
  while (true) {
    while (cursor.isBlank()) cursor.advance();
    if (cursor.atEnd || cursor.isBreak() || cursor.char() === "#") break;
    parameters.push(word(cursor));
  }
  return token("directive", mark, name, [], parameters);
}

function word(cursor: Cursor): string {
  const start = cursor.offset;
  while (!cursor.atEnd && !cursor.isBlankOrBreak()) cursor.advance();
  return cursor.text.slice(start, cursor.offset);
}
