import { spawn } from "node:child_process";
import { PassThrough, Readable } from "node:stream";
import { expect, test, vi } from "vitest";
import { accountedFor } from "../../src/ingest/ingest-counts.ts";
import { ingestStream } from "../../src/ingest/read-stream.ts";
import { createMemoryStore } from "../../src/store/memory-store.ts";
import { alertLine, alertLines, nowMs, quarantineIn, tempFolder } from "./fixtures.ts";

function streamer() {
  const store = createMemoryStore();
  return { store, request: { store, quarantine: quarantineIn(tempFolder()), nowMs } };
}

test("a program's output is stored up to its end, statistics counted apart", async () => {
  const { store, request } = streamer();
  const program = `
    const alert = JSON.parse(process.argv[1]);
    for (let n = 0; n < 3000; n += 1) {
      console.log(JSON.stringify({ ...alert, time: "2026-11-22T01:00:00." + String(n).padStart(9, "0") + "Z" }));
    }
    console.log("Events detected: 3000\\nRule counts by severity:\\n   WARNING: 3000");
    process.stdout.write(process.argv[1]);
  `;
  const child = spawn(process.execPath, ["-e", program, alertLine(1)], { stdio: ["ignore", "pipe", "inherit"] });
  const { counts, ended } = await ingestStream(child.stdout, request);
  expect(ended).toBe("end of input");
  expect(counts).toMatchObject({ lines: 3004, added: 3001, known: 0, ignored: { statistics: 3 }, rejected: {} });
  expect(accountedFor(counts)).toBe(counts.lines);
  expect((await store.status()).alerts).toBe(3001);
});

test("what came is stored while the stream stays open and silent", async () => {
  const { store, request } = streamer();
  const stream = new PassThrough();
  const ending = ingestStream(stream, { ...request, flushMs: 5 });
  stream.write(`${alertLines(0, 3)}{"cut`);
  await vi.waitFor(async () => expect((await store.status()).alerts).toBe(3));
  stream.write(alertLines(3, 5).slice(0, 50));
  stream.end();
  expect((await ending).counts).toMatchObject({ lines: 4, added: 3, rejected: { "not-json": 1 } });
});

test("a full batch does not wait for the clock", async () => {
  const { store, request } = streamer();
  const stream = new PassThrough();
  const ending = ingestStream(stream, { ...request, flushMs: 3_600_000, batchLines: 10 });
  stream.write(alertLines(0, 12));
  await vi.waitFor(async () => expect((await store.status()).alerts).toBe(12));
  stream.end();
  await ending;
});

test("repeats within a stream count, a stream sent again adds nothing", async () => {
  const { store, request } = streamer();
  const text = `${alertLine(1)}\n${alertLine(1)}\n`;
  await ingestStream(Readable.from([text]), request);
  const { counts } = await ingestStream(Readable.from([text]), request);
  expect(counts).toMatchObject({ added: 0, known: 2 });
  expect((await store.search({}, { limit: 1, order: "newest" })).alerts[0]?.repeats).toBe(2);
});

test("cancelling stores what was read", async () => {
  const { store, request } = streamer();
  const stopping = new AbortController();
  const stream = new PassThrough();
  const ending = ingestStream(stream, { ...request, flushMs: 3_600_000, signal: stopping.signal });
  stream.write(alertLines(0, 3));
  await new Promise((resolve) => setImmediate(resolve));
  stopping.abort();
  expect(await ending).toMatchObject({ ended: "cancelled", counts: { added: 3 } });
  expect((await store.status()).alerts).toBe(3);
});

test("a store that fails ends the reading with its error, even of a silent stream", async () => {
  const { store, request } = streamer();
  await store.close();
  const stream = new PassThrough();
  const ending = ingestStream(stream, { ...request, flushMs: 1 });
  stream.write(alertLines(0, 1));
  await expect(ending).rejects.toMatchObject({ name: "FalcoSkillsError" });
  expect(stream.destroyed).toBe(true);
});

test("a stream that breaks fails with its own error after what came is stored", async () => {
  const { store, request } = streamer();
  const stream = new PassThrough();
  const ending = ingestStream(stream, request);
  stream.write(alertLines(0, 2));
  await new Promise((resolve) => setImmediate(resolve));
  stream.destroy(new Error("pipe broke"));
  await expect(ending).rejects.toThrow("pipe broke");
  expect((await store.status()).alerts).toBe(2);
});
