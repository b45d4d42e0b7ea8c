import { sha256Hex } from "../alert/alert-id.ts";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import type { AlertStore, NewAlert, StoredAlert, StoreStatus } from "./alert-store.ts";
import { findPage } from "./find-page.ts";
import { orderTimeNs } from "./order-time.ts";
import { compareRows, type Part, rowsPart } from "./part.ts";
import { summarizeParts } from "./summarize-parts.ts";

interface MemoryRow {
  readonly alert: StoredAlert;
  readonly orderNs: bigint;
  readonly receivedAtMs: number;
  readonly runs: ReadonlySet<string>;
}

/** A store that lives in this process alone and forgets at the end; answers exactly as the SQLite store does. */
export function createMemoryStore(): AlertStore {
  const rows = new Map<string, MemoryRow>();
  const checkpoints = new Map<string, string>();
  let part: Part | undefined;
  let isClosed = false;
  const run = async <Result>(work: (parts: readonly Part[]) => Result): Promise<Result> => {
    if (isClosed) throw closedError();
    part ??= rowsPart([...rows.values()].sort(compareRows), {
      alertOf: ({ alert }) => alert,
      isOfRun: ({ runs }, runId) => runs.has(runId),
    });
    return work([part]);
  };
  return {
    add: (batch, checkpoint) =>
      run(() => {
        const before = rows.size;
        for (const alert of batch) rows.set(alert.alert.id, mergeRow(rows.get(alert.alert.id), alert));
        if (checkpoint !== undefined) checkpoints.set(checkpoint.source, checkpoint.state);
        part = undefined;
        const added = rows.size - before;
        return { added, known: batch.length - added };
      }),
    get: (id) => run(() => rows.get(id)?.alert),
    search: (filter, page) => run((parts) => findPage(parts, filter, page)),
    summarize: (request) => run((parts) => summarizeParts(parts, request)),
    fieldNames: () => run(() => countFieldNames([...rows.values()])),
    readCheckpoint: (source) => run(() => checkpoints.get(source)),
    status: () => run((parts) => readStatus(parts, [...rows.values()])),
    close: async () => {
      isClosed = true;
    },
  };
}

function mergeRow(known: MemoryRow | undefined, { alert, occurrence, runId, receivedAtMs }: NewAlert): MemoryRow {
  const latestRun = runId ?? known?.alert.runId;
  const orderNs = known?.orderNs ?? orderTimeNs(alert.timeNs, receivedAtMs);
  const received = known?.receivedAtMs ?? receivedAtMs;
  return {
    orderNs,
    receivedAtMs: received,
    runs: new Set([...(known?.runs ?? []), ...(runId === undefined ? [] : [runId])]),
    alert: {
      ...(known?.alert ?? alert),
      rawSha256: known?.alert.rawSha256 ?? sha256Hex(alert.raw),
      repeats: Math.max(known?.alert.repeats ?? 1, occurrence),
      ...(latestRun === undefined ? {} : { runId: latestRun }),
      receivedAtMs: received,
      orderNs,
    },
  };
}

function countFieldNames(rows: readonly MemoryRow[]): { name: string; alerts: number }[] {
  const counts = new Map<string, number>();
  for (const { alert } of rows) {
    for (const [name, value] of Object.entries(alert.fields)) {
      counts.set(name, (counts.get(name) ?? 0) + (value === null ? 0 : 1));
    }
  }
  return [...counts]
    .map(([name, alerts]) => ({ name, alerts }))
    .sort((a, b) => b.alerts - a.alerts || (a.name < b.name ? -1 : 1));
}

function readStatus(parts: readonly Part[], rows: readonly MemoryRow[]): StoreStatus {
  const { matched, firstNs, lastNs, groups } = summarizeParts(parts, { filter: {}, by: ["source"], limit: 1000 });
  return {
    driver: "memory",
    alerts: matched,
    ...(firstNs === undefined ? {} : { firstNs }),
    ...(lastNs === undefined ? {} : { lastNs }),
    bytes: rows.reduce((sum, { alert }) => sum + alert.raw.length, 0),
    sources: groups.map(({ values, count }) => ({ source: values[0] ?? "", alerts: count })),
    setAside: [],
  };
}

function closedError(): FalcoSkillsError {
  return new FalcoSkillsError("STORE_CLOSED", "the alert store was closed before this call", {
    fix: "Open the store again.",
  });
}
