import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { exportCapture } from "../../../src/investigate/capture/export-capture.ts";
import { queryCapture } from "../../../src/investigate/capture/query-capture.ts";
import { splitBlocks } from "../../../src/investigate/capture/split-blocks.ts";

const CAPTURE = resolve(import.meta.dirname, "../../fixtures/captures/web-intrusion.scap");
const WHOLE = gunzipSync(readFileSync(CAPTURE));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "capture-export-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const life = async (path: string) => {
  const { rows } = await queryCapture(path, { question: "process", process: "20177", after: 0, limit: 500 });
  const withoutNumbers = (list: readonly object[] | undefined) =>
    list?.map((row) => ({ ...row, event: undefined, events: undefined }));
  return Object.fromEntries(Object.entries(rows).map(([name, list]) => [name, withoutNumbers(list)]));
};

test("the part tells the same of the chosen process as the whole", async () => {
  const part = await exportCapture(CAPTURE, { folder, process: "20177" });
  expect(await life(part.file.path)).toEqual(await life(CAPTURE));
  expect(part).toMatchObject({ events: 47, sourceEvents: 6818, isCut: false, sourceChanged: false });
  const again = await exportCapture(CAPTURE, { folder, process: "20177" });
  expect(again.file).toEqual(part.file);
  expect(statSync(part.file.path).mode & 0o777).toBe(0o600);
});

test("without filter the part is the unpacked capture, byte for byte", async () => {
  const part = await exportCapture(CAPTURE, { folder });
  expect(readFileSync(part.file.path).equals(WHOLE)).toBe(true);
  expect(part.file.sha256).toBe(createHash("sha256").update(WHOLE).digest("hex"));
});

test("a window holds its events and the beginnings before them", async () => {
  const fromNs = 1_795_315_752_933_000_000n;
  const toNs = fromNs + 1_000_000n;
  const part = await exportCapture(CAPTURE, { folder, fromNs, toNs });
  const window = { question: "events", after: 0, limit: 100_000, fromNs, toNs } as const;
  const seen = async (path: string) =>
    (await queryCapture(path, window)).rows.events?.map(({ event: _, ...row }) => row);
  expect(await seen(part.file.path)).toEqual(await seen(CAPTURE));
  const later = await queryCapture(part.file.path, { question: "events", after: 0, limit: 1, fromNs: toNs });
  expect(later.matched).toBe(0);
});

test("what does not fit is cut and said", async () => {
  const part = await exportCapture(CAPTURE, { folder, maxBytes: 200_000 });
  expect(part).toMatchObject({ isCut: true });
  expect(part.file.bytes).toBeLessThanOrEqual(200_000);
  expect(
    (await queryCapture(part.file.path, { question: "users", after: 0, limit: 1 })).coverage.fault,
  ).toBeUndefined();
});

test("a cut source gives everything before the cut", async () => {
  const cut = join(folder, "cut.scap");
  writeFileSync(cut, WHOLE.subarray(0, 220_000));
  const part = await exportCapture(cut, { folder, process: "20177" });
  expect(part).toMatchObject({ events: 47, fault: { code: "CAPTURE_TRUNCATED" } });
  const foreign = join(folder, "foreign.scap");
  writeFileSync(foreign, "no capture");
  await expect(exportCapture(foreign, { folder })).rejects.toMatchObject({ code: "CAPTURE_FOREIGN" });
});

test("nothing is left of an export that failed", async () => {
  const own = join(folder, "own");
  await expect(exportCapture(CAPTURE, { folder: own, process: "nobody" })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
  });
  await expect(exportCapture(CAPTURE, { folder: own, signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: "CANCELLED",
  });
  expect(readdirSync(own)).toEqual([]);
});

async function* pieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const size = sizes[i % sizes.length] ?? 1;
    const piece = Buffer.from(bytes.subarray(at, at + size));
    yield piece;
    // As with files: a piece is valid until the next one is asked for.
    piece.fill(0xff);
    at += size;
  }
}

test("however the bytes come, blocks come out whole, and together they are the bytes", async () => {
  const bytes = WHOLE.subarray(0, 40_000);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 5 }), async (sizes) => {
      const blocks: Buffer[] = [];
      for await (const block of splitBlocks(pieces(bytes, sizes))) blocks.push(Buffer.from(block));
      expect(Buffer.concat(blocks).equals(bytes)).toBe(true);
      for (const block of blocks.slice(0, -1)) expect(block.readUInt32LE(4)).toBe(block.length);
    }),
    { numRuns: 20 },
  );
});
