import { createPiece, type LineReceiver, type Splitter, startsWithMark } from "./split-lines.ts";

/**
 * Splits a JSON document (pretty-printed objects one after the other, or arrays of objects) into its objects, each
 * handed over on one line: blanks outside strings are dropped, everything else, numbers too, stays as written.
 * Text between objects is handed over line by line, for the reader to reject. A raw line end inside a string is
 * illegal JSON: the object is handed over as far as it went and reading goes on at the next line that begins with `{`.
 */
export function createRecordSplitter(receiver: LineReceiver, maxRecordBytes: number): Splitter {
  const piece = createPiece(maxRecordBytes);
  const scan: Scan = { state: "between", depth: 0, atLineStart: true };
  let recordOffset = 0;
  let chunkOffset = 0;

  function finish(): void {
    if (piece.length > 0) piece.take(recordOffset, receiver);
  }

  function push(chunk: Buffer): void {
    /** Where the bytes to keep begin in this chunk; -1 for none. */
    let from = -1;
    const keepUntil = (end: number) => {
      if (from !== -1) piece.append(chunk.subarray(from, end));
      from = -1;
    };
    for (let at = chunkOffset === 0 && startsWithMark(chunk) ? 3 : 0; at < chunk.length; at += 1) {
      const action = step(scan, chunk[at] ?? 0);
      if (from === -1 && (action === "keep" || action === "last")) from = at;
      if (action === "keep") continue;
      keepUntil(action === "last" ? at + 1 : at);
      if (action !== "skip") finish();
      if (action === "begin") {
        recordOffset = chunkOffset + at;
        from = at;
      }
    }
    keepUntil(chunk.length);
    chunkOffset += chunk.length;
  }

  return {
    push,
    end: finish,
    get offset() {
      return piece.length === 0 ? chunkOffset : recordOffset;
    },
  };
}

interface Scan {
  /** stray: text between objects; lost: after illegal JSON, until the next line that begins an object. */
  state: "between" | "stray" | "object" | "string" | "escape" | "lost";
  depth: number;
  atLineStart: boolean;
}

/**
 * What a byte is to the record in hand: begin starts a record (and ends the one before), last ends it, end ends it
 * without belonging to it.
 */
type Action = "begin" | "keep" | "skip" | "last" | "end";

function step(scan: Scan, byte: number): Action {
  const atLineStart = scan.atLineStart;
  if (byte === LF || !isBlank(byte)) scan.atLineStart = byte === LF;
  switch (scan.state) {
    case "object":
      return stepInObject(scan, byte);
    case "string":
    case "escape":
      if (byte === LF) {
        scan.state = "lost";
        return "end";
      }
      if (scan.state === "escape") scan.state = "string";
      else if (byte === QUOTE) scan.state = "object";
      else if (byte === BACKSLASH) scan.state = "escape";
      return "keep";
    default:
      return stepOutside(scan, byte, atLineStart);
  }
}

function stepInObject(scan: Scan, byte: number): Action {
  if (isBlank(byte)) return "skip";
  if (byte === QUOTE) scan.state = "string";
  else if (byte === OPEN || byte === BRACKET) scan.depth += 1;
  else if (byte === CLOSE || byte === BRACKET_END) scan.depth -= 1;
  if (scan.depth > 0) return "keep";
  scan.state = "between";
  return "last";
}

function stepOutside(scan: Scan, byte: number, atLineStart: boolean): Action {
  if (byte === OPEN && (scan.state !== "lost" || atLineStart)) {
    scan.state = "object";
    scan.depth = 1;
    return "begin";
  }
  if (scan.state === "lost") return "skip";
  if (byte === LF) {
    scan.state = "between";
    return "end";
  }
  if (scan.state === "stray") return byte === CR ? "skip" : "keep";
  if (isBlank(byte) || byte === COMMA || byte === BRACKET || byte === BRACKET_END) return "skip";
  scan.state = "stray";
  return "begin";
}

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const BRACKET_END = 0x5d;
const OPEN = 0x7b;
const CLOSE = 0x7d;

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === LF || byte === CR || byte === 0x09;
}
