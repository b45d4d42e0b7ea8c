import { expect, test } from "vitest";
import { sniffFormat } from "../../src/ingest/sniff-format.ts";
import { alertLine } from "./fixtures.ts";

test.each([
  { head: `${alertLine(1)}\n`, format: "lines" },
  { head: "", format: "lines" },
  { head: "Falco version: 0.44\n{\n", format: "lines" },
  { head: '{"hostname":"vm","output":"cut by ro\n{"hostname"', format: "lines" },
  { head: "[2026-11-22] a log line\n", format: "lines" },
  { head: '\n \n{\n  "hostname": "vm"\n}', format: "json" },
  { head: '{ \r\n  "hostname": "vm"\r\n}', format: "json" },
  { head: '[{"hostname":"vm"}]', format: "json" },
  { head: "[\n  {\n", format: "json" },
  { head: "[]\n", format: "json" },
  { head: "\ufeff[\n{", format: "json" },
] as const)("$head is read as $format", ({ head, format }) => {
  expect(sniffFormat("a.json", Buffer.from(head))).toBe(format);
});

test.each([
  { head: [0xff, 0xfe, 0x7b, 0x00], code: "INGEST_UTF16", why: "UTF-16 with a mark" },
  { head: [0xfe, 0xff, 0x00, 0x7b], code: "INGEST_UTF16", why: "UTF-16 BE with a mark" },
  { head: [0x7b, 0x00, 0x22, 0x00], code: "INGEST_UTF16", why: "UTF-16 without a mark" },
  { head: [0x0a, 0x0d, 0x0d, 0x0a, 0x1c], code: "INGEST_BINARY_FILE", why: "a capture" },
  { head: [0x28, 0xb5, 0x2f, 0xfd], code: "INGEST_BINARY_FILE", why: "zstd" },
  { head: [0x50, 0x4b, 0x03, 0x04], code: "INGEST_BINARY_FILE", why: "zip" },
  { head: [0x7b, 0x22, 0x00, 0x01, 0x02], code: "INGEST_BINARY_FILE", why: "zero bytes" },
])("$why is refused with $code", ({ head, code }) => {
  expect(() => sniffFormat("a.bin", Buffer.from(head))).toThrow(expect.objectContaining({ code }));
});
