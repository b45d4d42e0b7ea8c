import type { FalcoPosition } from "./ast.ts";

/**
 * The place of a UTF-16 offset as Falco's parser would report it: every CR and every LF starts a line,
 * columns (from 1) and offsets (from 0) count UTF-8 bytes (libs userspace/libsinsp/filter/parser.cpp update_pos).
 */
export function falcoPositionAt(text: string, offset: number): FalcoPosition {
  const before = text.slice(0, offset);
  let line = 1;
  let lineStart = 0;
  for (let index = 0; index < before.length; index += 1) {
    const code = before.charCodeAt(index);
    if (code !== 0x0a && code !== 0x0d) continue;
    line += 1;
    lineStart = index + 1;
  }
  return {
    line,
    column: 1 + Buffer.byteLength(before.slice(lineStart)),
    offset: Buffer.byteLength(before),
  };
}
