/**
 * The YAML of the item whose map begins at `offset`: from the line with its dash to the line before the next item of the
 * same sequence, without blank lines and comments at its end
 * that are about what follows.
 */
export function itemText(text: string, offset: number): string {
  const lineStart = text.lastIndexOf("\n", Math.max(0, offset - 1)) + 1;
  const indent = /^[ ]*(?=-[ \t])/.exec(text.slice(lineStart, offset))?.[0];
  if (indent === undefined) return text.slice(offset, endOfLine(text, offset));
  const lines = text.slice(lineStart).split("\n");
  const next = lines.findIndex((line, at) => at > 0 && endsItem(line, indent));
  const own = next === -1 ? lines : lines.slice(0, next);
  while (own.length > 1 && !belongs(own.at(-1) ?? "", indent)) own.pop();
  return own.map((line) => line.replace(/\r$/, "")).join("\n");
}

/** A line at the item's own depth or above it; deeper lines, blank ones and comments go on with the item. */
function endsItem(line: string, indent: string): boolean {
  const depth = /^ */.exec(line)?.[0].length ?? 0;
  const rest = line.slice(depth).trimEnd();
  return rest !== "" && !rest.startsWith("#") && depth <= indent.length;
}

/** At an item's end, blank lines and comments that are not deeper than its dash are about what follows. */
function belongs(line: string, indent: string): boolean {
  const [, blanks = "", first = ""] = /^( *)(\S?)/.exec(line) ?? [];
  return first !== "" && (first !== "#" || blanks.length > indent.length);
}

function endOfLine(text: string, offset: number): number {
  const end = text.indexOf("\n", offset);
  return end === -1 ? text.length : end;
}
