import type { StoredAlert } from "./alert-store.ts";
import type { Query } from "./compile-filter.ts";
import type { Cursor } from "./cursor.ts";
import type { Part } from "./part.ts";
import { firstRowAt, type Selection, selectRows } from "./select-rows.ts";

export interface PageRequest {
  readonly limit: number;
  readonly isNewestFirst: boolean;
  readonly after?: Cursor;
}

export interface FoundPage {
  readonly alerts: readonly StoredAlert[];
  readonly matched: number;
  readonly considered: number;
  /** True where more alerts follow the last one. */
  readonly hasMore: boolean;
}

interface Candidate {
  readonly orderNs: bigint;
  readonly id: string;
  readonly read: () => StoredAlert;
}

/** A page being gathered, part by part in any order. */
export interface PageSearch {
  /** Adds the rows of a part that match; the part must stay readable until `hold` or `finish`. */
  readonly add: (part: Part) => void;
  /** Counts alerts in the time window that cannot match. */
  readonly passOver: (rows: number) => void;
  /** False where no alert between two times, inclusive, can still come onto the page. */
  readonly wants: (minNs: bigint, maxNs: bigint) => boolean;
  /** Reads the alerts found so far, so that their parts may be closed. */
  readonly hold: () => void;
  readonly finish: () => FoundPage;
}

/** One page of the alerts that match, in the order of (time, id), and the counts over all parts. */
export function searchParts(parts: readonly Part[], query: Query, page: PageRequest): FoundPage {
  const search = startSearch(query, page);
  for (const part of inPageOrder(parts, page)) search.add(part);
  return search.finish();
}

/** In this order the parts that can still add to the page come first, so most are only counted. */
export function inPageOrder<Piece extends Pick<Part, "minNs" | "maxNs">>(
  pieces: readonly Piece[],
  { isNewestFirst }: Pick<PageRequest, "isNewestFirst">,
): readonly Piece[] {
  return [...pieces].sort((a, b) => {
    if (isNewestFirst) return a.maxNs === b.maxNs ? 0 : a.maxNs > b.maxNs ? -1 : 1;
    return a.minNs === b.minNs ? 0 : a.minNs < b.minNs ? -1 : 1;
  });
}

export function startSearch(query: Query, page: PageRequest): PageSearch {
  const { isNewestFirst, limit, after } = page;
  let found: Candidate[] = [];
  let matched = 0;
  let considered = 0;
  const wants = (minNs: bigint, maxNs: bigint): boolean => {
    if (after !== undefined && (isNewestFirst ? minNs > after.orderNs : maxNs < after.orderNs)) return false;
    return !isPastPage({ minNs, maxNs }, found[limit], isNewestFirst);
  };
  return {
    add: (part) => {
      const selection = selectRows(part, query);
      matched += selection.count;
      considered += selection.considered;
      if (selection.count === 0 || !wants(part.minNs, part.maxNs)) return;
      const more = candidatesOf(part, selection, page);
      if (more.length > 0) found = [...found, ...more].sort(comparing(isNewestFirst)).slice(0, limit + 1);
    },
    passOver: (rows) => {
      considered += rows;
    },
    wants,
    hold: () => {
      found = found.map((candidate) => held(candidate));
    },
    finish: () => ({
      alerts: found.slice(0, limit).map(({ read }) => read()),
      matched,
      considered,
      hasMore: found.length > limit,
    }),
  };
}

function held({ orderNs, id, read }: Candidate): Candidate {
  const alert = read();
  return { orderNs, id, read: () => alert };
}

function isPastPage(part: Pick<Part, "minNs" | "maxNs">, last: Candidate | undefined, isNewestFirst: boolean): boolean {
  if (last === undefined) return false;
  return isNewestFirst ? part.maxNs < last.orderNs : part.minNs > last.orderNs;
}

/** The first rows of a part after the cursor, one more than a page holds. */
function candidatesOf(part: Part, { low, high, mask }: Selection, page: PageRequest): Candidate[] {
  const { limit, isNewestFirst, after } = page;
  const times = part.times();
  const step = isNewestFirst ? -1 : 1;
  const candidates: Candidate[] = [];
  for (let row = firstCandidate(times, low, high, page); row >= low && row < high; row += step) {
    if (mask !== undefined && mask[row] === 0) continue;
    const candidate = { orderNs: times[row] as bigint, id: part.idAt(row), read: () => part.alertAt(row) };
    if (after !== undefined && comparing(isNewestFirst)(candidate, after) <= 0) continue;
    candidates.push(candidate);
    if (candidates.length > limit) break;
  }
  return candidates;
}

function firstCandidate(
  times: BigInt64Array,
  low: number,
  high: number,
  { isNewestFirst, after }: PageRequest,
): number {
  if (after === undefined) return isNewestFirst ? high - 1 : low;
  // Rows of the cursor's own nanosecond are compared by id.
  return isNewestFirst
    ? firstRowAt(times, after.orderNs + 1n, low, high) - 1
    : firstRowAt(times, after.orderNs, low, high);
}

type Place = Pick<Candidate, "orderNs" | "id">;

function comparing(isNewestFirst: boolean): (a: Place, b: Place) => number {
  const sign = isNewestFirst ? -1 : 1;
  return (a, b) => {
    if (a.orderNs !== b.orderNs) return a.orderNs < b.orderNs ? -sign : sign;
    return a.id === b.id ? 0 : a.id < b.id ? -sign : sign;
  };
}
