import { Cursor, type YamlDialect, YamlFault } from "./cursor.ts";
import { scanAnchorOrAlias, scanDirective, scanTag } from "./scan-properties.ts";
import { ScalarScan, type ScalarShape, scanShortInFlow, scanShortPlain, scanShortQuoted } from "./scan-scalar.ts";
import { type Token, type TokenType, token } from "./token.ts";
import type { Mark } from "./yaml-node.ts";

/** An open block collection; one opened by a possible key is undecided until the colon is seen. */
interface Indent {
  readonly column: number;
  readonly type: "none" | "sequence" | "map";
  state: "valid" | "undecided" | "invalid";
  start: Token | undefined;
}

/** A scalar, alias or flow collection that a colon on the same line would make a key. */
interface PossibleKey {
  readonly flowLevel: number;
  readonly indent: Indent | undefined;
  readonly key: Token;
}

const LONGEST_KEY = 1024;
const DOCUMENT_MARKERS = ["---", "..."] as const;

/**
 * Turns a YAML text into tokens, one construct at a time. What it accepts, where it stops and with which words is
 * yaml-cpp's behaviour (src/scanner.cpp, scantoken.cpp, simplekey.cpp @c2bec4c), because Falco reads rules with it.
 */
export class Scanner {
  readonly #cursor: Cursor;
  readonly #strictScalars: boolean;
  readonly #tokens: Token[] = [];
  #next = 0;
  #ended = false;
  #keyAllowed = true;
  #scalarAllowed = true;
  #afterJson = false;
  readonly #keys: PossibleKey[] = [];
  readonly #indents: Indent[] = [{ column: -1, type: "none", state: "valid", start: undefined }];
  readonly #flows: ("sequence" | "map")[] = [];

  constructor(text: string, dialect: YamlDialect) {
    this.#cursor = new Cursor(text, dialect);
    this.#strictScalars = dialect === "bundled";
  }

  get mark(): Mark {
    return this.#cursor.mark;
  }

  /** The next decided token; undefined once the text is used up. */
  peek(): Token | undefined {
    while (true) {
      const head = this.#tokens[this.#next];
      if (head?.state === "valid") return head;
      if (head?.state === "invalid") this.pop();
      else if (this.#ended) return undefined;
      else this.#scanNext();
    }
  }

  pop(): void {
    this.#next += 1;
    if (this.#next < 1024) return;
    this.#tokens.splice(0, this.#next);
    this.#next = 0;
  }

  get #inFlow(): boolean {
    return this.#flows.length > 0;
  }

  #scanNext(): void {
    const cursor = this.#cursor;
    this.#skipToToken();
    this.#closeIndents();
    if (cursor.atEnd) this.#endText();
    else if (cursor.column !== 0 || !this.#scanAtLineStart()) this.#scanConstruct(cursor.char());
  }

  #scanConstruct(char: string): void {
    const cursor = this.#cursor;
    if (char === "[" || char === "{") this.#openFlow(char);
    else if (char === "]" || char === "}") this.#closeFlow(char);
    else if (char === ",") this.#flowEntry();
    else if (char === "-" && cursor.isBlankOrBreakOrEnd(1)) this.#blockEntry();
    else if (char === "?" && cursor.isBlankOrBreak(1)) this.#explicitKey();
    else if (char === ":" && this.#isValueMark()) this.#value();
    else if (char === "*" || char === "&") this.#property(() => scanAnchorOrAlias(cursor));
    else if (char === "!") this.#property(() => scanTag(cursor));
    else if (!this.#inFlow && (char === "|" || char === ">")) this.#blockScalar(char);
    else if (this.#strictScalars && !this.#scalarAllowed) throw new YamlFault(cursor.mark, "unexpected scalar");
    else if (char === "'" || char === '"') this.#quotedScalar(char);
    else if (this.#startsPlain(char)) this.#plainScalar();
    else throw new YamlFault(cursor.mark, "unknown token");
  }

  #scanAtLineStart(): boolean {
    const cursor = this.#cursor;
    if (cursor.char() === "%") {
      this.#closeBlocks();
      this.#tokens.push(scanDirective(cursor));
      return true;
    }
    const marker = DOCUMENT_MARKERS.find((text) => cursor.isDocumentMarker(text));
    if (marker === undefined) return false;
    this.#closeBlocks();
    this.#push(marker === "---" ? "document-start" : "document-end", 3);
    return true;
  }

  #closeBlocks(): void {
    this.#closeAllIndents();
    this.#keys.length = 0;
    this.#keyAllowed = false;
    this.#afterJson = false;
  }

  #skipToToken(): void {
    const cursor = this.#cursor;
    while (true) {
      while (cursor.isBlank()) {
        // A tab may stand between tokens but cannot indent: after one no key can begin on this line.
        if (!this.#inFlow && cursor.isTab()) this.#keyAllowed = false;
        cursor.advance();
      }
      if (cursor.char() === "#") cursor.skipToBreak();
      if (!cursor.isBreak()) return;
      cursor.eatBreak();
      this.#dropKey();
      this.#scalarAllowed = true;
      if (!this.#inFlow) this.#keyAllowed = true;
    }
  }

  #endText(): void {
    this.#cursor.forceLineStart();
    this.#closeAllIndents();
    this.#keys.length = 0;
    this.#ended = true;
  }

  #push(type: TokenType, length: number): void {
    this.#tokens.push(token(type, this.#cursor.mark));
    this.#cursor.advance(length);
  }

  // Indentation

  #openIndent(column: number, type: "sequence" | "map"): Indent | undefined {
    if (this.#inFlow) return undefined;
    const last = this.#indents.at(-1);
    if (last !== undefined) {
      if (column < last.column) return undefined;
      // A sequence may stand at the column of the map whose value it is.
      if (column === last.column && !(type === "sequence" && last.type === "map")) return undefined;
    }
    const start = token(type === "sequence" ? "block-sequence-start" : "block-map-start", this.#cursor.mark);
    const indent: Indent = { column, type, state: "valid", start };
    this.#tokens.push(start);
    this.#indents.push(indent);
    return indent;
  }

  #closeIndents(): void {
    if (this.#inFlow) return;
    const cursor = this.#cursor;
    for (let top = this.#indents.at(-1); top !== undefined; top = this.#indents.at(-1)) {
      if (top.column < cursor.column) break;
      const endsHere = top.type === "sequence" && !(cursor.char() === "-" && cursor.isBlankOrBreakOrEnd(1));
      if (top.column === cursor.column && !endsHere) break;
      this.#closeIndent();
    }
    while (this.#indents.at(-1)?.state === "invalid") this.#closeIndent();
  }

  #closeAllIndents(): void {
    if (this.#inFlow) return;
    while ((this.#indents.at(-1)?.type ?? "none") !== "none") this.#closeIndent();
  }

  #closeIndent(): void {
    const indent = this.#indents.pop();
    if (indent === undefined) return;
    if (indent.state !== "valid") this.#dropKey();
    else if (indent.type === "sequence") this.#push("block-sequence-end", 0);
    else if (indent.type === "map") this.#push("block-map-end", 0);
  }

  // Keys that only a later colon makes keys

  #notePossibleKey(): void {
    if (!this.#keyAllowed || this.#keys.at(-1)?.flowLevel === this.#flows.length) return;
    const cursor = this.#cursor;
    const indent = this.#openIndent(cursor.column, "map");
    if (indent !== undefined) {
      indent.state = "undecided";
      if (indent.start !== undefined) indent.start.state = "undecided";
    }
    const key = token("key", cursor.mark);
    key.state = "undecided";
    this.#tokens.push(key);
    this.#keys.push({ flowLevel: this.#flows.length, indent, key });
  }

  #dropKey(): void {
    if (this.#keys.at(-1)?.flowLevel === this.#flows.length) decide(this.#keys.pop(), "invalid");
  }

  #confirmKey(): boolean {
    const key = this.#keys.at(-1);
    if (key === undefined || key.flowLevel !== this.#flows.length) return false;
    this.#keys.pop();
    const cursor = this.#cursor;
    const { mark } = key.key;
    const fits = cursor.line === mark.line && cursor.offset - mark.offset <= LONGEST_KEY;
    decide(key, fits ? "valid" : "invalid");
    return fits;
  }

  // Flow collections

  #openFlow(char: "[" | "{"): void {
    this.#notePossibleKey();
    this.#keyAllowed = true;
    this.#afterJson = false;
    this.#push(char === "[" ? "flow-sequence-start" : "flow-map-start", 1);
    this.#flows.push(char === "[" ? "sequence" : "map");
  }

  #closeFlow(char: "]" | "}"): void {
    const mark = this.#cursor.mark;
    if (!this.#inFlow) throw new YamlFault(mark, "illegal flow end");
    this.#endFlowItem();
    this.#keyAllowed = false;
    this.#afterJson = true;
    const closes = char === "]" ? "sequence" : "map";
    if (this.#flows.at(-1) !== closes) throw new YamlFault(mark, "illegal flow end");
    this.#flows.pop();
    this.#push(char === "]" ? "flow-sequence-end" : "flow-map-end", 1);
  }

  #flowEntry(): void {
    const cursor = this.#cursor;
    if (this.#strictScalars && cursor.column === 0) {
      throw new YamlFault(cursor.mark, "plain value cannot start with flow indicator character");
    }
    if (this.#strictScalars && !this.#scalarAllowed) throw new YamlFault(cursor.mark, "unexpected scalar");
    if (this.#inFlow) this.#endFlowItem();
    this.#keyAllowed = true;
    this.#afterJson = false;
    this.#push("flow-entry", 1);
  }

  /** `{a, b}`: an item without a colon is a key without a value. */
  #endFlowItem(): void {
    if (this.#flows.at(-1) === "sequence") this.#dropKey();
    else if (this.#confirmKey()) this.#push("value", 0);
  }

  // Block collections

  #blockEntry(): void {
    const cursor = this.#cursor;
    if (this.#inFlow || !this.#keyAllowed) throw new YamlFault(cursor.mark, "illegal block entry");
    this.#openIndent(cursor.column, "sequence");
    this.#keyAllowed = true;
    this.#afterJson = false;
    this.#push("block-entry", 1);
  }

  #explicitKey(): void {
    const cursor = this.#cursor;
    if (!this.#inFlow) {
      if (!this.#keyAllowed) throw new YamlFault(cursor.mark, "illegal map key");
      this.#openIndent(cursor.column, "map");
    }
    this.#keyAllowed = !this.#inFlow;
    this.#push("key", 1);
  }

  #isValueMark(): boolean {
    const cursor = this.#cursor;
    if (!this.#inFlow) return cursor.isBlankOrBreakOrEnd(1);
    return this.#afterJson || cursor.isBlankOrBreak(1) || (cursor.char(1) !== "" && ",]}".includes(cursor.char(1)));
  }

  #value(): void {
    const cursor = this.#cursor;
    const hasKey = this.#confirmKey();
    this.#afterJson = false;
    if (hasKey) this.#keyAllowed = false;
    else {
      if (!this.#inFlow) {
        if (!this.#keyAllowed) throw new YamlFault(cursor.mark, "illegal map value");
        this.#openIndent(cursor.column, "map");
      }
      this.#keyAllowed = !this.#inFlow;
    }
    this.#scalarAllowed = true;
    this.#push("value", 1);
  }

  // Scalars and their properties

  #property(scan: () => Token): void {
    this.#notePossibleKey();
    this.#keyAllowed = false;
    this.#afterJson = false;
    this.#tokens.push(scan());
  }

  #startsPlain(char: string): boolean {
    const cursor = this.#cursor;
    if (",[]{}#&*!|>'\"%@`".includes(char)) return false;
    if (!this.#inFlow) return !("-?:".includes(char) && cursor.isBlankOrBreakOrEnd(1));
    if (char === "?") return false;
    return !("-:".includes(char) && (cursor.isBlank(1) || cursor.char(1) === ""));
  }

  #plainScalar(): void {
    const shape: ScalarShape = this.#inFlow
      ? { style: "plain-in-flow", indent: 0 }
      : { style: "plain", indent: (this.#indents.at(-1)?.column ?? -1) + 1 };
    this.#notePossibleKey();
    const mark = this.#cursor.mark;
    const short = this.#inFlow ? scanShortInFlow(this.#cursor) : scanShortPlain(this.#cursor, shape.indent);
    const { value, map, endedAtLineStart } = short ?? new ScalarScan(this.#cursor, shape).run();
    this.#keyAllowed = endedAtLineStart;
    this.#afterJson = false;
    this.#tokens.push(token("plain", mark, value, map));
  }

  #quotedScalar(quote: "'" | '"'): void {
    this.#notePossibleKey();
    const mark = this.#cursor.mark;
    this.#cursor.advance();
    const style = quote === "'" ? "single" : "double";
    const short = scanShortQuoted(this.#cursor, quote);
    const { value, map } = short ?? new ScalarScan(this.#cursor, { style, indent: 0 }).run();
    this.#keyAllowed = false;
    this.#scalarAllowed = this.#inFlow;
    this.#afterJson = true;
    this.#tokens.push(token("quoted", mark, value, map));
  }

  #blockScalar(char: "|" | ">"): void {
    const cursor = this.#cursor;
    const mark = cursor.mark;
    cursor.advance();
    const header =
      /^(?:[+-][0-9]|[0-9][+-]|[+-]|[0-9])/.exec(cursor.text.slice(cursor.offset, cursor.offset + 2))?.[0] ?? "";
    const digit = /[0-9]/.exec(header);
    if (digit?.[0] === "0") {
      cursor.advance(digit.index + 1);
      throw new YamlFault(cursor.mark, "cannot set zero indentation for a block scalar");
    }
    cursor.advance(header.length);
    while (cursor.isBlank()) cursor.advance();
    if (cursor.char() === "#") cursor.skipToBreak();
    if (!cursor.atEnd && !cursor.isBreak()) throw new YamlFault(cursor.mark, "unexpected character in block scalar");
    const { value, map } = new ScalarScan(cursor, {
      style: char === ">" ? "folded" : "literal",
      indent: (digit === null ? 1 : Number(digit[0])) + Math.max(0, this.#indents.at(-1)?.column ?? 0),
      detectIndent: digit === null,
      chomp: header.includes("+") ? "keep" : header.includes("-") ? "strip" : "clip",
    }).run();
    this.#keyAllowed = true;
    this.#afterJson = false;
    this.#tokens.push(token("quoted", mark, value, map));
  }
}

function decide(key: PossibleKey | undefined, state: "valid" | "invalid"): void {
  if (key === undefined) return;
  key.key.state = state;
  if (key.indent === undefined) return;
  key.indent.state = state;
  if (key.indent.start !== undefined) key.indent.start.state = state;
}
