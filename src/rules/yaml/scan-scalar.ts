import { type Cursor, findFrom, YamlFault } from "./cursor.ts";
import { scanEscape } from "./scan-escape.ts";
import type { ScalarMap } from "./yaml-node.ts";

const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const HASH = 0x23;
const COMMA = 0x2c;
const CLOSING_BRACKET = 0x5d;
const CLOSING_BRACE = 0x7d;
const SPACE = 0x20;
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;

/** Where a line of a block scalar may end, or a character needs a closer look. */
const BLOCK_STOP = /[\n\r\0]/g;
/** Where a plain scalar may end, outside and inside of flow collections. */
const PLAIN_STOP = /[\n\r\0:#]/g;
const FLOW_STOP = /[\n\r\0:#,?[\]{}]/g;
const SINGLE_STOP = /['\n\r]/g;
const DOUBLE_STOP = /["\\\n\r]/g;
/** Whatever may mean something in any style of scalar. */
const WORD_END = /[ \t\n\r\0:#'"\\,?[\]{}]/g;

export type ScalarStyle = "plain" | "plain-in-flow" | "single" | "double" | "literal" | "folded";

export interface ScalarShape {
  readonly style: ScalarStyle;
  /** Columns that a continued line must be indented by; a block scalar may find it itself. */
  readonly indent: number;
  readonly detectIndent?: boolean;
  /** What happens to line ends at the end of a block scalar. */
  readonly chomp?: "clip" | "strip" | "keep";
}

export interface ScannedScalar {
  readonly value: string;
  readonly map: ScalarMap;
  /** The scalar ended because a line was indented too little: what follows begins a line. */
  readonly endedAtLineStart: boolean;
}

/** How the lines read so far shape the next line end of a folded scalar. */
interface Folding {
  emptyLine: boolean;
  moreIndented: boolean;
  pending: number;
  startedMoreIndented: boolean;
}

/**
 * Reads one scalar from the cursor, line by line: the line's text, its end, the blanks that lead the next line.
 * The rules of folding, trimming and ending are those of yaml-cpp (src/scanscalar.cpp @c2bec4c), which Falco reads with.
 */
export class ScalarScan {
  readonly #cursor: Cursor;
  readonly #shape: ScalarShape;
  readonly #map: number[] = [];
  readonly #quoted: boolean;
  readonly #block: boolean;
  readonly #fold: Folding = { emptyLine: false, moreIndented: false, pending: 0, startedMoreIndented: false };
  #value = "";
  #indent: number;
  #foundText = false;
  #pastOpeningBreak: boolean;
  #lastEscape = -1;
  #escapedBreak = false;

  constructor(cursor: Cursor, shape: ScalarShape) {
    this.#cursor = cursor;
    this.#shape = shape;
    this.#indent = shape.indent;
    this.#quoted = shape.style === "single" || shape.style === "double";
    this.#block = shape.style === "literal" || shape.style === "folded";
    this.#pastOpeningBreak = !this.#block;
  }

  run(): ScannedScalar {
    const cursor = this.#cursor;
    let endedAtLineStart = false;
    while (!cursor.atEnd) {
      const trimTo = this.#readLine();
      if (cursor.atEnd) {
        if (this.#quoted) throw new YamlFault(cursor.mark, "illegal EOF in scalar");
        break;
      }
      if (!this.#block && !this.#quoted && this.#atDocumentMarker()) break;
      if (this.#atEndOfScalar()) {
        if (this.#quoted) cursor.advance();
        break;
      }
      if (!this.#block) this.#value = this.#value.slice(0, trimTo);
      cursor.eatBreak();
      this.#readIndentation();
      this.#endLine();
      if (!this.#fold.emptyLine && cursor.column < this.#indent) {
        endedAtLineStart = true;
        break;
      }
    }
    // A grown array holds room for many more: most scalars have one pair.
    return { value: this.#finished(), map: this.#map.slice(), endedAtLineStart };
  }

  /** Takes the rest of the line into the value; returns the length to which its trailing blanks may be cut. */
  #readLine(): number {
    if (this.#block) return this.#readBlockLine();
    const cursor = this.#cursor;
    let trimTo = this.#value.length;
    this.#escapedBreak = false;
    let runStart = cursor.offset;
    while (!cursor.atEnd && !cursor.isBreak() && !this.#atEndOfScalar()) {
      if (cursor.column === 0 && this.#atDocumentMarker()) {
        if (!this.#quoted) break;
        throw new YamlFault(cursor.mark, "illegal document indicator in scalar");
      }
      this.#foundText = true;
      this.#pastOpeningBreak = true;
      const code = cursor.code();
      if (this.#shape.style === "double" && code === BACKSLASH && cursor.isBreak(1)) {
        this.#take(runStart);
        cursor.advance();
        trimTo = this.#value.length;
        this.#lastEscape = this.#value.length;
        this.#escapedBreak = true;
        return trimTo;
      }
      if (this.#isEscape(code)) {
        this.#take(runStart);
        this.#takeEscape();
        trimTo = this.#value.length;
        runStart = cursor.offset;
        continue;
      }
      cursor.advance();
      if (code === SPACE || code === TAB) continue;
      cursor.offset = findFrom(WORD_END, cursor.text, cursor.offset);
      trimTo = this.#value.length + cursor.offset - runStart;
    }
    this.#take(runStart);
    return trimTo;
  }

  /** In a block nothing ends a line but its end; only a NUL needs a closer look. */
  #readBlockLine(): number {
    const cursor = this.#cursor;
    let runStart = cursor.offset;
    while (!cursor.atEnd && !cursor.isBreak()) {
      this.#foundText = true;
      this.#pastOpeningBreak = true;
      if (cursor.code() === 0) {
        this.#take(runStart);
        this.#takeEscape();
        runStart = cursor.offset;
      } else cursor.offset = findFrom(BLOCK_STOP, cursor.text, cursor.offset + 1);
    }
    this.#take(runStart);
    return this.#value.length;
  }

  #takeEscape(): void {
    this.#map.push(this.#value.length, this.#cursor.offset);
    this.#value += scanEscape(this.#cursor);
    this.#lastEscape = this.#value.length;
  }

  /** Takes the file's characters from `start` to the cursor into the value. */
  #take(start: number): void {
    const { offset, text } = this.#cursor;
    if (offset === start) return;
    this.#map.push(this.#value.length, start);
    this.#value += text.slice(start, offset);
  }

  /** Outside quotes yaml-cpp takes a NUL for the backslash of double quotes. */
  #isEscape(code: number): boolean {
    if (this.#shape.style === "double") return code === BACKSLASH;
    return this.#shape.style === "single" ? code === APOSTROPHE : code === 0;
  }

  /** Over the required indentation, then over blanks that do not belong to the value. */
  #readIndentation(): void {
    const cursor = this.#cursor;
    const detecting = this.#shape.detectIndent === true && !this.#foundText;
    while (cursor.code() === SPACE && (cursor.column < this.#indent || detecting) && !this.#atEndOfScalar()) {
      cursor.advance();
    }
    if (detecting) this.#indent = Math.max(this.#indent, cursor.column);
    while (cursor.isBlank()) {
      if (!this.#quoted && cursor.isTab() && cursor.column < this.#indent) {
        throw new YamlFault(cursor.mark, "illegal tab when looking for indentation");
      }
      if (this.#block || this.#atEndOfScalar()) break;
      cursor.advance();
    }
  }

  /** Writes what the line end just passed becomes: a line end, a blank or nothing. */
  #endLine(): void {
    const cursor = this.#cursor;
    const fold = this.#fold;
    const nextEmpty = cursor.isBreak();
    const nextMoreIndented = cursor.isBlank();
    if (this.#shape.style === "folded" && fold.pending === 0 && nextEmpty) fold.startedMoreIndented = fold.moreIndented;
    if (this.#pastOpeningBreak) {
      if (this.#shape.style === "literal") this.#add("\n");
      else if (this.#shape.style === "folded") this.#foldBlockLine(nextEmpty, nextMoreIndented);
      else if (nextEmpty) this.#add("\n");
      else if (!fold.emptyLine && !this.#escapedBreak) this.#add(" ");
    }
    fold.emptyLine = nextEmpty;
    fold.moreIndented = nextMoreIndented;
    this.#pastOpeningBreak = true;
  }

  #foldBlockLine(nextEmpty: boolean, nextMoreIndented: boolean): void {
    const fold = this.#fold;
    const joins = !fold.emptyLine && !nextEmpty && !fold.moreIndented && !nextMoreIndented;
    if (joins && this.#cursor.column >= this.#indent) this.#add(" ");
    else if (nextEmpty) fold.pending += 1;
    else this.#add("\n");
    if (nextEmpty || fold.pending === 0) return;
    this.#add("\n".repeat(fold.pending - 1));
    if (fold.startedMoreIndented || nextMoreIndented || !this.#foundText) this.#add("\n");
    fold.pending = 0;
  }

  #add(text: string): void {
    if (text !== "") this.#map.push(this.#value.length, this.#cursor.offset);
    this.#value += text;
  }

  /** Line ends and blanks at the very end, cut as the style asks. */
  #finished(): string {
    const value = this.#value;
    if (!this.#block && !this.#quoted) {
      const trimmed = value.slice(0, this.#keptLength(value, " \t"));
      return trimmed.slice(0, this.#keptLength(trimmed, "\n"));
    }
    if (this.#block && this.#shape.chomp === "keep") return value;
    const kept = this.#keptLength(value, "\n");
    if (this.#block && this.#shape.chomp === "strip") return value.slice(0, kept);
    return kept === 0 ? "" : value.slice(0, kept + 1);
  }

  /** The length without the characters of a set at the end; what stands right behind an escape is kept. */
  #keptLength(text: string, cut: string): number {
    let length = text.length;
    while (length > 0 && cut.includes(text.charAt(length - 1))) length -= 1;
    return this.#lastEscape === -1 ? length : Math.max(length, this.#lastEscape + 1);
  }

  #atDocumentMarker(): boolean {
    return this.#cursor.isDocumentMarker("---") || this.#cursor.isDocumentMarker("...");
  }

  #atEndOfScalar(): boolean {
    const cursor = this.#cursor;
    const code = cursor.code();
    switch (this.#shape.style) {
      case "double":
        return code === QUOTE;
      case "single":
        return code === APOSTROPHE && cursor.code(1) !== APOSTROPHE;
      case "plain":
        return code === COLON ? cursor.isBlankOrBreakOrEnd(1) : this.#atComment();
      case "plain-in-flow":
        if (code === COLON) return cursor.isBlankOrBreakOrEnd(1) || ",]}".includes(cursor.char(1));
        return (!cursor.atEnd && ",?[]{}".includes(cursor.char())) || this.#atComment();
      default:
        return cursor.atEnd;
    }
  }

  #atComment(): boolean {
    const cursor = this.#cursor;
    if (cursor.isBlank()) return cursor.code(1) === HASH;
    const length = cursor.breakLength();
    return length > 0 && cursor.code(length) === HASH;
  }
}

/**
 * The short way for what most scalars are: a plain one in a block that ends on its line, at a colon, a comment or because
 * the next line is indented less than `indent`. undefined, with nothing read, where it takes the long way to tell.
 */
export function scanShortPlain(cursor: Cursor, indent: number): ScannedScalar | undefined {
  const { text, offset: start } = cursor;
  let at = findFrom(PLAIN_STOP, text, start);
  for (let code = text.charCodeAt(at); code !== LF; code = text.charCodeAt(at)) {
    if (Number.isNaN(code) || code === CR || code === 0) return undefined;
    // Whether a CR ends a line is for the long way to know.
    if (code === COLON && text.charCodeAt(at + 1) === CR) return undefined;
    if (code === COLON && endsKey(text, at + 1)) return shortPlain(cursor, at, false);
    if (code === HASH && isBlankAt(text, at - 1)) return shortPlain(cursor, at - 1, false);
    at = findFrom(PLAIN_STOP, text, at + 1);
  }
  let next = at + 1;
  while (text.charCodeAt(next) === SPACE) next += 1;
  const code = text.charCodeAt(next);
  const isLine = !(Number.isNaN(code) || code === LF || code === CR || code === TAB);
  if (!isLine || next - at - 1 >= indent) return undefined;
  const scalar = shortPlain(cursor, at, true);
  cursor.eatBreak();
  cursor.advance(next - at - 1);
  return scalar;
}

function shortPlain(cursor: Cursor, end: number, endedAtLineStart: boolean): ScannedScalar {
  const { text, offset: start } = cursor;
  let kept = end;
  while (kept > start && isBlankAt(text, kept - 1)) kept -= 1;
  cursor.advance(end - start);
  return { value: text.slice(start, kept), map: start, endedAtLineStart };
}

/**
 * The short way for a plain scalar in a flow collection that ends on its line at a comma or bracket; what holds a colon or
 * a hash takes the long way.
 */
export function scanShortInFlow(cursor: Cursor): ScannedScalar | undefined {
  const { text } = cursor;
  const at = findFrom(FLOW_STOP, text, cursor.offset);
  const code = text.charCodeAt(at);
  const ends = code === COMMA || code === CLOSING_BRACKET || code === CLOSING_BRACE;
  return ends ? shortPlain(cursor, at, false) : undefined;
}

/** The short way for a quoted scalar on one line without escapes; the cursor stands behind the opening quote. */
export function scanShortQuoted(cursor: Cursor, quote: "'" | '"'): ScannedScalar | undefined {
  const { text, offset: start } = cursor;
  const closing = quote.charCodeAt(0);
  const at = findFrom(quote === "'" ? SINGLE_STOP : DOUBLE_STOP, text, start);
  if (text.charCodeAt(at) !== closing) return undefined;
  if (quote === "'" && text.charCodeAt(at + 1) === closing) return undefined;
  cursor.advance(at + 1 - start);
  return { value: text.slice(start, at), map: start, endedAtLineStart: false };
}

function endsKey(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return Number.isNaN(code) || code === LF || code === SPACE || code === TAB;
}

function isBlankAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === SPACE || code === TAB;
}
