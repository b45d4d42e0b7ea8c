import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FalcoSkillsError } from "../../src/errors/falco-skills-error.ts";
import type { AlertStore } from "../../src/store/alert-store.ts";
import { findDrivers, loadDriver } from "../../src/store/sqlite-driver.ts";
import { translateStoreError } from "../../src/store/sqlite-errors.ts";
import { openSqliteStore, type SqliteStoreOptions } from "../../src/store/sqlite-store.ts";
import { falcoLine, generateAlertLines } from "../support/alert-generator.ts";
import { newAlert, RECEIVED_MS, readAll } from "./alert-store.suite.ts";

let root = "";
let folder = "";
const open: AlertStore[] = [];
const running: ChildProcess[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "falco-skills-store-"));
  folder = join(root, "alerts");
});
afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
  for (const child of running.splice(0)) child.kill("SIGKILL");
  rmSync(root, { recursive: true, force: true });
});

async function openStore(options: Partial<SqliteStoreOptions> = {}): Promise<AlertStore> {
  const store = await openSqliteStore({ folder, partRows: 4, nowMs: () => RECEIVED_MS, ...options });
  open.push(store);
  return store;
}

const failure = (code: string) => expect.objectContaining({ code });
const monthNs = (month: number) => BigInt(Date.UTC(2026, month - 1)) * 1_000_000n;
const OCTOBER = { fromNs: monthNs(10), toNs: monthNs(11) };
const NOVEMBER = { fromNs: monthNs(11), toNs: monthNs(12) };

const lines = [10, 11].flatMap((month) =>
  Array.from({ length: 10 }, (_, n) =>
    falcoLine({ rule: `${month} ${n}`, time: `2026-${month}-02T03:04:0${n}.000000000Z` }),
  ),
);

async function fill(): Promise<void> {
  const store = await openStore();
  await store.add(
    lines.map((line) => newAlert(line)),
    { source: "file:/a", state: "20" },
  );
  await store.close();
}

describe("opening", () => {
  test("leaves no trace before something is added", async () => {
    const store = await openStore();
    expect(await readAll(store, {})).toEqual([]);
    expect(await store.readCheckpoint("x")).toBeUndefined();
    expect(await store.status()).toMatchObject({ alerts: 0, bytes: 0 });
    expect(existsSync(folder)).toBe(false);
  });

  test("for reading finds what is there and writes nothing", async () => {
    await fill();
    // SQLite keeps a log and an index beside a file even for readers; what is stored must not change.
    const stored = () =>
      readdirSync(folder)
        .filter((name) => name.endsWith(".db"))
        .map((name) => [name, readFileSync(join(folder, name), "base64")]);
    const before = stored();
    const store = await openStore({ readOnly: true });
    expect(await readAll(store, {})).toHaveLength(20);
    expect(await store.readCheckpoint("file:/a")).toBe("20");
    await expect(store.add([])).rejects.toEqual(failure("STORE_READ_ONLY"));
    await store.close();
    expect(stored()).toEqual(before);
  });

  test("writes a file a month, for its owner only", async () => {
    await fill();
    expect(readdirSync(folder).filter((name) => name.endsWith(".db"))).toEqual([
      "alerts-2026-10.db",
      "alerts-2026-11.db",
      "meta.db",
    ]);
  });

  test.each(["node:sqlite", "@photostructure/sqlite"] as const)(
    "%s is used where asked for, or is missing",
    async (driver) => {
      const store = await openStore({ driver });
      if ((await findDrivers()).includes(driver)) expect(await store.status()).toMatchObject({ driver });
      else await expect(store.status()).rejects.toEqual(failure("STORE_DRIVER_MISSING"));
    },
  );

  test("files of one driver are read by the other", async () => {
    await fill();
    for (const driver of await findDrivers()) expect(await readAll(await openStore({ driver }), {})).toHaveLength(20);
  });
});

describe("faults", () => {
  test("a folder that cannot be is not writable", async () => {
    writeFileSync(join(root, "file"), "");
    const store = await openStore({ folder: join(root, "file", "alerts") });
    await expect(store.add([newAlert(falcoLine())])).rejects.toEqual(failure("HOME_NOT_WRITABLE"));
  });

  test("a file of a newer version is left alone", async () => {
    await fill();
    const path = join(folder, "alerts-2026-10.db");
    const db = (await loadDriver()).open(path, { readOnly: false });
    db.exec("pragma user_version=99");
    db.close();
    const store = await openStore({ repair: true });
    await expect(readAll(store, {})).rejects.toMatchObject({ code: "STORE_VERSION", where: path });
  });

  test("a file that is no database is named, and the other months still answer", async () => {
    await fill();
    const path = join(folder, "alerts-2026-10.db");
    writeFileSync(path, "this is no database, whatever its name says".repeat(1000));
    const store = await openStore();
    await expect(readAll(store, {})).rejects.toMatchObject({ code: "STORE_DAMAGED", where: path });
    await expect(store.add([newAlert(lines[0] ?? "")])).rejects.toMatchObject({ code: "STORE_DAMAGED", where: path });
    expect(await readAll(store, NOVEMBER)).toHaveLength(10);
    expect((await store.status()).setAside).toEqual([{ path, reason: expect.stringContaining("damaged") }]);
    expect(readFileSync(path, "utf8")).toContain("this is no database");
  });

  test("repair sets a damaged file aside, and reading the alerts again fills the gap", async () => {
    await fill();
    const path = join(folder, "alerts-2026-10.db");
    writeFileSync(path, "this is no database".repeat(1000));
    const store = await openStore({ repair: true });
    expect(await readAll(store, {})).toHaveLength(10);
    expect(await store.status()).toMatchObject({
      alerts: 10,
      setAside: [{ path: `${path}.damaged-${RECEIVED_MS}`, reason: expect.stringContaining("damaged") }],
    });
    expect(await store.add(lines.map((line) => newAlert(line)))).toEqual({ added: 10, known: 10 });
    expect(await readAll(store, OCTOBER)).toHaveLength(10);
    expect(existsSync(path)).toBe(false);
    await store.close();
    expect(await readAll(await openStore(), {})).toHaveLength(20);
  });

  test("repair also gives up the shared file, and the alerts stay", async () => {
    await fill();
    writeFileSync(join(folder, "meta.db"), "no database".repeat(1000));
    const store = await openStore({ repair: true });
    expect(await store.readCheckpoint("file:/a")).toBeUndefined();
    expect(await store.status()).toMatchObject({
      alerts: 20,
      setAside: [{ path: expect.stringContaining("meta.db.damaged-") }],
    });
  });

  test("whichever page is overwritten, every call answers or says what is damaged", async () => {
    await fill();
    const path = join(folder, "alerts-2026-10.db");
    const sound = readFileSync(path);
    const outcomes = new Set<string>();
    for (let page = 0; page < sound.length; page += 8192) {
      for (const value of [0x00, 0xff]) {
        writeFileSync(path, sound);
        const fd = openSync(path, "r+");
        writeSync(fd, Buffer.alloc(8192, value), 0, 8192, page);
        const store = await openStore();
        const calls = [
          () => readAll(store, { text: "shell", fields: [{ fields: ["a"], operator: "!=", values: ["x"] }] }),
          () => store.summarize({ filter: { tags: ["x"] }, by: ["rule", "tag"], limit: 5 }),
          () => store.get("0".repeat(32)),
          () => store.status(),
          () => store.fieldNames(),
          () => store.add(lines.map((line) => newAlert(line))),
        ];
        for (const call of calls) {
          outcomes.add(
            await call().then(
              () => "answer",
              (thrown: unknown) => (thrown instanceof FalcoSkillsError ? thrown.code : String(thrown)),
            ),
          );
        }
        await store.close();
      }
    }
    expect([...outcomes].sort()).toEqual(["STORE_DAMAGED", "answer"]);
  });

  test("a file that is removed while open, as retention does, is gone from answers", async () => {
    await fill();
    const store = await openStore();
    expect(await readAll(store, {})).toHaveLength(20);
    unlinkSync(join(folder, "alerts-2026-10.db"));
    expect(await readAll(store, {})).toHaveLength(10);
    await store.add(lines.map((line) => newAlert(line.replaceAll("10 ", "again "))));
    expect(await readAll(store, OCTOBER)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map((n) => `again ${n}`));
  });

  test.each([
    [{ errcode: 11 }, "STORE_DAMAGED"],
    [{ errcode: 26 }, "STORE_DAMAGED"],
    [{ errcode: 522 }, "STORE_DAMAGED"],
    [{ errcode: 13 }, "DISK_FULL"],
    [{ errcode: 8 }, "HOME_NOT_WRITABLE"],
    [{ errcode: 14 }, "HOME_NOT_WRITABLE"],
    [{ errcode: 5 }, "STORE_BUSY"],
    [{ errcode: 261 }, "STORE_BUSY"],
    [{ errcode: 778 }, "STORE_FAILED"],
    [{ code: "ERR_SQLITE_ERROR", message: "database disk image is malformed" }, "STORE_DAMAGED"],
    [{ code: "ERR_SQLITE_ERROR", message: "near: syntax error" }, "STORE_FAILED"],
    [{ code: "ENOSPC" }, "DISK_FULL"],
    [{ code: "EROFS" }, "HOME_NOT_WRITABLE"],
    [{ code: "EACCES" }, "HOME_NOT_WRITABLE"],
  ])("%j is %s", (fields, code) => {
    expect(translateStoreError(Object.assign(new Error("seen"), fields), "/x")).toMatchObject({ code, where: "/x" });
  });
});

// Starting a process is slow on a busy machine, so these may take long.
describe("several processes", { timeout: 180_000 }, () => {
  const ALERTS = 700;
  const everything = new Set([...generateAlertLines(ALERTS)].map((line) => newAlert(line).alert.id)).size;

  function ingest(first: number, batch: number): ChildProcess {
    const program = join(import.meta.dirname, "ingest-program.ts");
    const child = spawn(
      process.execPath,
      ["--import", "tsx", program, folder, String(first), String(ALERTS), String(batch)],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    running.push(child);
    return child;
  }

  test("write overlapping alerts at once and every alert is there once", async () => {
    const codes = await Promise.all(
      [ingest(0, 50), ingest(0, 70), ingest(400, 30)].map((child) => once(child, "exit")),
    );
    expect(codes.map(([code]) => code)).toEqual([0, 0, 0]);
    const store = await openStore();
    expect((await store.status()).alerts).toBe(everything);
    expect(new Set(await readIds(store)).size).toBe(everything);
  });

  test.each([1, 4, 9])(
    "killed after batch %i, the rest is read again and nothing is missing or double",
    async (batches) => {
      const child = ingest(0, 60);
      let told = "";
      for await (const chunk of child.stdout ?? []) {
        told += String(chunk);
        if (told.split("\n").length > batches) break;
      }
      child.kill("SIGKILL");
      const store = await openStore();
      const stored = (await store.status()).alerts;
      const state = Number(await store.readCheckpoint("program:0"));
      expect(state).toBeGreaterThanOrEqual(batches * 60);
      expect(stored).toBeGreaterThanOrEqual(state);
      expect((await once(ingest(state, 60), "exit"))[0]).toBe(0);
      expect((await store.status()).alerts).toBe(everything);
      expect(new Set(await readIds(store)).size).toBe(everything);
    },
  );
});

async function readIds(store: AlertStore): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.search({}, { limit: 500, order: "oldest", ...(cursor === undefined ? {} : { cursor }) });
    ids.push(...page.alerts.map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return ids;
}
