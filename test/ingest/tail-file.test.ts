import {
  appendFileSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test, vi } from "vitest";
import { accountedFor } from "../../src/ingest/ingest-counts.ts";
import { type Tail, tailFile } from "../../src/ingest/tail-file.ts";
import type { AlertStore } from "../../src/store/alert-store.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { alertLine, alertLines, nowMs, quarantineIn, tempFolder } from "./fixtures.ts";

const POLL_MS = 5;

function setUp() {
  const folder = tempFolder();
  const path = join(folder, "falco.log");
  const store = createMemoryStore();
  const quarantine = quarantineIn(join(folder, "home"));
  let clock = 0;
  let tail: Tail | undefined;
  const start = (changes: Partial<Parameters<typeof tailFile>[0]> = {}) => {
    tail = tailFile({ path, store, quarantine, nowMs: () => nowMs() + clock, pollMs: POLL_MS, ...changes });
    return tail;
  };
  onTestFinished(async () => {
    await tail?.close();
  });
  return {
    folder,
    path,
    store,
    quarantine,
    start,
    /** Lets the tail make some passes. */
    passes: () => new Promise((resolve) => setTimeout(resolve, POLL_MS * 8)),
    elapse: (ms: number) => {
      clock += ms;
    },
  };
}

type SetUp = ReturnType<typeof setUp>;

async function stored(store: AlertStore): Promise<number[]> {
  const { alerts } = await store.search({}, { limit: 1000, order: "oldest" });
  // A number more often than once would show as a repeat.
  return alerts.flatMap(({ fields, repeats }) => Array.from({ length: repeats }, () => Number(fields["user.uid"])));
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

async function holds(store: AlertStore, count: number): Promise<void> {
  await vi.waitFor(async () => expect(await stored(store)).toEqual(upTo(count)), {
    timeout: 10_000,
    interval: POLL_MS,
  });
}

interface Scenario {
  readonly name: string;
  /** Leads to exactly the alerts 0 … 29 in the log's history. */
  readonly act: (context: SetUp) => Promise<void> | void;
}

const scenarios: readonly Scenario[] = [
  {
    name: "plain append",
    async act({ path, start, store }) {
      writeFileSync(path, alertLines(0, 10));
      start();
      await holds(store, 10);
      appendFileSync(path, alertLines(10, 30));
    },
  },
  {
    name: "partial lines",
    async act({ path, start, passes }) {
      writeFileSync(path, "");
      start();
      const bytes = alertLines(0, 30);
      for (let at = 0; at < bytes.length; at += 1700) {
        appendFileSync(path, bytes.slice(at, at + 1700));
        if (at % 3 === 0) await passes();
      }
    },
  },
  {
    name: "a file that appears later, in a folder that appears later",
    async act({ folder, start, passes }) {
      const path = join(folder, "later", "falco.log");
      const tail = start({ path });
      await passes();
      expect(tail.stats().state).toBe("waiting");
      mkdirSync(join(folder, "later"));
      await passes();
      writeFileSync(path, alertLines(0, 30));
    },
  },
  {
    name: "rename and recreate",
    async act({ path, start, store }) {
      writeFileSync(path, alertLines(0, 10));
      start();
      await holds(store, 10);
      appendFileSync(path, alertLines(10, 20));
      renameSync(path, `${path}.1`);
      writeFileSync(path, alertLines(20, 30));
    },
  },
  {
    name: "several rotations between two polls",
    async act({ path, start, store }) {
      writeFileSync(path, alertLines(0, 5));
      start();
      await holds(store, 5);
      appendFileSync(path, alertLines(5, 10));
      renameSync(path, `${path}.2`);
      writeFileSync(`${path}.1`, alertLines(10, 20));
      writeFileSync(path, alertLines(20, 30));
    },
  },
  {
    name: "rename, and late writes through the old descriptor",
    async act({ path, start, store, passes }) {
      const old = openSync(path, "a");
      writeSync(old, alertLines(0, 10));
      start();
      await holds(store, 10);
      renameSync(path, `${path}.1`);
      writeFileSync(path, alertLines(10, 20));
      await passes();
      writeSync(old, alertLines(20, 30));
      closeSync(old);
    },
  },
  {
    name: "rename, and writes through the old descriptor long after the grace",
    async act({ path, start, store, passes, elapse }) {
      const old = openSync(path, "a");
      writeSync(old, alertLines(0, 10));
      start();
      await holds(store, 10);
      renameSync(path, `${path}.1`);
      writeFileSync(path, alertLines(10, 20));
      await holds(store, 20);
      elapse(60_000);
      await passes();
      writeSync(old, alertLines(20, 30));
      closeSync(old);
    },
  },
  {
    name: "copytruncate",
    async act({ path, start, store }) {
      writeFileSync(path, alertLines(0, 10));
      start();
      await holds(store, 10);
      appendFileSync(path, alertLines(10, 20));
      copyFileSync(path, `${path}.1`);
      truncateSync(path, 0);
      appendFileSync(path, alertLines(20, 30));
    },
  },
  {
    name: "copytruncate, already regrown past the old offset",
    async act({ path, start, store }) {
      writeFileSync(path, alertLines(0, 4));
      start();
      await holds(store, 4);
      appendFileSync(path, alertLines(4, 10));
      copyFileSync(path, `${path}.1`);
      truncateSync(path, 0);
      appendFileSync(path, alertLines(10, 30));
    },
  },
  {
    name: "copytruncate, regrown to exactly the old size",
    async act({ path, start, store, passes }) {
      writeFileSync(path, alertLines(10, 20));
      writeFileSync(`${path}.1`, "");
      start();
      await passes();
      copyFileSync(path, `${path}.1`);
      truncateSync(path, 0);
      appendFileSync(path, alertLines(20, 30));
      await passes();
      appendFileSync(path, alertLines(0, 10));
      await holds(store, 30);
    },
  },
  {
    name: "truncated in place without a copy",
    async act({ path, start, store }) {
      writeFileSync(path, alertLines(0, 15));
      start();
      await holds(store, 15);
      truncateSync(path, 0);
      appendFileSync(path, alertLines(15, 30));
    },
  },
  {
    name: "unlink and recreate",
    async act({ path, start, store }) {
      writeFileSync(path, alertLines(0, 15));
      start();
      await holds(store, 15);
      unlinkSync(path);
      writeFileSync(path, alertLines(15, 30));
    },
  },
  {
    name: "unlink and recreate while nobody follows (the inode may come back)",
    async act({ path, start, store }) {
      writeFileSync(path, alertLines(0, 15));
      const first = start();
      await holds(store, 15);
      await first.close();
      unlinkSync(path);
      writeFileSync(path, alertLines(15, 30));
      start();
    },
  },
  {
    name: "restart, appended meanwhile",
    async act({ path, start, store }) {
      writeFileSync(path, `${alertLines(0, 10)}${alertLine(10).slice(0, 50)}`);
      const first = start();
      await holds(store, 10);
      await first.close();
      appendFileSync(path, `${alertLine(10).slice(50)}\n${alertLines(11, 30)}`);
      start();
    },
  },
  {
    name: "restart, rotated meanwhile by rename, twice",
    async act({ path, start, store }) {
      writeFileSync(path, alertLines(0, 5));
      const first = start();
      await holds(store, 5);
      await first.close();
      appendFileSync(path, alertLines(5, 10));
      renameSync(path, `${path}.2`);
      writeFileSync(`${path}.1`, alertLines(10, 20));
      writeFileSync(path, alertLines(20, 30));
      start();
    },
  },
  {
    name: "restart, rotated meanwhile by copytruncate",
    async act({ path, start, store }) {
      writeFileSync(path, alertLines(0, 5));
      const first = start();
      await holds(store, 5);
      await first.close();
      appendFileSync(path, alertLines(5, 10));
      copyFileSync(path, `${path}-20261122`);
      truncateSync(path, 0);
      appendFileSync(path, alertLines(10, 30));
      start();
    },
  },
  {
    name: "restart between copy and truncate",
    async act({ path, start, store, passes }) {
      writeFileSync(path, alertLines(0, 5));
      const first = start();
      await holds(store, 5);
      await first.close();
      appendFileSync(path, alertLines(5, 10));
      copyFileSync(path, `${path}.1`);
      start();
      await passes();
      truncateSync(path, 0);
      appendFileSync(path, alertLines(10, 30));
    },
  },
];

test.each(scenarios)("$name: every line once", async ({ act }) => {
  const context = setUp();
  await act(context);
  await holds(context.store, 30);
  await context.passes();
  expect(await stored(context.store)).toEqual(upTo(30));
  expect(await context.quarantine.status()).toMatchObject({ kept: 0 });
});

test("rotated files that were there before the first start are left alone, and stay so after a restart", async () => {
  const { path, start, store, passes } = setUp();
  writeFileSync(`${path}.1`, alertLines(500, 510));
  writeFileSync(path, alertLines(0, 3));
  const first = start();
  await holds(store, 3);
  await first.close();
  renameSync(`${path}.1`, `${path}.2`);
  start();
  await passes();
  expect(await stored(store)).toEqual(upTo(3));
});

test("counts reconcile, faults go to the quarantine, rotation and rewriting are counted", async () => {
  const { path, quarantine, start, store, passes } = setUp();
  writeFileSync(path, `${alertLines(0, 3)}broken\n\n${alertLine(2)}\n${"x".repeat(3000)}\n`);
  const tail = start({ maxLineBytes: 2000 });
  await vi.waitFor(() => expect(tail.stats().lines).toBe(7));
  renameSync(path, `${path}.1`);
  writeFileSync(path, alertLines(3, 6));
  await vi.waitFor(() => expect(tail.stats().added).toBe(6));
  truncateSync(path, 0);
  await passes();
  const stats = await tail.close();
  expect(stats).toMatchObject({
    state: "closed",
    lines: 10,
    added: 6,
    known: 1,
    ignored: { blank: 1 },
    rejected: { "not-json": 1, oversize: 1 },
    rotations: 1,
    rewrites: 1,
  });
  expect(accountedFor(stats)).toBe(stats.lines);
  expect(await quarantine.status()).toMatchObject({ kept: 2 });
  expect((await store.search({}, { limit: 9, order: "oldest" })).alerts[2]?.repeats).toBe(2);
});

test("a repeat just after a restart is counted as one", async () => {
  const { path, start, store } = setUp();
  writeFileSync(path, `${alertLine(0)}\n`);
  const first = start();
  await holds(store, 1);
  await first.close();
  appendFileSync(path, `${alertLine(0)}\n`);
  start();
  await vi.waitFor(async () => expect(await stored(store)).toEqual([0, 0]));
});

test("a rotated file's last line without a line end is taken when the file is given up", async () => {
  const { path, start, store, passes, elapse } = setUp();
  writeFileSync(path, alertLines(0, 2).trimEnd());
  start();
  await holds(store, 1);
  renameSync(path, `${path}.1`);
  writeFileSync(path, "");
  await passes();
  elapse(60_000);
  await holds(store, 2);
});

test("content that was compressed away while nobody followed is told", async () => {
  const { path, start, store } = setUp();
  writeFileSync(path, alertLines(0, 5));
  const first = start();
  await holds(store, 5);
  await first.close();
  writeFileSync(`${path}.1.gz`, gzipSync(alertLines(0, 10)));
  unlinkSync(path);
  const second = start();
  await vi.waitFor(() => expect(second.stats().lastProblem).toMatchObject({ code: "INGEST_TAIL_GONE" }), {
    timeout: 5000,
  });
});

test("a store that fails is tried again, and nothing is lost or doubled", async () => {
  const { path, start, store } = setUp();
  let failing = true;
  const brittle: AlertStore = {
    ...store,
    add: (batch, checkpoint) => (failing ? Promise.reject(new Error("no")) : store.add(batch, checkpoint)),
  };
  writeFileSync(path, alertLines(0, 10));
  const tail = start({ store: brittle });
  await vi.waitFor(() => expect(tail.stats()).toMatchObject({ state: "failing", lastProblem: { code: "INTERNAL" } }));
  appendFileSync(path, alertLines(10, 20));
  failing = false;
  await holds(store, 20);
  expect(tail.stats().state).toBe("following");
  failing = true;
  appendFileSync(path, alertLines(20, 25));
  await vi.waitFor(() => expect(tail.stats().state).toBe("failing"));
  await tail.close();
  start();
  await holds(store, 25);
});

test("a FIFO in the log's place is told, and a file there later is read", async () => {
  const { path, start, store } = setUp();
  mkdirSync(path);
  const tail = start();
  await vi.waitFor(() => expect(tail.stats().lastProblem).toMatchObject({ code: "FILE_NOT_REGULAR" }));
  renameSync(path, `${path}-folder`);
  expect(existsSync(path)).toBe(false);
  writeFileSync(path, alertLines(0, 3));
  await holds(store, 3);
});

test("a signal ends it as close does", async () => {
  const { path, start, store } = setUp();
  writeFileSync(path, alertLines(0, 3));
  const stopping = new AbortController();
  const tail = start({ signal: stopping.signal });
  await holds(store, 3);
  stopping.abort();
  await vi.waitFor(() => expect(tail.stats().state).toBe("closed"));
});
