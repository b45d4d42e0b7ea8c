/** Cells of the table that is filled at most: two texts of a thousand lines each that have nothing in common. */
const MAX_CELLS = 1_000_000;
const CONTEXT = 2;

/**
 * What changed between two texts, line by line: `- ` for a line that goes, `+ ` for one that comes, two blanks for the
 * lines around them, `…` where unchanged ones are left out. Parts too large to compare are shown as gone and come.
 */
export function lineDiff(before: string, after: string): string[] {
  const [old, now] = [linesOf(before), linesOf(after)];
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
  let end = 0;
  while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) end += 1;
  const middle = compare(old.slice(start, old.length - end), now.slice(start, now.length - end));
  const rows = [...old.slice(0, start).map(kept), ...middle, ...old.slice(old.length - end).map(kept)];
  return withContext(rows);
}

interface Row {
  readonly mark: " " | "-" | "+";
  readonly line: string;
}

const kept = (line: string): Row => ({ mark: " ", line });
const gone = (line: string): Row => ({ mark: "-", line });
const come = (line: string): Row => ({ mark: "+", line });

function linesOf(text: string): string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  else lines.push("\\ no line feed at the end");
  return lines;
}

/** By the longest common subsequence. */
function compare(old: readonly string[], now: readonly string[]): Row[] {
  if ((old.length + 1) * (now.length + 1) > MAX_CELLS) return [...old.map(gone), ...now.map(come)];
  const width = now.length + 1;
  const longest = new Uint32Array((old.length + 1) * width);
  const at = (i: number, j: number): number => longest[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      longest[i * width + j] = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const rows: Row[] = [];
  let [i, j] = [0, 0];
  while (i < old.length && j < now.length) {
    const [was, is] = [old[i] ?? "", now[j] ?? ""];
    if (was === is) {
      rows.push(kept(was));
      i += 1;
      j += 1;
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      rows.push(gone(was));
      i += 1;
    } else {
      rows.push(come(is));
      j += 1;
    }
  }
  return [...rows, ...old.slice(i).map(gone), ...now.slice(j).map(come)];
}

function withContext(rows: readonly Row[]): string[] {
  const near = new Set<number>();
  for (const [at, { mark }] of rows.entries()) {
    if (mark !== " ") for (let by = -CONTEXT; by <= CONTEXT; by += 1) near.add(at + by);
  }
  if (near.size === 0) return [];
  return rows.flatMap(({ mark, line }, at) => {
    if (near.has(at)) return [`${mark} ${line}`];
    return at === 0 || near.has(at - 1) ? ["…"] : [];
  });
}
