import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import type { Group, GroupKey, Summary, SummaryRequest } from "./alert-store.ts";
import { type ColumnKey, compileFilter } from "./compile-filter.ts";
import type { Part } from "./part.ts";
import { firstRowAt, type Selection, selectRows } from "./select-rows.ts";

/** More groups than this are refused: each costs memory, and no reader looks at them. */
const MAX_GROUPS = 200_000;
/** More time buckets than this are refused. */
const MAX_BUCKETS = 10_000;

type GroupValue = string | null;
interface Count {
  count: number;
  firstNs: bigint;
  lastNs: bigint;
}
/** Counts by the first key's value, then by the second's; the values of an absent key are null. */
type Counts = Map<GroupValue, Map<GroupValue, Count>>;

/** A summary being gathered, part by part in any order. */
export interface PartsSummary {
  readonly add: (part: Part) => void;
  /** Counts alerts in the time window that cannot match. */
  readonly passOver: (rows: number) => void;
  readonly finish: () => Summary;
}

/** Counts over all parts: groups, first and last, time series. Fails with INVALID_ARGUMENT and TOO_MANY_GROUPS. */
export function summarizeParts(parts: readonly Part[], request: SummaryRequest): Summary {
  const summary = startSummary(request);
  for (const part of parts) summary.add(part);
  return summary.finish();
}

export function startSummary(request: SummaryRequest): PartsSummary {
  const { by, limit, bucketNs } = checkRequest(request);
  const query = compileFilter(request.filter);
  const total: Count = { count: 0, firstNs: 0n, lastNs: 0n };
  const counts: Counts = new Map();
  const buckets = new Map<bigint, number>();
  let considered = 0;
  let groupCount = 0;
  return {
    add: (part) => {
      const selection = selectRows(part, query);
      considered += selection.considered;
      if (selection.count === 0) return;
      addRange(total, selection.count, ...spanOf(part, selection));
      if (bucketNs !== undefined) countBuckets(part, selection, bucketNs, buckets);
      if (by.length > 0) groupCount += countGroups(part, selection, by, counts);
      if (groupCount > MAX_GROUPS) throw tooMany("groups", MAX_GROUPS);
      if (buckets.size > MAX_BUCKETS) throw tooMany("time buckets", MAX_BUCKETS);
    },
    passOver: (rows) => {
      considered += rows;
    },
    finish: () => ({
      matched: total.count,
      considered,
      ...(total.count === 0 ? {} : { firstNs: total.firstNs, lastNs: total.lastNs }),
      groups: largestGroups(counts, by.length, limit),
      groupCount,
      ...(bucketNs === undefined ? {} : { buckets: listBuckets(buckets) }),
    }),
  };
}

function checkRequest(request: SummaryRequest): SummaryRequest {
  const { by, limit, bucketNs } = request;
  if (by.length > 2) throw invalid(`${by.length} keys were given to group by`, "Group by two keys at most.");
  if (!Number.isInteger(limit) || limit < 0 || limit > 10_000) throw invalid(`limit ${limit} is not from 0 to 10000`);
  if (bucketNs !== undefined && bucketNs < 1n) throw invalid(`a bucket of ${bucketNs} ns has no width`);
  return request;
}

function spanOf(part: Part, { low, high, mask }: Selection): [bigint, bigint] {
  const times = part.times();
  const first = mask === undefined ? low : mask.indexOf(1, low);
  const last = mask === undefined ? high - 1 : mask.lastIndexOf(1, high - 1);
  return [times[first] as bigint, times[last] as bigint];
}

function addRange(into: Count, count: number, firstNs: bigint, lastNs: bigint): void {
  if (into.count === 0 || firstNs < into.firstNs) into.firstNs = firstNs;
  if (into.count === 0 || lastNs > into.lastNs) into.lastNs = lastNs;
  into.count += count;
}

/** Walks the series bucket by bucket, because rows stand in the order of time and dividing each time would be slow. */
function countBuckets(part: Part, { low, high, mask }: Selection, width: bigint, buckets: Map<bigint, number>): void {
  const times = part.times();
  for (let row = low; row < high; ) {
    const from = floorTo(times[row] as bigint, width);
    const next = firstRowAt(times, from + width, row, high);
    let count = next - row;
    if (mask !== undefined) {
      count = 0;
      for (let inside = row; inside < next; inside++) count += mask[inside] as number;
    }
    if (count > 0) buckets.set(from, (buckets.get(from) ?? 0) + count);
    row = next;
  }
}

function floorTo(ns: bigint, width: bigint): bigint {
  return ns - (((ns % width) + width) % width);
}

/** Adds a part's groups; returns how many of them are new. */
function countGroups(part: Part, selection: Selection, by: readonly GroupKey[], counts: Counts): number {
  const first = groupColumn(part, by[0] as GroupKey);
  const second = by[1] === undefined ? undefined : groupColumn(part, by[1]);
  const times = part.times();
  let added = 0;
  for (const [pair, { count, first: firstRow, last: lastRow }] of countPairs(selection, first, second)) {
    const width = second?.values.length ?? 1;
    for (const a of first.values[Math.floor(pair / width)] ?? [null]) {
      const inner = counts.get(a) ?? new Map<GroupValue, Count>();
      counts.set(a, inner);
      for (const b of second?.values[pair % width] ?? [null]) {
        let into = inner.get(b);
        if (into === undefined) {
          into = { count: 0, firstNs: 0n, lastNs: 0n };
          inner.set(b, into);
          added++;
        }
        addRange(into, count, times[firstRow] as bigint, times[lastRow] as bigint);
      }
    }
  }
  return added;
}

interface GroupColumn {
  /** Absent where every row has code 1, or, without a column, code 0. */
  readonly codes: ArrayLike<number> | undefined;
  readonly constant: number;
  /** The values at a code: one, or an alert's several tags. */
  readonly values: readonly (readonly GroupValue[])[];
}

function groupColumn(part: Part, key: GroupKey): GroupColumn {
  const column = part.column(columnKey(key));
  if (column === undefined) return { codes: undefined, constant: 0, values: [[null]] };
  const texts = column.texts();
  const values = key === "tag" ? texts.map((text) => JSON.parse(text) as string[]) : texts.map((text) => [text]);
  return { codes: column.codes, constant: 1, values: [[null], ...values] };
}

function columnKey(key: GroupKey): ColumnKey {
  if (key === "tag") return "tags";
  if (key === "rule" || key === "priority" || key === "source" || key === "hostname") return key;
  if (key.startsWith("field:")) return key;
  throw invalid(
    `${JSON.stringify(key)} is nothing to group by`,
    "Use rule, priority, source, hostname, tag or field:<name>.",
  );
}

interface PairCount {
  count: number;
  readonly first: number;
  last: number;
}

/** Counts by the two columns' codes together, with the first and last row of each pair. */
function countPairs(
  { low, high, mask }: Selection,
  first: GroupColumn,
  second: GroupColumn | undefined,
): Map<number, PairCount> {
  const pairs = new Map<number, PairCount>();
  const width = second?.values.length ?? 1;
  for (let row = low; row < high; row++) {
    if (mask !== undefined && mask[row] === 0) continue;
    const a = first.codes === undefined ? first.constant : (first.codes[row] as number);
    const b = second === undefined ? 0 : second.codes === undefined ? second.constant : (second.codes[row] as number);
    const pair = a * width + b;
    const known = pairs.get(pair);
    if (known === undefined) pairs.set(pair, { count: 1, first: row, last: row });
    else {
      known.count++;
      known.last = row;
    }
  }
  return pairs;
}

function largestGroups(counts: Counts, keys: number, limit: number): Group[] {
  const groups: Group[] = [];
  for (const [a, inner] of counts) {
    for (const [b, count] of inner) groups.push({ values: keys === 2 ? [a, b] : [a], ...count });
  }
  return groups.sort(compareGroups).slice(0, limit);
}

/** Largest first; equal ones by their values, so that an answer does not depend on the order of arrival. */
function compareGroups(a: Group, b: Group): number {
  if (a.count !== b.count) return b.count - a.count;
  return compareValues(a.values[0], b.values[0]) || compareValues(a.values[1], b.values[1]);
}

/** By text, null last. */
function compareValues(a: GroupValue | undefined, b: GroupValue | undefined): number {
  if (a === b) return 0;
  if (typeof a !== "string") return 1;
  return typeof b !== "string" || a < b ? -1 : 1;
}

function listBuckets(buckets: ReadonlyMap<bigint, number>): { fromNs: bigint; count: number }[] {
  return [...buckets].map(([fromNs, count]) => ({ fromNs, count })).sort((a, b) => (a.fromNs < b.fromNs ? -1 : 1));
}

function invalid(message: string, fix = "Pass a value inside the limits."): FalcoSkillsError {
  return new FalcoSkillsError("INVALID_ARGUMENT", message, { fix });
}

function tooMany(what: string, limit: number): FalcoSkillsError {
  return new FalcoSkillsError("TOO_MANY_GROUPS", `the summary has more than ${limit} ${what}`, {
    fix: "Narrow the time window or the filter, group by a field with fewer values, or widen the buckets.",
  });
}
