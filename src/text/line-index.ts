/** A place as people count: both from 1, columns in UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Offsets of a text to lines and columns, by binary search over its line starts. */
export interface LineIndex {
  readonly lineCount: number;
  /** Offsets past the end count as the end. */
  placeAt(offset: number): Place;
  /** Offset of the first character of a line (from 1). */
  startOf(line: number): number;
}

/** An index of the text's lines; a line ends with LF (the CR of a CRLF counts as the line's last character). */
export function createLineIndex(text: string): LineIndex {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return {
    lineCount: starts.length,
    startOf: (line) => starts[line - 1] ?? text.length,
    placeAt(offset) {
      const wanted = Math.max(0, Math.min(offset, text.length));
      let low = 0;
      let high = starts.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if ((starts[middle] ?? 0) <= wanted) low = middle;
        else high = middle - 1;
      }
      return { line: low + 1, column: wanted - (starts[low] ?? 0) + 1 };
    },
  };
}
