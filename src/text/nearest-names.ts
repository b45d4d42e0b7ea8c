/** Longer names are not compared: nobody mistypes them, and the work grows with the square of the length. */
const MAX_LENGTH = 128;

/**
 * The known names closest to one that is not known, nearest first, at most `count`: for "did you mean". Names that share
 * nothing with it (more than half of the letters differ) are left out. Distance counts inserted, left-out, changed and
 * swapped neighbouring letters, case ignored.
 */
export function nearestNames(name: string, known: readonly string[], count: number): string[] {
  const wanted = name.toLowerCase();
  if (wanted.length > MAX_LENGTH) return [];
  const limit = Math.max(2, Math.ceil(wanted.length / 2));
  return known
    .filter((candidate) => candidate.length <= MAX_LENGTH && Math.abs(candidate.length - name.length) <= limit)
    .map((candidate) => ({ candidate, distance: editDistance(wanted, candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, count)
    .map(({ candidate }) => candidate);
}

function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      let least = Math.min(
        (current[column - 1] ?? 0) + 1,
        (previous[column] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (isSame ? 0 : 1),
      );
      const isSwapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (isSwapped) least = Math.min(least, (beforePrevious[column - 2] ?? 0) + 1);
      current.push(least);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
