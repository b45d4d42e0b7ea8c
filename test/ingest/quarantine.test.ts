import { existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openQuarantine, type RejectedLine } from "../../src/ingest/quarantine.ts";
import { NOW_MS, nowMs, tempFolder } from "./fixtures.ts";

const line = (head: string | Buffer, number = 1): RejectedLine => ({
  source: "file:/var/log/falco.log",
  line: number,
  byteOffset: 17,
  reason: "not-json",
  detail: "no JSON",
  head: Buffer.from(head),
  lengthBytes: head.length,
  sha256: "ab",
});

const read = (path: string) =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((text) => JSON.parse(text) as Record<string, unknown>);

test("a rejected line is kept as one JSON line, and nothing is created before the first", async () => {
  const folder = join(tempFolder(), "home", "quarantine");
  const quarantine = openQuarantine({ folder, nowMs });
  expect(await quarantine.status()).toMatchObject({ kept: 0, dropped: 0, bytes: 0 });
  expect(existsSync(folder)).toBe(false);
  await quarantine.add([line('bad "text"\u202e\u001b[31m')]);
  expect(read(join(folder, "rejected.jsonl"))).toEqual([
    {
      source: "file:/var/log/falco.log",
      line: 1,
      byteOffset: 17,
      reason: "not-json",
      detail: "no JSON",
      lengthBytes: 16,
      sha256: "ab",
      receivedAt: new Date(NOW_MS).toISOString(),
      text: 'bad "text"\u202e\u001b[31m',
    },
  ]);
  expect(statSync(join(folder, "rejected.jsonl")).mode & 0o777).toBe(0o600);
  expect(await quarantine.status()).toMatchObject({ kept: 1, dropped: 0 });
});

test.each([
  { head: Buffer.from([0x7b, 0xff, 0xfe, 0x80, 0x20]), kept: "base64", why: "bytes that are no UTF-8" },
  { head: Buffer.from("a\0b"), kept: "base64", why: "a zero byte" },
  { head: Buffer.from(`${"x".repeat(4095)}é`), kept: "text", why: "a character cut at the limit" },
])("$why: kept as $kept", async ({ head, kept }) => {
  const folder = tempFolder();
  await openQuarantine({ folder, nowMs }).add([line(head)]);
  const [record] = read(join(folder, "rejected.jsonl"));
  expect(record).toHaveProperty(kept);
  const bytes = Buffer.from(String(record?.[kept]), kept === "base64" ? "base64" : "utf8");
  expect(bytes.subarray(0, 4095).equals(head.subarray(0, 4095))).toBe(true);
});

test("at its size the file is rotated once, and what goes is counted", async () => {
  const folder = tempFolder();
  const quarantine = openQuarantine({ folder, nowMs, maxFileBytes: 2000 });
  for (let number = 1; number <= 40; number += 1) await quarantine.add([line("x".repeat(100), number)]);
  const { kept, dropped, bytes } = await quarantine.status();
  expect(kept + dropped).toBe(40);
  expect(dropped).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(5000);
  expect(read(join(folder, "rejected.1.jsonl"))[0]?.line).toBe(dropped + 1);
});

test("one batch larger than the files keeps its end and counts the rest", async () => {
  const folder = tempFolder();
  const quarantine = openQuarantine({ folder, nowMs, maxFileBytes: 2000 });
  await quarantine.add(Array.from({ length: 100 }, (_, index) => line("x".repeat(100), index + 1)));
  const { kept, dropped } = await quarantine.status();
  expect(kept + dropped).toBe(100);
  expect(read(join(folder, "rejected.jsonl")).at(-1)?.line).toBe(100);
});

test("a lock that a dead process left is broken, a fresh one is respected", async () => {
  const folder = tempFolder();
  mkdirSync(folder, { recursive: true });
  const lock = join(folder, "rejected.lock");
  writeFileSync(lock, "");
  utimesSync(lock, NOW_MS / 1000, NOW_MS / 1000);
  const quarantine = openQuarantine({ folder, nowMs, maxFileBytes: 300 });
  await quarantine.add([line("x".repeat(300))]);
  expect(existsSync(join(folder, "rejected.1.jsonl"))).toBe(false);
  utimesSync(lock, NOW_MS / 1000 - 60, NOW_MS / 1000 - 60);
  await quarantine.add([line("y")]);
  await quarantine.add([line("z")]);
  expect(existsSync(join(folder, "rejected.1.jsonl"))).toBe(true);
  expect(await quarantine.status()).toMatchObject({ kept: 3, dropped: 0 });
});

test("a file in the folder's place says so", async () => {
  const folder = join(tempFolder(), "quarantine");
  writeFileSync(folder, "");
  await expect(openQuarantine({ folder, nowMs }).add([line("x")])).rejects.toMatchObject({
    code: "INGEST_QUARANTINE_UNUSABLE",
  });
});
