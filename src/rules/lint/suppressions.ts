import { createLineIndex } from "../../text/line-index.ts";

/** Which lints the comments of a file switch off, and where. */
export interface Suppressions {
  isOff(code: string, offset: number): boolean;
}

const COMMENT = /#[ \t]*lint-off(-file)?[ \t:]+((?:LINT_[A-Z_]+|all)(?:[ \t,]+(?:LINT_[A-Z_]+|all))*)/g;

/**
 * The switches of a file: `# lint-off LINT_X, LINT_Y` holds for the item it stands in, or stands directly above;
 * `# lint-off-file LINT_X` for the whole file; `all` means every lint. `items` are the offsets where items begin.
 */
export function readSuppressions(text: string, items: readonly number[]): Suppressions {
  const lines = createLineIndex(text);
  const starts = items.map((offset) => regionStart(text, lines.startOf(lines.placeAt(offset).line)));
  const whole = new Set<string>();
  const byItem = new Map<number, Set<string>>();
  const itemAt = (offset: number): number => starts.findLastIndex((start) => start <= offset);
  for (const match of text.matchAll(COMMENT)) {
    const codes = (match[2] ?? "").split(/[ \t,]+/);
    const item = itemAt(match.index);
    const set = match[1] !== undefined || item === -1 ? whole : (byItem.get(item) ?? new Set<string>());
    for (const code of codes) set.add(code);
    if (set !== whole) byItem.set(item, set);
  }
  return {
    isOff: (code, offset) =>
      [whole, byItem.get(itemAt(offset))].some((set) => set !== undefined && (set.has(code) || set.has("all"))),
  };
}

/** The comment lines directly above an item belong to it. */
function regionStart(text: string, itemLine: number): number {
  let start = itemLine;
  while (start > 0) {
    const line = text.lastIndexOf("\n", start - 2) + 1;
    if (!/^[ \t]*#/.test(text.slice(line, start - 1))) break;
    start = line;
  }
  return start;
}
