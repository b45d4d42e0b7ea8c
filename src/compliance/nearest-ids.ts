const MOST = 3;

/** The ids most like a mistyped one, best first, at most three; none when nothing is close. */
export function nearestIds(wanted: string, ids: readonly string[]): string[] {
  const typed = wanted.slice(0, 32).toLowerCase();
  return ids
    .map((id) => ({ id, distance: editDistance(typed, id.toLowerCase()) }))
    .filter(({ id, distance }) => distance <= Math.max(1, Math.floor(id.length / 2)))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, MOST)
    .map(({ id }) => id);
}

/** Insertions, deletions and exchanges of single characters that turn one text into the other. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const exchange = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(exchange, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
