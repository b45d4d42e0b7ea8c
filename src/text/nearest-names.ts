/** Names longer than this are compared by their beginning: the cost grows with the product of both lengths. */
const COMPARED = 64;

/**
 * The `count` known names that are most like `name`, best first: fewest edits (insert, delete, replace, swap of
 * neighbours) in any case, a name that contains it or is contained counting as near.
 */
export function nearestNames(name: string, known: readonly string[], count: number): string[] {
  const wanted = name.toLowerCase().slice(0, COMPARED);
  return [...new Set(known)]
    .map((candidate) => ({ candidate, distance: distanceTo(wanted, candidate.toLowerCase().slice(0, COMPARED)) }))
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, count)
    .map(({ candidate }) => candidate);
}

function distanceTo(a: string, b: string): number {
  const contained = a !== "" && (b.includes(a) || a.includes(b)) ? 0.5 : 1;
  return edits(a, b) * contained;
}

/** Restricted Damerau-Levenshtein distance over UTF-16 units. */
export function edits(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let row = 1; row <= a.length; row++) {
    const next = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let best = Math.min(
        (last[column] ?? 0) + 1,
        (next[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        best = Math.min(best, (before[column - 2] ?? 0) + 1);
      }
      next.push(best);
    }
    before = last;
    last = next;
  }
  return last[b.length] ?? 0;
}
