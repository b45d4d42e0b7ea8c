import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AlertStore, NewAlert } from "../../../src/store/alert-store.ts";
import { manifestPath, readManifest } from "../../../src/store/cold/manifest.ts";
import { openAside } from "../../../src/store/cold/seal-month.ts";
import { loadDriver } from "../../../src/store/sqlite-driver.ts";
import { falcoLine } from "../../support/alert-generator.ts";
import { type ArchivedStore, alertsFrom, archivedStore, NOW_MS, received } from "./archived-store.ts";

let place: ArchivedStore;
const running: ChildProcess[] = [];
beforeEach(() => {
  place = archivedStore();
});
afterEach(async () => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
  await place.close();
});

const DAYS = ["2024-05-30", "2024-05-31", "2024-06-01"];
const alerts = DAYS.flatMap((day) =>
  [1, 2].map((n) => received(falcoLine({ time: `${day}T0${n}:00:00.000000000Z`, rule: `${day} ${n}` }))),
);

async function archived(): Promise<AlertStore> {
  const store = await place.open();
  await store.add(alerts);
  await place.apply();
  return store;
}

async function searchAll(store: AlertStore) {
  const { alerts: found, archive } = await store.search({}, { limit: 100, order: "oldest", cold: true });
  return { rules: found.map(({ rule }) => rule), faults: archive?.faults ?? [] };
}

describe("damage", () => {
  const CHANGES: readonly (readonly [string, (path: string) => void])[] = [
    ["is missing", (path) => rmSync(path)],
    ["has 10 bytes instead of", (path) => truncateSync(path, 10)],
    ["has ", (path) => appendFileSync(path, "x")],
    ["is no plain file", (path) => [rmSync(path), mkdirSync(path)]],
    ["was changed", (path) => flip(path, 30)],
    ["was changed", (path) => flip(path, -9)],
  ];

  for (const [reason, change] of CHANGES) {
    test(`lines that ${reason}: the file is told, and everything else answers`, async () => {
      const store = await archived();
      const path = join(place.cold, "2024-05-31.jsonl.gz");
      change(path);
      const { rules, faults } = await searchAll(store);
      expect(rules).toEqual(["2024-05-30 1", "2024-05-30 2", "2024-06-01 1", "2024-06-01 2"]);
      expect(faults).toHaveLength(1);
      expect(faults[0]).toMatchObject({ code: "COLD_DAMAGED", path });
      expect(faults[0]?.message).toContain(`a file of the archive ${reason}`);
      expect(faults[0]?.message).toContain(
        "2 alerts from 2024-05-31T01:00:00.000000000Z to 2024-05-31T02:00:00.000000000Z cannot be answered for",
      );
      expect((await store.summarize({ filter: {}, by: ["hostname"], limit: 5, cold: true })).matched).toBe(4);
      expect(await store.get(alerts[0]?.alert.id ?? "", { cold: true })).toMatchObject({ rule: "2024-05-30 1" });
    });
  }

  test("of the rows is told like damage of the lines", async () => {
    const store = await archived();
    const path = join(place.cold, "2024-06-01.rows.gz");
    flip(path, 12);
    const { rules, faults } = await searchAll(store);
    expect(rules).toEqual(["2024-05-30 1", "2024-05-30 2", "2024-05-31 1", "2024-05-31 2"]);
    expect(faults).toMatchObject([{ code: "COLD_DAMAGED", path }]);
  });

  test("of the ids leaves searches whole, and an id that is not found is not said to be unknown", async () => {
    const store = await archived();
    const path = join(place.cold, "2024-05-31.ids");
    flip(path, 3);
    expect(await searchAll(store)).toMatchObject({ rules: alerts.map(({ alert }) => alert.rule), faults: [] });
    await expect(store.get(alerts[2]?.alert.id ?? "", { cold: true })).rejects.toMatchObject({
      code: "COLD_DAMAGED",
      where: path,
    });
    expect(await store.get(alerts[0]?.alert.id ?? "", { cold: true })).toMatchObject({ rule: "2024-05-30 1" });
    // Read again it is stored, and counted once.
    expect(await (await place.open()).add(alerts)).toEqual({ added: 2, known: 4, archived: 4 });
  });

  test("is in the status without a question", async () => {
    const store = await archived();
    rmSync(join(place.cold, "2024-05-31.rows.gz"));
    expect((await store.status()).archive).toMatchObject({
      alerts: 6,
      faults: [{ code: "COLD_DAMAGED", message: expect.stringContaining("is missing") }],
    });
  });

  test("whichever byte of whichever file is flipped, the answer is right or says what is lost", {
    timeout: 120_000,
  }, async () => {
    const store = await archived();
    const whole = await searchAll(store);
    const names = readdirSync(place.cold).filter((name) => /^2024|^manifest/.test(name));
    for (const name of names) {
      const path = join(place.cold, name);
      const sound = readFileSync(path);
      for (let byte = 0; byte < sound.length; byte += Math.max(1, Math.floor(sound.length / 12))) {
        flip(path, byte);
        const { rules, faults } = await searchAll(await place.open());
        if (faults.length === 0) expect(rules, `${name} ${byte}`).toEqual(whole.rules);
        else expect(rules.every((rule) => whole.rules.includes(rule))).toBe(true);
        if (!name.endsWith(".ids")) expect(faults.length, `${name} ${byte}`).toBeGreaterThan(0);
        writeFileSync(path, sound);
      }
    }
  });
});

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] as number) ^ 1;
  writeFileSync(path, bytes);
}

describe("a manifest", () => {
  test.each([
    ["that is gone", (path: string) => rmSync(path), /does not list 3 of its files/],
    ["whose last lines are gone", (path: string) => keepLines(path, 3), /does not list 1 of its files/],
    ["with a line less", (path: string) => dropLine(path, 0), /line 1 of the archive's manifest does not follow/],
    ["with a line that is none", (path: string) => appendFileSync(path, "nonsense\n"), /line 6 .* cannot be read/],
  ] as const)("%s is told, and nothing is moved or deleted by it", async (_, change, message) => {
    const store = await archived();
    change(manifestPath(place.cold));
    const before = readdirSync(place.cold);
    const fault = { code: "COLD_MANIFEST", message: expect.stringMatching(message) };
    expect((await store.search({}, { limit: 1, order: "newest" })).archive?.faults[0]).toMatchObject(fault);
    await expect(place.apply({ nowMs: NOW_MS * 2 })).rejects.toMatchObject(fault);
    expect((await place.apply({ isDryRun: true })).faults[0]).toMatchObject(fault);
    expect(readdirSync(place.cold)).toEqual(before);
  });

  test("that was cut in the middle of a line while it was written goes on after it", async () => {
    const store = await archived();
    const path = manifestPath(place.cold);
    const { head } = readManifest(place.cold);
    appendFileSync(path, '{"kind":"file","from":"alerts-20');
    expect(readManifest(place.cold)).toMatchObject({ head, fault: undefined });
    await store.add([received(falcoLine({ time: "2024-07-01T00:00:00.000000000Z", rule: "later" }))]);
    expect(await place.apply()).toMatchObject({ moved: [{ month: "2024-07" }] });
    expect(readManifest(place.cold).fault).toBeUndefined();
    expect((await searchAll(store)).rules.at(-1)).toBe("later");
  });
});

const linesOf = (path: string): string[] => readFileSync(path, "utf8").split("\n").slice(0, -1);
const keepLines = (path: string, count: number): void =>
  writeFileSync(
    path,
    linesOf(path)
      .slice(0, count)
      .map((line) => `${line}\n`)
      .join(""),
  );
const dropLine = (path: string, at: number): void =>
  writeFileSync(
    path,
    linesOf(path)
      .filter((_, index) => index !== at)
      .map((line) => `${line}\n`)
      .join(""),
  );

describe("at the same time", () => {
  test("two processes do not apply retention", async () => {
    await archived();
    const db = (await loadDriver()).open(join(place.cold, "lock.db"), { readOnly: false });
    db.exec("begin exclusive");
    await expect(place.apply()).rejects.toMatchObject({ code: "RETENTION_BUSY" });
    db.close();
    expect(await place.apply()).toMatchObject({ moved: [] });
  });

  test("alerts that arrive while their month is being moved are kept, each once", async () => {
    const store = await place.open();
    await store.add(alerts);
    const late = [1, 2, 3, 4, 5].map((n) =>
      received(falcoLine({ time: `2024-05-31T0${n}:30:00.000000000Z`, rule: `late ${n}` })),
    );
    const adding: Promise<unknown>[] = [];
    const report = await place.apply({
      onProgress: ({ doing }) => {
        const next = late.shift();
        if (doing === "writing" && next !== undefined) adding.push(store.add([next]));
      },
    });
    await Promise.all(adding);
    const { rules, faults } = await searchAll(store);
    expect(faults).toEqual([]);
    expect(rules.filter((rule) => rule.startsWith("2024"))).toEqual(alerts.map(({ alert }) => alert.rule));
    expect(rules.filter((rule) => rule.startsWith("late"))).toHaveLength(adding.length);
    expect(new Set(rules).size).toBe(rules.length);
    await place.apply();
    await place.apply();
    expect((await searchAll(store)).rules).toEqual(rules);
    expect([...report.moved, ...report.waiting].length).toBeGreaterThan(0);
  });

  test("a writer that waited while a month was sealed adds nothing to it", async () => {
    const store = await place.open();
    await store.add(alerts);
    const path = join(place.folder, "alerts-2024-05.db");
    const driver = await loadDriver();
    const [mover, writer] = [openAside(driver, path), openAside(driver, path)];
    const frozen = mover.freeze();
    frozen.release();
    expect(frozen.seal(() => {})).toBe(true);
    const [{ alert, receivedAtMs }] = alerts as [NewAlert];
    expect(writer.add([{ alert, receivedAtMs, orderNs: alert.timeNs, occurrence: 2 }])).toBeUndefined();
    expect(writer.isSealed()).toBe(true);
    for (const month of [mover, writer]) month.close();
  });

  test("a month that is written to over and over waits for the next time", async () => {
    const store = await place.open();
    await store.add(alerts);
    let n = 0;
    const report = await place.apply({
      onProgress: ({ month }) => {
        n++;
        if (month === "2024-05")
          void store.add([received(falcoLine({ time: `2024-05-31T05:${10 + n}:00.000000000Z`, rule: `late ${n}` }))]);
      },
    });
    expect(report.waiting).toEqual([{ month: "2024-05", reason: "alerts are being added to it" }]);
    const { rules } = await searchAll(store);
    expect(new Set(rules).size).toBe(rules.length);
    expect(rules.length).toBeGreaterThan(alerts.length);
    expect(await place.apply()).toMatchObject({ moved: [{ month: "2024-05" }] });
    expect((await searchAll(store)).rules).toEqual(rules);
  });

  test("one that asks and one that moves see every alert once", async () => {
    const store = await place.open();
    await store.add(alerts);
    const other = await place.open();
    const seen: number[] = [];
    const asking: Promise<unknown>[] = [];
    await place.apply({
      onProgress: () => {
        asking.push(searchAll(other).then(({ rules }) => seen.push(new Set(rules).size, rules.length)));
      },
    });
    await Promise.all(asking);
    expect(new Set(seen)).toEqual(new Set([alerts.length]));
  });
});

describe("stopping", () => {
  test("a cancelled application leaves everything where it was or has moved it whole", async () => {
    const store = await place.open();
    await store.add(alerts);
    const stop = new AbortController();
    await expect(place.apply({ signal: stop.signal, onProgress: () => stop.abort() })).rejects.toMatchObject({
      code: "CANCELLED",
    });
    expect((await searchAll(store)).rules).toEqual(alerts.map(({ alert }) => alert.rule));
    expect(readdirSync(place.cold).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    await place.apply();
    expect((await searchAll(store)).rules).toEqual(alerts.map(({ alert }) => alert.rule));
  });

  test("a cancelled question says so, and its progress counts archived alerts", async () => {
    const store = await archived();
    const stop = new AbortController();
    const progress: [number, number][] = [];
    const asked = store.search(
      { text: "warning" },
      {
        limit: 1,
        order: "newest",
        cold: true,
        signal: stop.signal,
        onProgress: (done, total) => {
          progress.push([done, total]);
          if (done >= 2) stop.abort();
        },
      },
    );
    await expect(asked).rejects.toMatchObject({ code: "CANCELLED" });
    expect(progress[0]).toEqual([2, 6]);
    const id = "0".repeat(32);
    await expect(store.get(id, { cold: true, signal: stop.signal })).rejects.toMatchObject({ code: "CANCELLED" });
    expect(await store.get(id, { cold: true })).toBeUndefined();
  });

  test("a month that was sealed but not removed is checked again and removed", async () => {
    const store = await place.open();
    await store.add(alerts);
    await store.close();
    const path = join(place.folder, "alerts-2024-05.db");
    const before = readFileSync(path);
    await place.apply();
    // As after a power cut between the mark and the removal.
    writeFileSync(path, before);
    const db = (await loadDriver()).open(path, { readOnly: false });
    db.exec(`pragma application_id=${0x46534b61}`);
    db.close();
    const again = await place.open();
    expect((await searchAll(again)).rules).toEqual(alerts.map(({ alert }) => alert.rule));
    // Its file answers for as long as it is there.
    const { archive, matched } = await again.search({}, { limit: 1, order: "newest" });
    expect(matched).toBe(4);
    expect(archive?.months).toEqual([{ month: "2024-06", alerts: 2, deleted: 0 }]);
    // What arrives meanwhile goes into the next file.
    const late = received(falcoLine({ time: "2024-05-31T09:00:00.000000000Z", rule: "late" }));
    expect(await again.add([late])).toEqual({ added: 1, known: 0 });
    expect(existsSync(join(place.folder, "alerts-2024-05.1.db"))).toBe(true);
    await place.apply();
    expect(existsSync(path)).toBe(false);
    expect((await searchAll(again)).rules.filter((rule) => rule !== "late")).toEqual(
      alerts.map(({ alert }) => alert.rule),
    );
  });

  test("an empty file that came in the place of a moved month goes again", async () => {
    const store = await archived();
    const path = join(place.folder, "alerts-2024-05.db");
    const db = (await loadDriver()).open(path, { readOnly: false });
    db.close();
    writeFileSync(path, "");
    await place.apply();
    expect(existsSync(path)).toBe(false);
    expect((await searchAll(store)).rules).toEqual(alerts.map(({ alert }) => alert.rule));
  });

  test.each([1, 3, 5])(
    "killed %i lines into it, nothing is lost and nothing is there twice",
    { timeout: 120_000 },
    async (after) => {
      const store = await place.open({ partRows: 64 });
      const many = alertsFrom(Date.UTC(2024, 7, 30), 4, 600);
      await store.add(many);
      const expected = new Set(many.map(({ alert }) => alert.id));
      for (let round = 0; round < 2; round++) {
        const child = spawn(
          process.execPath,
          ["--import", "tsx", join(import.meta.dirname, "apply-program.ts"), place.folder],
          {
            stdio: ["ignore", "pipe", "inherit"],
          },
        );
        running.push(child);
        const ended = once(child, "exit");
        let seen = 0;
        for await (const _ of createInterface({ input: child.stdout as NodeJS.ReadableStream }))
          if (++seen >= after) break;
        child.kill("SIGKILL");
        await ended;
        expect(await idsOf(await place.open())).toEqual(expected);
      }
      await place.apply();
      expect(await idsOf(store)).toEqual(expected);
      expect(readdirSync(place.folder).filter((name) => name.startsWith("alerts-2024"))).toEqual([]);
      expect((await store.status()).archive).toMatchObject({ alerts: expected.size, faults: [] });
    },
  );

  async function idsOf(store: AlertStore): Promise<Set<string>> {
    const { alerts: found, matched, archive } = await store.search({}, { limit: 1000, order: "newest", cold: true });
    expect(archive?.faults ?? []).toEqual([]);
    expect(found).toHaveLength(matched);
    return new Set(found.map(({ id }) => id));
  }

  test("a full or forbidden disk leaves the month at hand", async () => {
    const store = await place.open();
    await store.add(alerts);
    writeFileSync(place.cold, "no folder");
    await expect(place.apply()).rejects.toMatchObject({ code: "HOME_NOT_WRITABLE" });
    expect((await searchAll(store)).rules).toEqual(alerts.map(({ alert }) => alert.rule));
    expect(statSync(place.cold).isFile()).toBe(true);
  });
});
