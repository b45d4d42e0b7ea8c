import type { Span } from "./span.ts";
import { visible } from "./visible.ts";

const WIDTH = 120;
const BEFORE = 40;

/**
 * The line that holds the span with a row of carets under it, as ` | line` and ` |   ^^^`; no line end after the last.
 * At most 120 characters of the line are shown, with `...` where it was cut; tabs count as one blank and hidden
 * characters are written out, so that the carets stand where the eye expects them.
 */
export function codeFrame(text: string, span: Span): string {
  const start = Math.max(0, Math.min(span.start, text.length));
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const lineEnd = endOfLine(text, start);
  const end = Math.max(start, Math.min(span.end, lineEnd));
  const from = lineEnd - lineStart <= WIDTH ? lineStart : Math.max(lineStart, start - BEFORE);
  const to = Math.min(lineEnd, from + WIDTH);
  const lead = from > lineStart ? "..." : "";
  const tail = to < lineEnd ? "..." : "";
  const before = shown(text.slice(from, start));
  const marked = shown(text.slice(start, Math.min(end, to)));
  const after = shown(text.slice(Math.min(end, to), to));
  const carets = "^".repeat(Math.max(1, marked.length));
  return ` | ${lead}${before}${marked}${after}${tail}\n | ${" ".repeat(lead.length + before.length)}${carets}`;
}

function endOfLine(text: string, offset: number): number {
  const feed = text.indexOf("\n", offset);
  const end = feed === -1 ? text.length : feed;
  return end > offset && text[end - 1] === "\r" ? end - 1 : end;
}

function shown(text: string): string {
  return visible(text.replaceAll("\t", " "));
}
