import type { FilePlace, SourceFile } from "./load-context.ts";
import { offsetInFile, type ScalarMap, type YamlScalar } from "./yaml/yaml-node.ts";

/** From `start` on, the text comes from a scalar of a file, or from no file where `file` is absent. */
interface Piece {
  readonly start: number;
  readonly file?: SourceFile;
  readonly map?: ScalarMap;
  /** Offset in the scalar's value of the piece's first character. */
  readonly from: number;
}

/** A text put together from values of rule files, that knows for every character which file it came from. */
export interface SourcedText {
  readonly text: string;
  readonly pieces: readonly Piece[];
}

export function sourcedScalar(file: SourceFile, scalar: YamlScalar): SourcedText {
  return { text: scalar.value, pieces: [{ start: 0, file, map: scalar.map, from: 0 }] };
}

/** The text without the blanks around it. */
export function trimmed({ text, pieces }: SourcedText): SourcedText {
  const kept = text.replace(/^[ \t\n\r\f\v]+/, "");
  const cut = text.length - kept.length;
  const end = kept.length - (/[ \t\n\r\f\v]/.test(kept.at(-1) ?? "") ? trailingBlanks(kept) : 0);
  return { text: kept.slice(0, end), pieces: cut === 0 ? pieces : shifted(pieces, -cut) };
}

function trailingBlanks(text: string): number {
  let length = text.length;
  while (length > 0 && " \t\n\r\f\v".includes(text.charAt(length - 1))) length -= 1;
  return text.length - length;
}

function shifted(pieces: readonly Piece[], by: number): Piece[] {
  return pieces.map((piece) => ({ ...piece, start: piece.start + by }));
}

/** The texts one behind the other; plain strings come from no file. */
export function joined(parts: readonly (SourcedText | string)[]): SourcedText {
  const texts: string[] = [];
  const pieces: Piece[] = [];
  let length = 0;
  for (const part of parts) {
    const text = typeof part === "string" ? part : part.text;
    if (typeof part === "string") pieces.push({ start: length, from: 0 });
    else for (const piece of part.pieces) pieces.push({ ...piece, start: piece.start + length });
    texts.push(text);
    length += text.length;
  }
  return { text: texts.join(""), pieces };
}

/** What a text was put together from, shared by all the shorter texts that it grew out of. */
type Parts = (SourcedText | string)[];

/** A text that grew by appending; it is put together when somebody looks at it. */
class GrownText implements SourcedText {
  readonly #parts: Parts;
  readonly #count: number;
  #joined: SourcedText | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#count = parts.length;
  }

  get text(): string {
    return this.#whole().text;
  }

  get pieces(): readonly Piece[] {
    return this.#whole().pieces;
  }

  append(more: Parts): GrownText {
    const parts = this.#parts.length === this.#count ? this.#parts : this.#parts.slice(0, this.#count);
    parts.push(...more);
    return new GrownText(parts);
  }

  #whole(): SourcedText {
    this.#joined ??= joined(this.#parts.slice(0, this.#count));
    return this.#joined;
  }
}

/** The text with more behind it. A file may append ten thousand times: a copy at each would cost the square of them. */
export function appended(text: SourcedText, ...more: readonly (SourcedText | string)[]): SourcedText {
  return (text instanceof GrownText ? text : new GrownText([text])).append([...more]);
}

/** Where the characters from one offset to another stand; undefined where no file holds the first. */
export function placeInSources({ text, pieces }: SourcedText, start: number, end: number): FilePlace | undefined {
  const piece = pieces.findLast((candidate) => candidate.start <= Math.min(start, Math.max(0, text.length - 1)));
  if (piece?.file === undefined || piece.map === undefined) return undefined;
  // The end of a value is right behind its last character, wherever the file goes on.
  if (start >= text.length && text.length > 0 && start > piece.start) return behindLast(piece, text.length);
  const at = (offset: number) => offsetInFile(piece.map ?? [], piece.from + offset - piece.start);
  const first = at(start);
  const last = end > start ? at(end - 1) + 1 : first;
  return { file: piece.file, span: { start: first, end: Math.max(first, last) } };
}

function behindLast({ file, map, start, from }: Piece, length: number): FilePlace | undefined {
  if (file === undefined || map === undefined) return undefined;
  const end = offsetInFile(map, from + length - 1 - start) + 1;
  return { file, span: { start: end, end } };
}
