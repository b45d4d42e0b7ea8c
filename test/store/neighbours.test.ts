import { expect, test } from "vitest";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { neighbours } from "../../src/store/neighbours.ts";
import type { AlertParts } from "../support/alert-generator.ts";
import { batchOf } from "./alert-store.suite.ts";

const c1 = (pid: number, ppid: number) => ({ "container.id": "c1", "proc.pid": pid, "proc.ppid": ppid });
const host = (pid: number, ppid: number) => ({ "container.id": "host", "proc.pid": pid, "proc.ppid": ppid });

/** `r2` is asked about: a second lies between two rows. */
async function relatedTo(parts: readonly AlertParts[], distanceNs = 60_000_000_000n, limit = 10) {
  const store = createMemoryStore();
  const batch = batchOf(...parts);
  await store.add(batch);
  const alert = await store.get(batch[2]?.alert.id ?? "");
  if (alert === undefined) throw new Error("the alert is not stored");
  return (await neighbours(store, alert, { distanceNs, limit })).map(
    ({ alert: { rule }, relations }) => `${rule} ${relations}`,
  );
}

test.each<[string, readonly Record<string, unknown>[], string[]]>([
  ["the same container", [c1(5, 4), host(9, 8), c1(7, 6)], ["r0 container"]],
  ["parent and child", [host(6, 2), host(9, 8), host(7, 6), host(10, 7)], ["r0 lineage", "r3 lineage"]],
  ["both at once", [c1(6, 2), {}, c1(7, 6)], ["r0 container,lineage"]],
  ["a deeper descendant", [{ "proc.apid[3]": 7 }, {}, host(7, 1)], ["r0 lineage"]],
  ["no common ancestor 1", [host(3, 1), {}, host(7, 1)], []],
  ["nothing to go by", [host(3, 1), {}, {}], []],
])("%s", async (_, fields, expected) => {
  expect(await relatedTo(fields.map((output_fields) => ({ output_fields })))).toEqual(expected);
});

test("other hosts, other times and more than the limit stay out; the nearest stay in", async () => {
  const parts = Array.from({ length: 8 }, (_, index) => ({
    output_fields: c1(5, 4),
    hostname: index === 1 ? "b" : "a",
  }));
  expect(await relatedTo(parts, 3_000_000_000n)).toEqual(
    ["r0", "r3", "r4", "r5"].map((rule) => `${rule} container,lineage`),
  );
  expect(await relatedTo(parts, 60_000_000_000n, 2)).toEqual(["r0", "r3"].map((rule) => `${rule} container,lineage`));
});
