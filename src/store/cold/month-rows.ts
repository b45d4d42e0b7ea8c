import type { Column } from "../column.ts";
import type { Part } from "../part.ts";
import { firstRowAt } from "../select-rows.ts";
import type { ColdRow } from "./cold-rows.ts";

/** What a month knows of its alerts beside its parts. */
export interface MonthFacts {
  readonly readSeen: (ns: bigint, id: string) => { readonly repeats: number; readonly runId?: string };
  /** Ids of the alerts between two times, the second excluded, that runs gave, each with its runs. */
  readonly readRuns: (fromNs: bigint, toNs: bigint) => ReadonlyMap<string, readonly string[]>;
}

/** Sorted at once: memory stays that of one hour's alerts. */
const WINDOW_NS = 3_600_000_000_000n;

/** Every alert of a month in the order of (time, id), read as they are asked for. */
export function* monthRows(parts: readonly Part[], facts: MonthFacts): Generator<ColdRow> {
  let [fromNs, lastNs] = [parts[0]?.minNs ?? 0n, parts[0]?.maxNs ?? 0n];
  for (const { minNs, maxNs } of parts) {
    if (minNs < fromNs) fromNs = minNs;
    if (maxNs > lastNs) lastNs = maxNs;
  }
  for (let start = fromNs - (fromNs % WINDOW_NS); parts.length > 0 && start <= lastNs; start += WINDOW_NS) {
    yield* windowRows(parts, facts, start, start + WINDOW_NS);
  }
}

function* windowRows(parts: readonly Part[], facts: MonthFacts, fromNs: bigint, toNs: bigint): Generator<ColdRow> {
  const found: { readonly part: OpenPart; readonly row: number; readonly ns: bigint }[] = [];
  for (const part of parts) {
    if (part.maxNs < fromNs || part.minNs >= toNs) continue;
    const times = part.times();
    const end = firstRowAt(times, toNs);
    const open = openPart(part);
    for (let row = firstRowAt(times, fromNs); row < end; row++)
      found.push({ part: open, row, ns: times[row] as bigint });
  }
  if (found.length === 0) return;
  found.sort((a, b) => {
    if (a.ns !== b.ns) return a.ns < b.ns ? -1 : 1;
    return a.part.idAt(a.row) < b.part.idAt(b.row) ? -1 : 1;
  });
  const runs = facts.readRuns(fromNs, toNs);
  for (const { part, row, ns } of found) {
    const id = part.idAt(row);
    const { repeats, runId } = facts.readSeen(ns, id);
    const others = (runs.get(id) ?? []).filter((run) => run !== runId);
    yield {
      id,
      orderNs: ns,
      receivedAtMs: Number(part.received(row)),
      repeats,
      // The latest last.
      runs: runId === undefined ? others : [...others, runId],
      rule: part.rule(row),
      priority: part.priority(row),
      raw: part.rawAt(row),
    };
  }
}

/** A part with the columns that every row is asked for decoded once. */
type OpenPart = Pick<Part, "idAt" | "rawAt"> & Record<"rule" | "priority" | "received", (row: number) => string>;

function openPart(part: Part): OpenPart {
  return {
    idAt: part.idAt,
    rawAt: part.rawAt,
    rule: textsOf(part.column("rule")),
    priority: textsOf(part.column("priority")),
    received: textsOf(part.column("received")),
  };
}

function textsOf(column: Column | undefined): (row: number) => string {
  if (column === undefined) return () => "";
  const texts = column.texts();
  return (row) => texts[(column.codes === undefined ? 1 : (column.codes[row] as number)) - 1] ?? "";
}
