import type { Clause, Query } from "./compile-filter.ts";
import type { Part, RowMask } from "./part.ts";
import { hasPhrase } from "./words.ts";

/** Rows of a part that a query matches: those from `low` to below `high` that `mask` has, or all of these without it. */
export interface Selection {
  readonly low: number;
  readonly high: number;
  readonly mask: RowMask | undefined;
  readonly count: number;
}

/** The rows of a part that match, and how many stood in the time window. */
export function selectRows(part: Part, query: Query): Selection & { readonly considered: number } {
  const { low, high } = windowOf(part, query);
  const nothing = { low, high: low, mask: undefined, count: 0, considered: high - low };
  if (low >= high) return { ...nothing, considered: 0 };
  let mask: RowMask | undefined;
  for (const mask2 of restrictions(part, query)) {
    if (mask2 === "none") return nothing;
    if (mask2 !== "all") mask = mask === undefined ? mask2 : intersect(mask, mask2, low, high);
  }
  if (mask !== undefined && query.phrases.length > 0) mask = verifyPhrases(part, query, mask, low, high);
  const count = mask === undefined ? high - low : countRows(mask, low, high);
  return count === 0 ? nothing : { low, high, mask, count, considered: high - low };
}

/** First row whose time is not before `ns`. */
export function firstRowAt(times: BigInt64Array, ns: bigint, from = 0, to = times.length): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as bigint) < ns) low = middle + 1;
    else high = middle;
  }
  return low;
}

function windowOf(part: Part, { fromNs, toNs }: Query): { low: number; high: number } {
  if (part.rows === 0) return { low: 0, high: 0 };
  return {
    low: fromNs === undefined || fromNs <= part.minNs ? 0 : firstRowAt(part.times(), fromNs),
    high: toNs === undefined || toNs > part.maxNs ? part.rows : firstRowAt(part.times(), toNs),
  };
}

/** Everything that must hold, cheapest and sharpest first; lazily, because the first "none" ends it. */
function* restrictions(part: Part, query: Query): Generator<RowMask | "all" | "none"> {
  if (query.runId !== undefined) yield part.rowsOfRun(query.runId) ?? "none";
  for (const clause of query.clauses) yield rowsOfClause(part, clause);
  for (const word of query.words) yield part.rowsWithWord(word) ?? "none";
}

function rowsOfClause(part: Part, clause: Clause): RowMask | "all" | "none" {
  let mask: RowMask | undefined;
  for (const key of clause.keys) {
    const column = part.column(key);
    if (column === undefined) continue;
    if (clause.equals !== undefined && !clause.equals.some(column.mayHold)) continue;
    const passes = passingCodes(column.texts(), clause.test);
    if (passes === undefined) continue;
    if (column.codes === undefined) return clause.isNegated ? "none" : "all";
    mask ??= new Uint8Array(part.rows);
    for (let row = 0; row < mask.length; row++) {
      if (passes[column.codes[row] as number] === 1) mask[row] = 1;
    }
  }
  if (mask === undefined) return clause.isNegated ? "all" : "none";
  if (clause.isNegated) for (let row = 0; row < mask.length; row++) mask[row] = mask[row] === 1 ? 0 : 1;
  return mask;
}

/** 1 at the code of each text that passes; undefined where none does. */
function passingCodes(texts: readonly string[], test: (text: string) => boolean): Uint8Array | undefined {
  let passes: Uint8Array | undefined;
  for (let index = 0; index < texts.length; index++) {
    if (!test(texts[index] as string)) continue;
    passes ??= new Uint8Array(texts.length + 1);
    passes[index + 1] = 1;
  }
  return passes;
}

function intersect(a: RowMask, b: RowMask, low: number, high: number): RowMask {
  for (let row = low; row < high; row++) if (b[row] === 0) a[row] = 0;
  return a;
}

function verifyPhrases(part: Part, { phrases }: Query, mask: RowMask, low: number, high: number): RowMask {
  for (let row = low; row < high; row++) {
    if (mask[row] === 0) continue;
    const output = part.outputAt(row);
    if (!phrases.every((phrase) => hasPhrase(output, phrase))) mask[row] = 0;
  }
  return mask;
}

function countRows(mask: RowMask, low: number, high: number): number {
  let count = 0;
  for (let row = low; row < high; row++) count += mask[row] as number;
  return count;
}
