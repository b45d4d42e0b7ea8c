import type { Mark } from "./yaml-node.ts";

const BLANK = 0x20;
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;

const BREAK = /[\r\n]/g;

/**
 * Offset of the first character from `from` on that a pattern with the g flag finds, or the text's length. V8's search
 * is much faster than a loop in code that runs once.
 */
export function findFrom(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex - 1 : text.length;
}

/** A YAML text that cannot be read further: words as Falco's YAML library gives them, without its position prefix. */
export class YamlFault extends Error {
  readonly mark: Mark;

  constructor(mark: Mark, message: string) {
    super(message);
    this.mark = mark;
  }
}

/**
 * Which YAML library is followed: the one that Falco's own packages contain (yaml-cpp @c2bec4c), or yaml-cpp 0.7, which
 * distributions build Falco with. 0.7 reads on behind an empty document and knows no line end but LF.
 */
export type YamlDialect = "bundled" | "0.7";

/** A reading position in a YAML text that knows its line and column. The text's first line break decides what ends lines. */
export class Cursor {
  readonly text: string;
  readonly #lineEnd: number;
  readonly #loneReturns: boolean;
  offset: number;
  #line = 0;
  #lineStart: number;
  /** Of the last place that was asked for: a scalar's tokens and nodes all stand where it begins. */
  #mark: Mark;

  constructor(text: string, dialect: YamlDialect) {
    this.text = text;
    this.#loneReturns = dialect === "bundled";
    this.offset = text.startsWith("\uFEFF") ? 1 : 0;
    this.#lineStart = this.offset;
    this.#mark = { offset: this.offset, line: 0, column: 0 };
    const first = text.search(/[\r\n]/);
    this.#lineEnd = this.#loneReturns && first !== -1 && text[first] === "\r" && text[first + 1] !== "\n" ? CR : LF;
  }

  get atEnd(): boolean {
    return this.offset >= this.text.length;
  }

  get column(): number {
    return this.offset - this.#lineStart;
  }

  get line(): number {
    return this.#line;
  }

  get mark(): Mark {
    const { offset, column } = this;
    if (this.#mark.offset !== offset || this.#mark.column !== column) {
      this.#mark = { offset, line: this.#line, column };
    }
    return this.#mark;
  }

  /** The UTF-16 unit some places ahead; NaN past the end. */
  code(ahead = 0): number {
    return this.text.charCodeAt(this.offset + ahead);
  }

  char(ahead = 0): string {
    return this.text.charAt(this.offset + ahead);
  }

  /** Moves over characters that are no line breaks. */
  advance(count = 1): void {
    this.offset += count;
  }

  /** Moves over the line break that stands here. */
  eatBreak(): void {
    const length = this.breakLength();
    const endsLine = length === 2 || this.code() === this.#lineEnd;
    this.offset += length;
    if (!endsLine) return;
    this.#line += 1;
    this.#lineStart = this.offset;
  }

  /** Moves over one character of any kind. */
  eat(): void {
    if (this.code() === this.#lineEnd) {
      this.offset += 1;
      this.#line += 1;
      this.#lineStart = this.offset;
    } else this.offset += 1;
  }

  /** The end of the text counts as the start of a line for whatever is closed there. */
  forceLineStart(): void {
    this.#lineStart = this.offset;
  }

  isBlank(ahead = 0): boolean {
    const code = this.code(ahead);
    return code === BLANK || code === TAB;
  }

  isTab(): boolean {
    return this.code() === TAB;
  }

  isBreak(ahead = 0): boolean {
    const code = this.code(ahead);
    return code === LF || (code === CR && (this.#loneReturns || this.code(ahead + 1) === LF));
  }

  isBlankOrBreak(ahead = 0): boolean {
    return this.isBlank(ahead) || this.isBreak(ahead);
  }

  isBlankOrBreakOrEnd(ahead = 0): boolean {
    return this.offset + ahead >= this.text.length || this.isBlankOrBreak(ahead);
  }

  /** 2 for CRLF, 1 for a lone CR or LF, 0 for anything else. */
  breakLength(ahead = 0): number {
    if (!this.isBreak(ahead)) return 0;
    return this.code(ahead) === CR && this.code(ahead + 1) === LF ? 2 : 1;
  }

  /** `---` or `...` at the start of a line, followed by a blank, a break or the end. */
  isDocumentMarker(marker: "---" | "..."): boolean {
    return this.column === 0 && this.text.startsWith(marker, this.offset) && this.isBlankOrBreakOrEnd(3);
  }

  skipToBreak(): void {
    this.offset = findFrom(BREAK, this.text, this.offset);
    while (!this.atEnd && !this.isBreak()) this.offset = findFrom(BREAK, this.text, this.offset + 1);
  }
}
