import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import type { Alert } from "../../src/alert/alert.ts";
import { readAlertLine } from "../../src/alert/read-alert.ts";
import type { AlertFilter, AlertStore, GroupKey, NewAlert, SortOrder } from "../../src/store/alert-store.ts";
import { type AlertParts, falcoLine } from "../support/alert-generator.ts";
import { filterByHand } from "./filter-by-hand.ts";

export const RECEIVED_MS = Date.UTC(2026, 10, 22, 12);

export interface StoreKind {
  readonly name: string;
  readonly open: () => Promise<AlertStore>;
}

export function alertOf(line: string): Alert {
  const read = readAlertLine(line);
  if (read.kind !== "alert") throw new Error(`no alert: ${line}`);
  return read.alert;
}

export function newAlert(line: string, more: Partial<Omit<NewAlert, "alert">> = {}): NewAlert {
  return { alert: alertOf(line), occurrence: 1, receivedAtMs: RECEIVED_MS, ...more };
}

/** Alerts from some parts each, a second apart. */
export function batchOf(...parts: readonly AlertParts[]): NewAlert[] {
  return parts.map((part, index) => {
    const time = `2026-11-22T02:50:${String(index).padStart(2, "0")}.000000001Z`;
    return newAlert(falcoLine({ rule: `r${index}`, time, ...part }));
  });
}

/** All that match, page by page. */
export async function readAll(
  store: AlertStore,
  filter: AlertFilter,
  { limit = 3, order = "newest" as SortOrder, betweenPages = async (): Promise<void> => {} } = {},
): Promise<string[]> {
  const rules: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.search(filter, { limit, order, ...(cursor === undefined ? {} : { cursor }) });
    rules.push(...page.alerts.map(({ rule }) => rule));
    cursor = page.nextCursor;
    await betweenPages();
  } while (cursor !== undefined);
  return rules;
}

const SAMPLE: readonly AlertParts[] = [
  {
    rule: "Shell",
    priority: "Critical",
    hostname: "a",
    tags: ["container", "T1059"],
    output: "02:50: Critical Shell spawned in container | command=bash -c x user=root",
    output_fields: { "proc.name": "bash", "proc.pid": 7, "container.id": "c1", "fd.name": null, "evt.res": true },
  },
  {
    rule: "Read shadow",
    priority: "Warning",
    hostname: "b",
    tags: ["container"],
    output: "02:50: Warning Sensitive file opened | file=/etc/shadow container spawned",
    output_fields: { "proc.name": "Bash", "fd.name": "/etc/shadow", "container.name": "c1", list: ["ipv6", "file"] },
  },
  {
    rule: "Outbound",
    priority: "Notice",
    hostname: "a",
    source: "syscalls",
    output: "",
    output_fields: { "proc.name": "curl", "evt.time": "@", "fd.name": `/etc/${"long".repeat(100)}` },
  },
  { rule: "Falco internal: syscall event drop", priority: "Debug", source: "internal", hostname: "" },
];

const FILTERS: readonly (readonly [AlertFilter, readonly string[]])[] = [
  [{}, ["Shell", "Read shadow", "Outbound", "Falco internal: syscall event drop"]],
  [{ rules: [] }, ["Shell", "Read shadow", "Outbound", "Falco internal: syscall event drop"]],
  [{ rules: ["Shell", "Outbound", "none"] }, ["Shell", "Outbound"]],
  [{ priorities: ["Critical", "Notice"] }, ["Shell", "Outbound"]],
  [{ sources: ["internal"] }, ["Falco internal: syscall event drop"]],
  [{ hostnames: ["b"] }, ["Read shadow"]],
  [{ tags: ["container"] }, ["Shell", "Read shadow"]],
  [{ tags: ["container", "T1059"] }, ["Shell"]],
  [{ fields: [{ fields: ["proc.name"], operator: "=", values: ["bash"] }] }, ["Shell"]],
  [{ fields: [{ fields: ["proc.name"], operator: "in", values: ["bash", "curl"] }] }, ["Shell", "Outbound"]],
  [{ fields: [{ fields: ["proc.pid"], operator: "=", values: ["7"] }] }, ["Shell"]],
  [{ fields: [{ fields: ["evt.res"], operator: "=", values: ["true"] }] }, ["Shell"]],
  [{ fields: [{ fields: ["list"], operator: "=", values: ['["ipv6","file"]'] }] }, ["Read shadow"]],
  [
    { fields: [{ fields: ["container.id", "container.name"], operator: "=", values: ["c1"] }] },
    ["Shell", "Read shadow"],
  ],
  [
    { fields: [{ fields: ["container.id", "container.name"], operator: "!=", values: ["c1"] }] },
    ["Outbound", "Falco internal: syscall event drop"],
  ],
  [{ fields: [{ fields: ["fd.name"], operator: "exists", values: [] }] }, ["Read shadow", "Outbound"]],
  [{ fields: [{ fields: ["fd.name"], operator: "startswith", values: ["/etc/"] }] }, ["Read shadow", "Outbound"]],
  [{ fields: [{ fields: ["fd.name"], operator: "contains", values: ["longlong", "nothing"] }] }, ["Outbound"]],
  [{ fields: [{ fields: ["fd.name"], operator: "=", values: [`/etc/${"long".repeat(100)}`] }] }, ["Outbound"]],
  [{ fields: [{ fields: ["no.such"], operator: "=", values: ["x"] }] }, []],
  [
    {
      fields: [
        { fields: ["proc.name"], operator: "in", values: ["bash", "Bash"] },
        { fields: ["fd.name"], operator: "!=", values: ["/etc/shadow"] },
      ],
    },
    ["Shell"],
  ],
  [{ text: "spawned" }, ["Shell", "Read shadow"]],
  [{ text: "SPAWNED shell" }, ["Shell"]],
  [{ text: '"spawned in container"' }, ["Shell"]],
  [{ text: '"container spawned" file' }, ["Read shadow"]],
  [{ text: "/etc/shadow" }, ["Read shadow"]],
  [{ text: "shado" }, []],
  [{ fromNs: 1795315800_000_000_001n + 1n }, ["Read shadow", "Outbound", "Falco internal: syscall event drop"]],
];

export function storeSuite(kind: StoreKind): void {
  describe(kind.name, () => {
    const open: AlertStore[] = [];
    const openStore = async (): Promise<AlertStore> => {
      const store = await kind.open();
      open.push(store);
      return store;
    };
    afterEach(async () => {
      for (const store of open.splice(0)) await store.close();
    });

    describe("adding", () => {
      test("the same line twice is one alert, in one batch or in two", async () => {
        const store = await openStore();
        const [alert] = batchOf({}) as [NewAlert];
        expect(await store.add([alert, alert])).toEqual({ added: 1, known: 1 });
        expect(await store.add([alert])).toEqual({ added: 0, known: 1 });
        const { alerts } = await store.search({}, { limit: 10, order: "newest" });
        expect(alerts).toHaveLength(1);
        expect(alerts[0]).toMatchObject({ ...alert.alert, repeats: 1, receivedAtMs: RECEIVED_MS });
      });

      test("falcosidekick's copy is the same alert, and the line that came first stays", async () => {
        const store = await openStore();
        const line = falcoLine({ time: "2026-11-22T02:50:12.120000000Z", output: "a <b> & c" });
        const copy = JSON.stringify({
          uuid: "0b4",
          ...JSON.parse(line),
          time: "2026-11-22T02:50:12.12Z",
          source: "syscalls",
        });
        await store.add([newAlert(line)]);
        expect(await store.add([newAlert(copy)])).toEqual({ added: 0, known: 1 });
        const { alerts } = await store.search({}, { limit: 10, order: "newest" });
        expect(alerts.map(({ raw }) => raw)).toEqual([line]);
      });

      test("real repeats count on one alert, however often they are read", async () => {
        const store = await openStore();
        const line = falcoLine();
        const twice = [newAlert(line, { occurrence: 1 }), newAlert(line, { occurrence: 2 })];
        await store.add(twice);
        await store.add(twice);
        expect((await store.get(alertOf(line).id))?.repeats).toBe(2);
      });

      test("an alert is found by every run that gave it", async () => {
        const store = await openStore();
        const line = falcoLine();
        await store.add([newAlert(line, { runId: "run-1" }), newAlert(falcoLine({ rule: "other" }))]);
        await store.add([newAlert(line, { runId: "run-2" })]);
        for (const runId of ["run-1", "run-2"]) expect(await readAll(store, { runId })).toEqual(["Shell in container"]);
        expect(await readAll(store, { runId: "run-3" })).toEqual([]);
        expect((await store.get(alertOf(line).id))?.runId).toBe("run-2");
      });

      test("a checkpoint is kept with its batch, and without one", async () => {
        const store = await openStore();
        await store.add(batchOf({}), { source: "file:/a", state: "1" });
        await store.add([], { source: "file:/a", state: "2" });
        await store.add([], { source: "file:/b", state: "x" });
        expect(await store.readCheckpoint("file:/a")).toBe("2");
        expect(await store.readCheckpoint("file:/b")).toBe("x");
        expect(await store.readCheckpoint("file:/c")).toBeUndefined();
      });

      test.each([
        ["1999-12-31T23:59:59.000000000Z", "before 2000"],
        ["1965-01-01T00:00:00.000000000Z", "before 1970"],
        ["2026-11-23T12:00:00.000000001Z", "more than a day ahead"],
        ["2199-01-01T00:00:00.000000000Z", "far ahead"],
      ])("an alert of %s (%s) is filed under its receipt, whenever it is read again", async (time) => {
        const store = await openStore();
        const line = falcoLine({ time });
        const orderNs = BigInt(RECEIVED_MS) * 1_000_000n;
        await store.add([newAlert(line)]);
        const later = newAlert(line, { receivedAtMs: RECEIVED_MS + 40 * 86_400_000 });
        expect(await store.add([later])).toEqual({ added: 0, known: 1 });
        expect(await store.get(alertOf(line).id)).toMatchObject({ time, orderNs, receivedAtMs: RECEIVED_MS });
        expect(await readAll(store, { fromNs: orderNs, toNs: orderNs + 1n })).toHaveLength(1);
      });
    });

    describe("searching", () => {
      test.each(
        FILTERS.map(([filter, rules], index) => [`${index} ${Object.keys(filter).join()}`, filter, rules] as const),
      )("filter %s", async (_, filter, rules) => {
        const store = await openStore();
        await store.add(batchOf(...SAMPLE));
        const page = await store.search(filter, { limit: 10, order: "oldest" });
        expect(page.alerts.map(({ rule }) => rule)).toEqual(rules);
        expect(page.matched).toBe(rules.length);
        expect(page.considered).toBe(filter.fromNs === undefined ? 4 : 3);
      });

      test("a window includes its start and excludes its end, to the nanosecond", async () => {
        const store = await openStore();
        await store.add(batchOf({}, {}, {}));
        const ns = (second: number) => BigInt(Date.UTC(2026, 10, 22, 2, 50, second)) * 1_000_000n + 1n;
        expect(await readAll(store, { fromNs: ns(1), toNs: ns(2) })).toEqual(["r1"]);
        expect(await readAll(store, { fromNs: ns(0) + 1n, toNs: ns(2) + 1n })).toEqual(["r2", "r1"]);
      });

      test.each(["newest", "oldest"] as const)(
        "pages, %s first, hold every alert once while more arrive",
        async (order) => {
          const store = await openStore();
          const all = batchOf(...Array.from({ length: 17 }, () => ({})));
          await store.add(all);
          let late = 0;
          const seen = await readAll(
            store,
            {},
            {
              limit: 4,
              order,
              betweenPages: async () => {
                late++;
                await store.add([
                  newAlert(falcoLine({ rule: `late ${late}`, time: `2026-11-22T02:50:00.50000000${late % 10}Z` })),
                ]);
              },
            },
          );
          const first = seen.filter((rule) => !rule.startsWith("late"));
          const expected = all.map(({ alert }) => alert.rule);
          expect(first).toEqual(order === "newest" ? expected.reverse() : expected);
          expect(new Set(seen).size).toBe(seen.length);
        },
      );

      test("alerts of one nanosecond are ordered by id, over months and pages alike", async () => {
        const store = await openStore();
        const times = [
          "2026-09-30T23:59:59.999999999Z",
          "2026-10-01T00:00:00.000000000Z",
          "2026-11-01T00:00:00.000000000Z",
        ];
        const batch = times.flatMap((time) =>
          [0, 1, 2].map((n) => newAlert(falcoLine({ time, rule: `${time} ${n}` }))),
        );
        await store.add(batch);
        const sorted = [...batch].sort((a, b) =>
          a.alert.time === b.alert.time ? (a.alert.id < b.alert.id ? -1 : 1) : a.alert.time < b.alert.time ? -1 : 1,
        );
        const rules = sorted.map(({ alert }) => alert.rule);
        expect(await readAll(store, {}, { limit: 2, order: "oldest" })).toEqual(rules);
        expect(await readAll(store, {}, { limit: 2, order: "newest" })).toEqual([...rules].reverse());
      });

      test("a cursor holds for its own query only", async () => {
        const store = await openStore();
        await store.add(batchOf({}, {}, {}));
        const { nextCursor: cursor = "" } = await store.search({}, { limit: 1, order: "newest" });
        const mismatch = expect.objectContaining({ code: "CURSOR_MISMATCH" });
        for (const [filter, order, text] of [
          [{}, "oldest", cursor],
          [{ rules: ["r1"] }, "newest", cursor],
          [{ fromNs: 1n }, "newest", cursor],
          [{}, "newest", `${cursor}x`],
          [{}, "newest", "nonsense"],
          [{}, "newest", ""],
        ] as const) {
          await expect(store.search(filter, { limit: 1, order, cursor: text })).rejects.toEqual(mismatch);
        }
      });

      test.each([
        [{ text: "***" }, /"\*\*\*" holds no word/],
        [{ fields: [{ fields: [], operator: "exists", values: [] }] }, /names no field/],
        [{ fields: [{ fields: ["a"], operator: "=", values: [] }] }, /"=" on a has no value/],
        [{ fields: [{ fields: ["a"], operator: "like" as "=", values: ["x"] }] }, /"like" is no operator/],
      ] satisfies [AlertFilter, RegExp][])("filter %j is refused", async (filter, message) => {
        const store = await openStore();
        await store.add(batchOf({}));
        await expect(store.search(filter, { limit: 1, order: "newest" })).rejects.toEqual(
          expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) }),
        );
      });
    });

    describe("counting", () => {
      const summarize = async (by: readonly GroupKey[], more = {}) => {
        const store = await openStore();
        await store.add(batchOf(...SAMPLE, { ...SAMPLE[0], output: "again" }));
        const { groups, ...summary } = await store.summarize({ filter: {}, by, limit: 10, ...more });
        return { ...summary, groups: groups.map(({ values, count }) => [...values, count]) };
      };

      test.each([
        [
          ["rule"],
          [
            ["Shell", 2],
            ["Falco internal: syscall event drop", 1],
            ["Outbound", 1],
            ["Read shadow", 1],
          ],
        ],
        [
          ["hostname"],
          [
            ["a", 3],
            ["b", 1],
            [null, 1],
          ],
        ],
        [
          ["source"],
          [
            ["syscall", 3],
            ["internal", 1],
            ["syscalls", 1],
          ],
        ],
        [
          ["tag"],
          [
            ["container", 3],
            ["T1059", 2],
            [null, 2],
          ],
        ],
        [
          ["field:proc.name"],
          [
            ["bash", 2],
            ["Bash", 1],
            ["curl", 1],
            [null, 1],
          ],
        ],
        [["field:no.such"], [[null, 5]]],
        [
          ["priority", "hostname"],
          [
            ["Critical", "a", 2],
            ["Debug", null, 1],
            ["Notice", "a", 1],
            ["Warning", "b", 1],
          ],
        ],
        [
          ["tag", "field:evt.res"],
          [
            ["T1059", "true", 2],
            ["container", "true", 2],
            [null, null, 2],
            ["container", null, 1],
          ],
        ],
      ] satisfies [GroupKey[], unknown[]][])("by %j", async (by, groups) => {
        expect(await summarize(by)).toMatchObject({ groups, groupCount: groups.length, matched: 5, considered: 5 });
      });

      test("a cut shows, and first and last are those of the group", async () => {
        const store = await openStore();
        await store.add(batchOf({ rule: "x" }, { rule: "y" }, { rule: "x" }));
        const ns = (second: number) => BigInt(Date.UTC(2026, 10, 22, 2, 50, second)) * 1_000_000n + 1n;
        expect(await store.summarize({ filter: {}, by: ["rule"], limit: 1 })).toEqual({
          matched: 3,
          considered: 3,
          firstNs: ns(0),
          lastNs: ns(2),
          groupCount: 2,
          groups: [{ values: ["x"], count: 2, firstNs: ns(0), lastNs: ns(2) }],
        });
      });

      test("time buckets are aligned and leave out empty ones", async () => {
        const at = (minute: number) => BigInt(Date.UTC(2026, 10, 22, 2, minute)) * 1_000_000n;
        const store = await openStore();
        await store.add(
          ["50:00", "50:59", "53:00"].map((time) => newAlert(falcoLine({ time: `2026-11-22T02:${time}.000000000Z` }))),
        );
        const { buckets } = await store.summarize({ filter: {}, by: [], limit: 0, bucketNs: 60_000_000_000n });
        expect(buckets).toEqual([
          { fromNs: at(50), count: 2 },
          { fromNs: at(53), count: 1 },
        ]);
      });

      test("nothing stored is counted as nothing", async () => {
        const store = await openStore();
        expect(await store.summarize({ filter: {}, by: ["rule"], limit: 5 })).toEqual({
          matched: 0,
          considered: 0,
          groups: [],
          groupCount: 0,
        });
        expect(await store.search({}, { limit: 5, order: "newest" })).toEqual({
          alerts: [],
          matched: 0,
          considered: 0,
        });
        expect(await store.get("0".repeat(32))).toBeUndefined();
        expect(await store.fieldNames()).toEqual([]);
        expect(await store.status()).toMatchObject({ alerts: 0, sources: [], setAside: [] });
      });

      test("field names count alerts that have a value, and know those that never had one", async () => {
        const store = await openStore();
        await store.add(batchOf(...SAMPLE));
        const names = await store.fieldNames();
        expect(names).toContainEqual({ name: "proc.name", alerts: 3 });
        expect(names).toContainEqual({ name: "fd.name", alerts: 2 });
        expect(names.map(({ name }) => name).sort()).toEqual(
          ["container.id", "container.name", "evt.res", "evt.time", "fd.name", "list", "proc.name", "proc.pid"].sort(),
        );
      });

      test("status counts by source", async () => {
        const store = await openStore();
        await store.add(batchOf(...SAMPLE));
        expect(await store.status()).toMatchObject({
          alerts: 4,
          sources: [
            { source: "syscall", alerts: 2 },
            { source: "internal", alerts: 1 },
            { source: "syscalls", alerts: 1 },
          ],
        });
      });
    });

    test("hostile names and texts go in and come out as they are", async () => {
      const store = await openStore();
      const fields = {
        __proto__x: 1,
        "a'; drop table alert;--": "\u0000\u202e",
        constructor: "x",
        "": "empty",
        lone: "\ud800",
      };
      const line = falcoLine({ output_fields: fields, output: "\u001b[31m \u0000 %s ü 日本語" }).replace(
        "__proto__x",
        "__proto__",
      );
      await store.add([newAlert(line)]);
      const stored = await store.get(alertOf(line).id);
      expect(stored?.raw).toBe(line);
      for (const [name, value] of [...Object.entries(fields).slice(1), ["__proto__", "1"]] as [string, string][]) {
        expect(
          await readAll(store, { fields: [{ fields: [name], operator: "=", values: [value] }] }),
          name,
        ).toHaveLength(1);
      }
      expect(await readAll(store, { text: "日本語" })).toHaveLength(1);
    });

    test("a closed store says so", async () => {
      const store = await openStore();
      await store.close();
      await expect(store.get("0".repeat(32))).rejects.toEqual(expect.objectContaining({ code: "STORE_CLOSED" }));
      await store.close();
    });

    test("any batches in any order give the answers worked out by hand", { timeout: 180_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(anyAlert, { maxLength: 40 }),
          anyFilter,
          fc.integer({ min: 1, max: 7 }),
          async (parts, filter, size) => {
            const store = await kind.open();
            try {
              const batch = parts.map((part) => newAlert(falcoLine(part)));
              for (let at = 0; at < batch.length; at += size) await store.add(batch.slice(at, at + size));
              await store.add([...batch].reverse());
              const expected = filterByHand(
                batch.map(({ alert }) => alert),
                filter,
              );
              for (const order of ["oldest", "newest"] as const) {
                const ids = expected.map(({ rule }) => rule);
                expect(await readAll(store, filter, { limit: size, order })).toEqual(
                  order === "oldest" ? ids : ids.reverse(),
                );
              }
              const { matched, groups, groupCount } = await store.summarize({ filter, by: ["field:f"], limit: 100 });
              expect(matched).toBe(expected.length);
              expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(expected.length);
              expect(groupCount).toBe(new Set(expected.map(({ fields }) => fields.f ?? null)).size);
            } finally {
              await store.close();
            }
          },
        ),
        { numRuns: 40 },
      );
    });
  });
}

const word = fc.constantFrom("alpha", "beta", "Gamma", "delta_1", "é");
const fieldValue = fc.option(fc.oneof(word, fc.constantFrom(1, 2, true)), { nil: undefined });

const anyAlert: fc.Arbitrary<AlertParts> = fc.record({
  rule: fc.integer({ min: 0, max: 30 }).map((n) => `rule ${n}`),
  priority: fc.constantFrom("Warning", "Critical"),
  time: fc
    .integer({ min: 0, max: 40 })
    .map((hour) => new Date(Date.UTC(2026, 9, 31, hour)).toISOString().replace(".000Z", ".000000007Z")),
  tags: fc.subarray(["t1", "t2"]),
  output: fc.array(word, { maxLength: 4 }).map((words) => words.join(" ")),
  output_fields: fc
    .record({ f: fieldValue, g: fieldValue })
    .map((fields) => JSON.parse(JSON.stringify(fields)) as Record<string, unknown>),
});

const anyFilter: fc.Arbitrary<AlertFilter> = fc
  .record({
    from: fc.option(fc.integer({ min: 0, max: 40 })),
    priorities: fc.constantFrom([], ["Warning"], ["Critical", "Debug"]),
    tags: fc.subarray(["t1", "t2"]),
    text: fc.option(word, { nil: undefined }),
    operator: fc.constantFrom("=", "!=", "in", "contains", "startswith", "exists"),
    fields: fc.subarray(["f", "g"], { minLength: 1 }),
    value: fc.constantFrom("alpha", "a", "1", "true", "G"),
    hasField: fc.boolean(),
  })
  .map(({ from, priorities, tags, text, operator, fields, value, hasField }) => ({
    ...(from === null ? {} : { fromNs: BigInt(Date.UTC(2026, 9, 31, from)) * 1_000_000n }),
    priorities: priorities as AlertFilter["priorities"] & {},
    tags,
    ...(text === undefined ? {} : { text }),
    ...(hasField
      ? { fields: [{ fields, operator: operator as "=", values: operator === "exists" ? [] : [value] }] }
      : {}),
  }));
