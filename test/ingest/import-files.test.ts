import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { type ImportLimits, importAlerts } from "../../src/ingest/import-files.ts";
import { accountedFor } from "../../src/ingest/ingest-counts.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { alertLine, alertLines, nowMs, quarantineIn, tempFolder } from "./fixtures.ts";

function importer(folder = tempFolder()) {
  const store = createMemoryStore();
  const quarantine = quarantineIn(join(folder, "home"));
  const run = (paths: readonly string[], limits: Partial<ImportLimits> = {}) =>
    importAlerts({ paths, store, quarantine, nowMs, limits });
  return { folder, store, quarantine, run };
}

const pretty = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => JSON.stringify(JSON.parse(alertLine(from + index)), undefined, 2));

test.each([
  { why: "plain lines", bytes: alertLines(0, 3), counts: { lines: 3, added: 3 } },
  { why: "no line end at the end", bytes: alertLines(0, 3).trimEnd(), counts: { lines: 3, added: 3 } },
  {
    why: "CRLF and a mark",
    bytes: `\ufeff${alertLines(0, 3).replaceAll("\n", "\r\n")}`,
    counts: { lines: 3, added: 3 },
  },
  { why: "gzip", bytes: gzipSync(alertLines(0, 3)), counts: { lines: 3, added: 3 } },
  {
    why: "gzip of two members, cut inside a line",
    bytes: Buffer.concat([
      gzipSync(alertLines(0, 2).slice(0, -100)),
      gzipSync(alertLines(0, 3).slice(-100 - alertLine(2).length - 1)),
    ]),
    counts: { lines: 3, added: 3 },
  },
  { why: "jq output", bytes: pretty(0, 3).join("\n"), counts: { lines: 3, added: 3 } },
  { why: "an array", bytes: `[${pretty(0, 3).join(",\n")}]`, counts: { lines: 3, added: 3 } },
  { why: "a gzipped array", bytes: gzipSync(`[${pretty(0, 3).join(",\n")}]`), counts: { lines: 3, added: 3 } },
  {
    why: "real repeats",
    bytes: `${alertLine(1)}\n${alertLine(1)}\n${alertLine(2)}\n`,
    counts: { lines: 3, added: 2, known: 1 },
  },
  {
    why: "Falco's closing statistics and blank lines",
    bytes: `${alertLines(0, 1)}\nEvents detected: 1\nRule counts by severity:\n   WARNING: 1\nTriggered rules by rule name:\n   Shell in container: 1\n`,
    counts: { lines: 7, added: 1, ignored: { blank: 1, statistics: 5 } },
  },
  {
    why: "faulty lines between good ones",
    bytes: `${alertLine(0)}\n{"rule": "x"}\nnot json\n${"x".repeat(2000)}\n${alertLine(1)}\n`,
    counts: { lines: 5, added: 2, rejected: { "missing-key": 1, "not-json": 1, oversize: 1 } },
  },
  { why: "an empty file", bytes: "", counts: { lines: 0, added: 0 } },
])("$why", async ({ bytes, counts }) => {
  const { folder, run } = importer();
  const path = join(folder, "alerts");
  writeFileSync(path, bytes);
  const { totals, files } = await run([path], { maxLineBytes: 1500 });
  expect(totals).toMatchObject({ known: 0, ignored: {}, rejected: {}, ...counts });
  expect(accountedFor(totals)).toBe(totals.lines);
  expect(files).toEqual([expect.objectContaining({ path, counts: totals })]);
});

test("a second import adds nothing, and repeats keep their number", async () => {
  const { folder, store, run } = importer();
  const path = join(folder, "a.jsonl");
  writeFileSync(path, `${alertLine(1)}\n${alertLine(1)}\n${alertLines(2, 50)}`);
  writeFileSync(join(folder, "copy.jsonl.gz"), gzipSync(alertLines(1, 50)));
  await run([path]);
  const { totals } = await run([path, join(folder, "copy.jsonl.gz")]);
  expect(totals).toMatchObject({ lines: 99, added: 0, known: 99 });
  const { alerts } = await store.search({}, { limit: 100, order: "oldest" });
  expect(alerts.map(({ repeats }) => repeats)).toEqual([2, ...Array.from({ length: 48 }, () => 1)]);
});

test("what is rejected stands in the quarantine with its place", async () => {
  const { folder, quarantine, run } = importer();
  const path = join(folder, "a.jsonl");
  writeFileSync(path, `${alertLine(0)}\nnot json\n`);
  await run([path]);
  const status = await quarantine.status();
  expect(status).toMatchObject({ kept: 1, dropped: 0 });
  const records = execFileSync("cat", [status.path], { encoding: "utf8" });
  expect(JSON.parse(records)).toMatchObject({
    source: `file:${path}`,
    line: 2,
    byteOffset: alertLine(0).length + 1,
    reason: "not-json",
    text: "not json",
  });
});

test("a folder is all its files, sorted; links, FIFOs and sockets are passed over and told", async () => {
  const { folder, run } = importer();
  const logs = join(folder, "logs");
  mkdirSync(join(logs, "b"), { recursive: true });
  writeFileSync(join(logs, "c.jsonl"), alertLines(0, 1));
  writeFileSync(join(logs, "a.jsonl"), alertLines(1, 2));
  writeFileSync(join(logs, "b", "x.jsonl"), alertLines(2, 3));
  symlinkSync("/etc/passwd", join(logs, "link"));
  symlinkSync(logs, join(logs, "b", "loop"));
  execFileSync("mkfifo", [join(logs, "fifo")]);
  const server = createServer().listen(join(logs, "socket"));
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const { files, skipped, totals } = await run([logs]);
  expect(files.map(({ path }) => path)).toEqual(["a.jsonl", "b/x.jsonl", "c.jsonl"].map((name) => join(logs, name)));
  expect(skipped).toEqual([
    { path: join(logs, "b", "loop"), reason: "a symbolic link" },
    { path: join(logs, "fifo"), reason: "a FIFO" },
    { path: join(logs, "link"), reason: "a symbolic link" },
    { path: join(logs, "socket"), reason: "a socket" },
  ]);
  expect(totals.added).toBe(3);
});

test.each([
  { name: "none", code: "FILE_NOT_FOUND", make: () => undefined },
  { name: "fifo", code: "FILE_NOT_REGULAR", make: (path: string) => execFileSync("mkfifo", [path]) },
  { name: "link", code: "FILE_NOT_REGULAR", make: (path: string) => symlinkSync("/etc/hostname", path) },
  { name: "/dev/zero", code: "FILE_NOT_REGULAR", make: () => undefined },
])(
  "a path that is no file ($name) fails the import with $code before anything is read",
  async ({ name, code, make }) => {
    const { folder, store, run } = importer();
    const good = join(folder, "good.jsonl");
    writeFileSync(good, alertLines(0, 1));
    const path = name.startsWith("/") ? name : join(folder, name);
    make(path);
    await expect(run([good, path])).rejects.toMatchObject({ code });
    expect((await store.status()).alerts).toBe(0);
  },
);

const cutGzip = () => {
  const packed = gzipSync(alertLines(0, 2000));
  return packed.subarray(0, packed.length - 300);
};

test.each([
  { why: "a cut gzip", bytes: cutGzip(), code: "INGEST_GZIP_DAMAGED", keeps: true },
  { why: "a capture", bytes: Buffer.from([0x0a, 0x0d, 0x0d, 0x0a, 0, 0]), code: "INGEST_BINARY_FILE", keeps: false },
  { why: "UTF-16", bytes: Buffer.from(`\ufeff${alertLines(0, 1)}`, "utf16le"), code: "INGEST_UTF16", keeps: false },
  { why: "a gzip of a gzip", bytes: gzipSync(gzipSync("{}")), code: "INGEST_BINARY_FILE", keeps: false },
  { why: "a file over the limit", bytes: alertLines(0, 4000), code: "FILE_TOO_LARGE", keeps: false },
  {
    why: "a gzip that unpacks over the limit",
    bytes: gzipSync(alertLines(0, 4000)),
    code: "FILE_TOO_LARGE",
    keeps: true,
  },
])("$why is a fault of that file; the others are read", async ({ bytes, code, keeps }) => {
  const { folder, run } = importer();
  writeFileSync(join(folder, "1-faulty"), bytes);
  writeFileSync(join(folder, "2-good"), alertLines(9000, 9010));
  const { files, totals } = await run([join(folder, "1-faulty"), join(folder, "2-good")], {
    maxFileBytes: 1_000_000,
    maxUnpackedBytes: 1_000_000,
  });
  expect(files[0]?.fault).toMatchObject({ code, fix: expect.stringMatching(/^[A-Z].*\.$/) });
  expect(files[1]).not.toHaveProperty("fault");
  expect(files[1]?.counts.added).toBe(10);
  if (keeps) expect(files[0]?.counts.added).toBeGreaterThan(1500);
  else expect(files[0]?.counts.lines).toBe(0);
  expect(accountedFor(totals)).toBe(totals.lines);
});

test("a file that grows while it is read ends where it ended at the beginning", async () => {
  const { folder, store, quarantine } = importer();
  const path = join(folder, "grows.jsonl");
  writeFileSync(path, alertLines(0, 5000));
  const { totals } = await importAlerts({
    paths: [path],
    store,
    quarantine,
    nowMs,
    limits: { batchLines: 100 },
    onProgress: () => appendFileSync(path, alertLines(10_000, 11_000)),
  });
  expect(totals.added).toBe(5000);
});

test("a file that shrinks while it is read ends early without harm", async () => {
  const { folder, store, quarantine } = importer();
  const path = join(folder, "shrinks.jsonl");
  writeFileSync(path, alertLines(0, 5000));
  const { totals } = await importAlerts({
    paths: [path],
    store,
    quarantine,
    nowMs,
    limits: { batchLines: 100 },
    onProgress: () => truncateSync(path, 0),
  });
  expect(totals.added).toBeLessThan(5000);
  expect(accountedFor(totals)).toBe(totals.lines);
});

test("more files than the limit fail before anything is read", async () => {
  const { folder, store, run } = importer();
  for (const name of ["a", "b", "c"]) writeFileSync(join(folder, name), alertLines(0, 1));
  await expect(run([folder], { maxFiles: 2 })).rejects.toMatchObject({ code: "INGEST_TOO_MANY_FILES" });
  expect((await store.status()).alerts).toBe(0);
});

test("a cancelled import stops after a batch; importing again completes it", async () => {
  const { folder, store, quarantine, run } = importer();
  const path = join(folder, "a.jsonl");
  writeFileSync(path, alertLines(0, 5000));
  const stopping = new AbortController();
  const importing = importAlerts({
    paths: [path],
    store,
    quarantine,
    nowMs,
    limits: { batchLines: 100 },
    signal: stopping.signal,
    onProgress: () => stopping.abort(),
  });
  await expect(importing).rejects.toMatchObject({ code: "CANCELLED" });
  const before = (await store.status()).alerts;
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(5000);
  expect((await run([path])).totals).toMatchObject({ added: 5000 - before, known: before });
});

test("a store that fails ends the import with its error", async () => {
  const { folder, store, run } = importer();
  writeFileSync(join(folder, "a.jsonl"), alertLines(0, 5));
  await store.close();
  await expect(run([join(folder, "a.jsonl")])).rejects.toMatchObject({ code: expect.stringMatching(/^[A-Z_]+$/) });
});

test("progress grows to the totals", async () => {
  const { folder, store, quarantine } = importer();
  writeFileSync(join(folder, "a.jsonl"), alertLines(0, 3000));
  writeFileSync(join(folder, "b.jsonl"), alertLines(3000, 3010));
  const lines: number[] = [];
  await importAlerts({
    paths: [join(folder, "a.jsonl"), join(folder, "b.jsonl")],
    store,
    quarantine,
    nowMs,
    limits: { batchLines: 500 },
    onProgress: (progress) => lines.push(progress.lines),
  });
  expect(lines.length).toBeGreaterThan(3);
  expect(lines).toEqual([...lines].sort((a, b) => a - b));
  expect(lines.at(-1)).toBe(3010);
});
