/** How many different alerts a source is remembered for: about 8 MiB. */
const WINDOW = 65_536;

/**
 * Numbers equal alerts of one source 1, 2, …, so that the same file read twice adds nothing while two real repeats
 * count as two. Equal alerts share rule, host and nanosecond, so they stand close together: only the last 65,536
 * different ids are remembered, and a repeat further away is taken for the same alert.
 */
export interface Occurrences {
  next(id: string): number;
  /** The newest entries, oldest first, to go on after a restart. */
  newest(count: number): readonly (readonly [id: string, count: number])[];
}

export function createOccurrences(
  from: Iterable<readonly [id: string, count: number]> = [],
  window = WINDOW,
): Occurrences {
  const counts = new Map<string, number>(from);
  return {
    next(id) {
      const count = (counts.get(id) ?? 0) + 1;
      if (count > 1) counts.delete(id);
      counts.set(id, count);
      if (counts.size > window) {
        for (const oldest of counts.keys()) {
          counts.delete(oldest);
          break;
        }
      }
      return count;
    },
    newest: (count) => (count === 0 ? [] : [...counts].slice(-count)),
  };
}

/** For ways in on which one alert may come twice, as a sender's retry does: never a repeat. */
export const NEVER_REPEATED: Occurrences = { next: () => 1, newest: () => [] };
