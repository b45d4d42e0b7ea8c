import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { gunzipChunks } from "../../src/ingest/read-gzip.ts";

async function* inChunks(bytes: Buffer, size = 10_000) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function unpack(packed: Buffer, limit = 1 << 30) {
  const parts: Buffer[] = [];
  let code = "";
  try {
    for await (const chunk of gunzipChunks("a.gz", inChunks(packed), limit)) parts.push(Buffer.from(chunk));
  } catch (error) {
    code = (error as { code: string }).code;
  }
  return { bytes: Buffer.concat(parts), code };
}

const noise = Buffer.from(randomBytes(150_000).toString("hex"));

test("members one after the other are one file", async () => {
  const packed = Buffer.concat([gzipSync("one\n"), gzipSync(noise), gzipSync("three\n")]);
  expect(await unpack(packed)).toEqual({
    bytes: Buffer.concat([Buffer.from("one\n"), noise, Buffer.from("three\n")]),
    code: "",
  });
});

test("a cut file gives everything before the cut, then the fault", async () => {
  const packed = gzipSync(noise);
  const whole = await unpack(packed.subarray(0, packed.length - 8));
  expect(whole.code).toBe("INGEST_GZIP_DAMAGED");
  expect(whole.bytes.equals(noise)).toBe(true);
  const half = await unpack(packed.subarray(0, packed.length / 2));
  expect(half.code).toBe("INGEST_GZIP_DAMAGED");
  expect(half.bytes.length).toBeGreaterThan(noise.length * 0.45);
  expect(noise.subarray(0, half.bytes.length).equals(half.bytes)).toBe(true);
});

test("a wrong checksum is told after all the bytes", async () => {
  const packed = Buffer.from(gzipSync(noise));
  packed.writeUInt32LE(0, packed.length - 8);
  const { bytes, code } = await unpack(packed);
  expect(code).toBe("INGEST_GZIP_DAMAGED");
  expect(bytes.equals(noise)).toBe(true);
});

test("a bomb stops near the limit", async () => {
  const packed = gzipSync(Buffer.alloc(100 * 1024 * 1024));
  const { bytes, code } = await unpack(packed, 1_000_000);
  expect(code).toBe("FILE_TOO_LARGE");
  expect(bytes.length).toBeLessThan(20 * 1024 * 1024);
});

test("a reader that leaves early leaves nothing running", async () => {
  for await (const chunk of gunzipChunks("a.gz", inChunks(gzipSync(noise)), 1 << 30)) {
    expect(chunk.length).toBeGreaterThan(0);
    break;
  }
});
