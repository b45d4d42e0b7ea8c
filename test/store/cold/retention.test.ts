import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AlertStore, NewAlert } from "../../../src/store/alert-store.ts";
import { isRetentionDue } from "../../../src/store/cold/apply-retention.ts";
import { readManifest } from "../../../src/store/cold/manifest.ts";
import { falcoLine } from "../../support/alert-generator.ts";
import { type ArchivedStore, archivedStore, NOW_MS, received, SPAN } from "./archived-store.ts";

let place: ArchivedStore;
beforeEach(() => {
  place = archivedStore();
});
afterEach(() => place.close());

const at = (time: string, rule = time): string => falcoLine({ time: `${time}.000000001Z`, rule });
const OLD = ["2024-05-30T10:00:00", "2024-05-31T23:59:59", "2024-06-01T00:00:00", "2024-06-01T12:00:00"];
const YOUNG = ["2025-11-30T10:00:00", "2026-11-24T10:00:00"];
const oldAlerts = OLD.map((time) => received(at(time)));
const youngAlerts = YOUNG.map((time) => received(at(time)));

async function filled(): Promise<AlertStore> {
  const store = await place.open();
  await store.add([...oldAlerts, ...youngAlerts]);
  return store;
}

async function rulesOf(store: AlertStore, cold: boolean): Promise<string[]> {
  const { alerts } = await store.search({}, { limit: 100, order: "oldest", cold });
  return alerts.map(({ rule }) => rule);
}

const hotFiles = (): string[] => readdirSync(place.folder).filter((name) => name.endsWith(".db"));

describe("moving", () => {
  test("takes months whose last instant is older than the limit, and no others", async () => {
    const store = await filled();
    expect(await place.apply({ nowMs: Date.UTC(2025, 5, 30, 23, 59) })).toMatchObject({
      moved: [{ month: "2024-05", alerts: 2 }],
      deleted: [],
      waiting: [],
    });
    expect(await place.apply()).toMatchObject({ moved: [{ month: "2024-06", alerts: 2 }] });
    expect(await place.apply()).toMatchObject({ moved: [], deleted: [], waiting: [], faults: [] });
    expect(hotFiles()).toEqual(["alerts-2025-11.db", "alerts-2026-11.db", "meta.db"]);
    expect(await rulesOf(store, true)).toEqual([...OLD, ...YOUNG]);
    expect(await rulesOf(store, false)).toEqual(YOUNG);
  });

  test("leaves plain lines that any program can read, a file a day", async () => {
    await filled();
    await place.apply();
    const names = readdirSync(place.cold).filter((name) => name.endsWith(".jsonl.gz"));
    expect(names).toEqual(["2024-05-30.jsonl.gz", "2024-05-31.jsonl.gz", "2024-06-01.jsonl.gz"]);
    const last = gunzipSync(readFileSync(join(place.cold, "2024-06-01.jsonl.gz"))).toString();
    expect(last).toBe(
      oldAlerts
        .slice(2)
        .map(({ alert }) => `${alert.raw}\n`)
        .join(""),
    );
  });

  test("keeps every line to the byte, also one that has line feeds inside", async () => {
    const store = await place.open();
    const pretty = JSON.stringify(JSON.parse(at(OLD[0] ?? "", "pretty ü \u2028")), null, 2);
    await store.add([received(pretty), received(at(OLD[0] ?? "", "plain"))]);
    await place.apply();
    const { alerts } = await store.search({}, { limit: 9, order: "oldest", cold: true });
    expect(alerts.map(({ raw }) => raw).sort()).toEqual([pretty, at(OLD[0] ?? "", "plain")].sort());
  });

  test("a dry run says the same and touches nothing", async () => {
    await filled();
    const before = readdirSync(place.folder);
    const planned = await place.apply({ isDryRun: true });
    expect(readdirSync(place.folder)).toEqual(before);
    const done = await place.apply();
    expect(planned.moved).toEqual(done.moved.map(({ bytesAfter: _, ...month }) => month));
  });

  test("alerts received lately keep their month at hand, however old they are", async () => {
    const store = await place.open();
    await store.add([received(at("2019-01-02T03:04:05"), { receivedAtMs: NOW_MS - 86_400_000 })]);
    expect(await place.apply()).toMatchObject({
      moved: [],
      waiting: [{ month: "2019-01", reason: "alerts of it were received lately: it moves after 2026-12-24" }],
    });
    expect(await place.apply({ nowMs: NOW_MS + 31 * 86_400_000 })).toMatchObject({
      moved: [{ month: "2019-01" }],
      deleted: [],
    });
  });

  test("nothing stored is nothing to move", async () => {
    expect(await place.apply()).toEqual({ isDryRun: false, moved: [], deleted: [], waiting: [], faults: [] });
    expect(existsSync(place.folder)).toBe(false);
  });

  test("is due once a day", async () => {
    await filled();
    expect(isRetentionDue(place.folder, NOW_MS)).toBe(true);
    await place.apply();
    expect(isRetentionDue(place.folder, NOW_MS + 3_600_000)).toBe(false);
    expect(isRetentionDue(place.folder, NOW_MS + 86_400_000)).toBe(true);
    expect(isRetentionDue(place.folder, NOW_MS - 1)).toBe(true);
  });
});

describe("silence about the archive", () => {
  test("is never an answer: a window that touches it says so, one beside it does not", async () => {
    const store = await filled();
    await place.apply();
    const may = { month: "2024-05", alerts: 2, deleted: 0 };
    const june = { month: "2024-06", alerts: 2, deleted: 0 };
    const noteOf = async (from?: string, to?: string, cold = false) => {
      const ns = (time: string) => BigInt(Date.parse(`${time}Z`)) * 1_000_000n;
      const filter = {
        ...(from === undefined ? {} : { fromNs: ns(from) }),
        ...(to === undefined ? {} : { toNs: ns(to) }),
      };
      const { archive } = await store.search(filter, { limit: 1, order: "newest", cold });
      expect((await store.summarize({ filter, by: [], limit: 0, cold })).archive).toEqual(archive);
      return archive;
    };
    expect(await noteOf()).toEqual({ months: [may, june], isRead: false, faults: [] });
    expect(await noteOf(undefined, undefined, true)).toEqual({ months: [may, june], isRead: true, faults: [] });
    expect(await noteOf("2024-06-01T06:00:00")).toEqual({ months: [june], isRead: false, faults: [] });
    expect(await noteOf(undefined, "2024-05-31T00:00:00")).toEqual({ months: [may], isRead: false, faults: [] });
    expect(await noteOf("2024-06-02T00:00:00")).toBeUndefined();
    expect(await noteOf(undefined, "2024-05-01T00:00:00")).toBeUndefined();
    expect((await store.status()).archive).toMatchObject({ alerts: 4, months: [may, june], faults: [] });
  });
});

describe("an alert of an archived month that is read again", () => {
  test("is known, and told as archived", async () => {
    const store = await filled();
    await place.apply();
    expect(await store.add([...oldAlerts, ...youngAlerts])).toEqual({ added: 0, known: 6, archived: 4 });
    expect(hotFiles().filter((name) => name.startsWith("alerts-2024"))).not.toContain("alerts-2024-05.db");
    expect(await rulesOf(store, true)).toEqual([...OLD, ...YOUNG]);
    expect(await rulesOf(store, false)).toEqual(YOUNG);
  });

  test("is at hand again where a run gave it, and counted once by whoever asks over both", async () => {
    const store = await filled();
    await place.apply();
    const again = oldAlerts.map((alert) => ({ ...alert, runId: "run-7", receivedAtMs: NOW_MS }));
    expect(await store.add(again)).toEqual({ added: 0, known: 4, archived: 4 });
    const found = await store.search({ runId: "run-7" }, { limit: 9, order: "oldest" });
    expect(found.alerts.map(({ rule }) => rule)).toEqual(OLD);
    const summary = await store.summarize({ filter: {}, by: ["rule"], limit: 9, cold: true });
    expect(summary).toMatchObject({ matched: 6, considered: 6, groupCount: 6 });
    expect(await rulesOf(store, true)).toEqual([...OLD, ...YOUNG]);

    // The copies rest, then go the same way.
    const later = NOW_MS + 40 * 86_400_000;
    expect((await place.apply({ nowMs: later })).moved.map(({ month }) => month)).toEqual([
      "2024-05",
      "2024-06",
      "2025-11",
    ]);
    expect(await rulesOf(store, true)).toEqual([...OLD, ...YOUNG]);
    const cold = await store.search({ runId: "run-7" }, { limit: 9, order: "oldest", cold: true });
    expect(cold.alerts.map(({ rule }) => rule)).toEqual(OLD);
    expect(await store.get(oldAlerts[0]?.alert.id ?? "", { cold: true })).toMatchObject({ runId: "run-7" });
  });

  test("a new one of that month is added, and joins the archive later", async () => {
    const store = await filled();
    await place.apply();
    const late = received(at("2024-05-31T05:00:00", "late"), { receivedAtMs: NOW_MS });
    expect(await store.add([late, oldAlerts[0] as NewAlert])).toEqual({ added: 1, known: 1, archived: 1 });
    expect(hotFiles()).toContain("alerts-2024-05.1.db");
    const expected = [OLD[0], "late", ...OLD.slice(1), ...YOUNG];
    expect(await rulesOf(store, true)).toEqual(expected);
    await place.apply({ nowMs: NOW_MS + 40 * 86_400_000, span: { atHandMonths: 12, inAllMonths: 60 } });
    expect(readdirSync(place.cold)).toContain("2024-05-31.g1.jsonl.gz");
    expect(await rulesOf(store, true)).toEqual(expected);
  });
});

describe("deleting", () => {
  const END_MS = Date.UTC(2026, 11, 1, 0, 0, 1);

  test("goes by month when the limit in all is over, and leaves a tombstone that proves what there was", async () => {
    const store = await filled();
    await place.apply();
    const line = readFileSync(join(place.cold, "manifest.jsonl"), "utf8").split("\n")[0] ?? "";
    const { sha256, content } = JSON.parse(line) as { sha256: string; content: { sha256: string } };
    expect(await place.apply({ nowMs: END_MS })).toMatchObject({ deleted: [{ month: "2024-05", alerts: 2 }] });

    expect(readdirSync(place.cold).filter((name) => name.startsWith("2024-05"))).toEqual([]);
    expect(await rulesOf(store, true)).toEqual([...OLD.slice(2), ...YOUNG]);
    const { archive } = await store.search({}, { limit: 1, order: "newest", cold: true });
    expect(archive?.months[0]).toEqual({ month: "2024-05", alerts: 0, deleted: 2 });
    const [tombstone] = readManifest(place.cold).tombstones;
    expect(tombstone).toMatchObject({
      month: "2024-05",
      alerts: 2,
      setting: "cloud-gov",
      inAllMonths: 30,
      atMs: END_MS,
    });
    expect(tombstone?.files[0]).toMatchObject({
      name: "2024-05-30.jsonl.gz",
      alerts: 1,
      sha256,
      contentSha256: content.sha256,
    });
    const kept = createHash("sha256").update(`${oldAlerts[0]?.alert.raw}\n`).digest("hex");
    expect(content.sha256).toBe(kept);
  });

  test("waits for as long as alerts were received later than they happened", async () => {
    const store = await place.open();
    await store.add([received(at("2020-01-01T00:00:00"), { receivedAtMs: Date.UTC(2026, 0, 1) })]);
    expect(await place.apply()).toMatchObject({ moved: [{ month: "2020-01" }], deleted: [] });
    expect(await place.apply({ nowMs: Date.UTC(2028, 5, 30) })).toMatchObject({ deleted: [] });
    expect(await place.apply({ nowMs: Date.UTC(2028, 6, 1) })).toMatchObject({
      deleted: [{ month: "2020-01", alerts: 1 }],
    });
  });

  test("waits for a month that has alerts at hand again", async () => {
    const store = await filled();
    await place.apply();
    await store.add([received(at("2024-05-31T05:00:00", "late"), { receivedAtMs: END_MS - 86_400_000 })]);
    expect(await place.apply({ nowMs: END_MS })).toMatchObject({ deleted: [], waiting: [{ month: "2024-05" }] });
  });

  test("a month that is too old for both goes in one step, and a dry run says so", async () => {
    const store = await place.open();
    await store.add([received(at("2020-01-01T00:00:00"))]);
    const planned = await place.apply({ isDryRun: true });
    const done = await place.apply();
    for (const { moved, deleted } of [planned, done]) {
      expect(moved).toMatchObject([{ month: "2020-01", alerts: 1 }]);
      expect(deleted).toMatchObject([{ month: "2020-01", alerts: 1 }]);
    }
    expect(await rulesOf(store, true)).toEqual([]);
  });

  test("an alert of a deleted month that is read again is new", async () => {
    const store = await filled();
    await place.apply();
    await place.apply({ nowMs: END_MS });
    expect(await store.add(oldAlerts.slice(0, 1))).toEqual({ added: 1, known: 0 });
    expect(hotFiles()).toContain("alerts-2024-05.1.db");
  });

  test("files that an interrupted deletion left go at the next one", async () => {
    await filled();
    await place.apply();
    const path = join(place.cold, "2024-05-30.jsonl.gz");
    const bytes = readFileSync(path);
    await place.apply({ nowMs: END_MS });
    writeFileSync(path, bytes);
    writeFileSync(join(place.cold, "2024-09-09.jsonl.gz.tmp"), "half");
    await place.apply({ nowMs: END_MS });
    expect(readdirSync(place.cold).filter((name) => name.startsWith("2024-05") || name.endsWith(".tmp"))).toEqual([]);
  });
});

test("a limit that grew brings nothing back and breaks nothing", async () => {
  const store = await filled();
  await place.apply();
  await place.apply({ span: { atHandMonths: 100, inAllMonths: 200 } });
  expect(await rulesOf(store, true)).toEqual([...OLD, ...YOUNG]);
  expect(SPAN.atHandMonths).toBe(12);
});
