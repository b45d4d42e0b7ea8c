import { afterEach, beforeEach, expect, test } from "vitest";
import type { AlertFilter, AlertStore, GroupKey, SortOrder, StoredAlert } from "../../../src/store/alert-store.ts";
import { neighbours } from "../../../src/store/neighbours.ts";
import { containerId, ruleName } from "../../support/alert-generator.ts";
import { type ArchivedStore, alertsFrom, archivedStore } from "./archived-store.ts";

let place: ArchivedStore;
beforeEach(() => {
  place = archivedStore();
});
afterEach(() => place.close());

const ns = (...date: [number, number, number?, number?]) => BigInt(Date.UTC(...date)) * 1_000_000n;

const FILTERS: readonly AlertFilter[] = [
  {},
  { rules: [ruleName(0), ruleName(3)] },
  { rules: ["none"] },
  { priorities: ["Critical", "Warning"] },
  { hostnames: ["node-3.cluster.example.com"] },
  { sources: ["syscall"], tags: ["mitre_execution"] },
  { fields: [{ fields: ["container.id"], operator: "=", values: [containerId(1)] }] },
  { fields: [{ fields: ["container.id"], operator: "!=", values: [containerId(0)] }] },
  { fields: [{ fields: ["proc.ppid"], operator: "in", values: ["7", "120", "500"] }] },
  { fields: [{ fields: ["container.privileged"], operator: "=", values: ["true"] }] },
  { fields: [{ fields: ["fd.name"], operator: "startswith", values: ["/etc/"] }] },
  { fields: [{ fields: ["fd.name", "proc.cmdline"], operator: "contains", values: ["id_rsa", ":443"] }] },
  { fields: [{ fields: ["fd.sip"], operator: "exists", values: [] }] },
  { text: "SHELL spawned" },
  { text: '"Shell spawned"', priorities: ["Notice"] },
  { fromNs: ns(2024, 7, 30, 5), toNs: ns(2024, 8, 1, 7) },
  { fromNs: ns(2024, 8, 1, 3), rules: [ruleName(0)] },
  { runId: "run-1" },
  { runId: "run-1", text: "container" },
];

async function readPages(store: AlertStore, filter: AlertFilter, order: SortOrder): Promise<StoredAlert[]> {
  const alerts: StoredAlert[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.search(filter, {
      limit: 90,
      order,
      cold: true,
      ...(cursor === undefined ? {} : { cursor }),
    });
    alerts.push(...page.alerts);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return alerts;
}

async function answers(store: AlertStore): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const filter of FILTERS) {
    for (const order of ["newest", "oldest"] as const) {
      const { archive: _, ...page } = await store.search(filter, { limit: 7, order, cold: true });
      all.push({ filter, order, page });
    }
    for (const by of [["rule"], ["priority", "tag"], ["field:proc.name"]] as GroupKey[][]) {
      const bucketNs = 86_400_000_000_000n;
      const { archive: _, ...summary } = await store.summarize({ filter, by, limit: 5, bucketNs, cold: true });
      all.push({ filter, by, summary });
    }
  }
  for (const filter of FILTERS.slice(0, 2)) all.push(await readPages(store, filter, "newest"));
  all.push(await readPages(store, FILTERS[13] as AlertFilter, "oldest"));
  return all;
}

test("what was archived is found, counted and paged exactly as it was at hand", { timeout: 180_000 }, async () => {
  const store = await place.open();
  const batch = [...alertsFrom(Date.UTC(2024, 7, 29), 5, 300), ...alertsFrom(Date.UTC(2026, 9, 1), 50, 100, 2)];
  const alerts = batch.map((alert, index) => ({
    ...alert,
    ...(index % 5 === 0 ? { runId: `run-${index % 3}` } : {}),
    occurrence: 1 + (index % 4 === 0 ? 1 : 0),
  }));
  for (let at = 0; at < alerts.length; at += 50) await store.add(alerts.slice(at, at + 50));
  await store.add(alerts.slice(0, 40).map((alert) => ({ ...alert, runId: "run-1" })));
  const before = await answers(store);
  const ids = alerts.map(({ alert }) => alert.id);
  const distanceNs = 10n * 86_400_000_000_000n;
  const first = await store.get(ids[0] ?? "");
  const near = await neighbours(store, first as StoredAlert, { distanceNs, limit: 20 });
  expect(near.length).toBeGreaterThan(0);
  const oneByOne = await Promise.all(ids.slice(0, 30).map((id) => store.get(id)));

  const report = await place.apply();
  expect(report.moved.map(({ month }) => month)).toEqual(["2024-08", "2024-09"]);
  expect(await answers(store)).toEqual(before);
  expect(await answers(await place.open())).toEqual(before);
  expect(await neighbours(store, first as StoredAlert, { distanceNs, limit: 20, cold: true })).toEqual(near);
  expect(await neighbours(store, first as StoredAlert, { distanceNs, limit: 20 })).toEqual([]);
  expect(await Promise.all(ids.slice(0, 30).map((id) => store.get(id, { cold: true })))).toEqual(oneByOne);
});
