import { createHash, type Hash } from "node:crypto";

/** How much of a rejected line is kept. */
export const HEAD_BYTES = 4096;

/** A line without its line end. `bytes` is a view into what was pushed: use it before the next push. */
export interface Line {
  readonly bytes: Buffer;
  readonly offset: number;
}

/** A line or record over the limit: never held as a whole. */
export interface OversizeLine {
  readonly offset: number;
  readonly lengthBytes: number;
  readonly head: Buffer;
  readonly sha256: string;
}

export interface LineReceiver {
  line(line: Line): void;
  oversize(line: OversizeLine): void;
}

export interface Splitter {
  push(chunk: Buffer): void;
  /** Hands over what stands after the last line end, if anything does. */
  end(): void;
  /** Where the first line begins that has not been handed over. */
  readonly offset: number;
}

/** Collects a record up to a limit; beyond it only length, hash and the beginning are kept. */
export interface Piece {
  append(bytes: Buffer): void;
  readonly length: number;
  take(offset: number, receiver: LineReceiver): void;
}

export function createPiece(maxBytes: number): Piece {
  let parts: Buffer[] = [];
  let length = 0;
  let hash: Hash | undefined;
  let head: Buffer | undefined;

  return {
    get length() {
      return length;
    },
    append(bytes) {
      length += bytes.length;
      if (hash !== undefined) {
        hash.update(bytes);
      } else if (length > maxBytes) {
        hash = createHash("sha256");
        for (const part of parts) hash.update(part);
        hash.update(bytes);
        head = Buffer.from(Buffer.concat([...parts, bytes.subarray(0, HEAD_BYTES)]).subarray(0, HEAD_BYTES));
        parts = [];
      } else {
        parts.push(Buffer.from(bytes));
      }
    },
    take(offset, receiver) {
      if (hash !== undefined && head !== undefined) {
        receiver.oversize({ offset, lengthBytes: length, head, sha256: hash.digest("hex") });
      } else {
        receiver.line({
          offset,
          bytes: parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts),
        });
      }
      parts = [];
      length = 0;
      hash = undefined;
      head = undefined;
    },
  };
}

/** Splits bytes into lines at LF or CRLF; a UTF-8 byte order mark at the very beginning is dropped. */
export function createLineSplitter(receiver: LineReceiver, maxLineBytes: number, startOffset = 0): Splitter {
  let lineOffset = startOffset;
  const piece = createPiece(maxLineBytes);
  const trimming: LineReceiver = {
    line: ({ bytes, offset }) => receiver.line({ bytes: trimLine(bytes, offset), offset }),
    oversize: (line) => receiver.oversize(line),
  };

  return {
    get offset() {
      return lineOffset;
    },
    push(chunk) {
      let from = 0;
      for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, from)) {
        const rest = chunk.subarray(from, at);
        const length = piece.length + rest.length;
        if (piece.length === 0 && rest.length <= maxLineBytes) {
          trimming.line({ bytes: rest, offset: lineOffset });
        } else {
          piece.append(rest);
          piece.take(lineOffset, trimming);
        }
        lineOffset += length + 1;
        from = at + 1;
      }
      if (from < chunk.length) piece.append(chunk.subarray(from));
    },
    end() {
      if (piece.length === 0) return;
      const { length } = piece;
      piece.take(lineOffset, trimming);
      lineOffset += length;
    },
  };
}

const LF = 0x0a;
const CR = 0x0d;

function trimLine(bytes: Buffer, offset: number): Buffer {
  const end = bytes[bytes.length - 1] === CR ? bytes.length - 1 : bytes.length;
  return bytes.subarray(offset === 0 && startsWithMark(bytes) ? 3 : 0, end);
}

export function startsWithMark(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}
