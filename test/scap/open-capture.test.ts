import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openCapture } from "../../src/scap/open-capture.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "falco-skills-scap-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Half-bytes without a pattern: they pack to about half, so that a cut of the file is a cut somewhere in them. */
const content = Buffer.alloc(300_000);
for (let i = 0, x = 1; i < content.length; i++) {
  x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
  content[i] = x >>> 28;
}
const packed = gzipSync(content);

async function unpacked(file: Buffer): Promise<{ bytes: Buffer; code?: string }> {
  const path = join(folder, "capture.scap");
  writeFileSync(path, file);
  const parts: Buffer[] = [];
  try {
    for await (const part of (await openCapture(path)).bytes) parts.push(part);
  } catch (thrown) {
    return { bytes: Buffer.concat(parts), code: (thrown as { code: string }).code };
  }
  return { bytes: Buffer.concat(parts) };
}

test.each([
  { what: "packed", file: packed },
  { what: "plain", file: content },
  {
    what: "in two packed parts",
    file: Buffer.concat([gzipSync(content.subarray(0, 99)), gzipSync(content.subarray(99))]),
  },
])("a $what capture gives all its bytes", async ({ file }) => {
  const { bytes, code } = await unpacked(file);
  expect(code).toBeUndefined();
  expect(bytes.equals(content)).toBe(true);
});

test("a cut packed capture gives every byte before the cut, then CAPTURE_TRUNCATED", async () => {
  for (const share of [0.1, 0.5, 0.9]) {
    const { bytes, code } = await unpacked(packed.subarray(0, Math.floor(packed.length * share)));
    expect(code).toBe("CAPTURE_TRUNCATED");
    expect(bytes.equals(content.subarray(0, bytes.length))).toBe(true);
    expect(bytes.length).toBeGreaterThan(content.length * share * 0.9);
  }
});

test("a packed capture without its last bytes gives everything, then CAPTURE_TRUNCATED", async () => {
  const { bytes, code } = await unpacked(packed.subarray(0, -1));
  expect(code).toBe("CAPTURE_TRUNCATED");
  expect(bytes.equals(content)).toBe(true);
});

test("damaged packed data gives what comes before the damage, then CAPTURE_DAMAGED", async () => {
  const damaged = Buffer.from(packed);
  const middle = Math.floor(packed.length / 2);
  damaged.fill(0xff, middle, middle + 200);
  const { bytes, code } = await unpacked(damaged);
  expect(code).toBe("CAPTURE_DAMAGED");
  expect(bytes.subarray(0, 140_000).equals(content.subarray(0, 140_000))).toBe(true);
});

test.each([
  { what: "no file", path: () => join(folder, "none.scap"), code: "FILE_NOT_FOUND" },
  { what: "a folder", path: () => folder, code: "FILE_NOT_REGULAR" },
])("$what: $code", async ({ path, code }) => {
  await expect(openCapture(path())).rejects.toMatchObject({ code, where: path() });
});
