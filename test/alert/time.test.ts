import fc from "fast-check";
import { expect, test } from "vitest";
import { formatTimeNs, parseTimeBound, parseTimeNs, trimTimeZeros } from "../../src/alert/time.ts";

const BASE = (BigInt(Date.UTC(2026, 10, 22, 2, 50, 12)) * 1_000_000_000n) / 1000n;

test.each([
  ["2026-11-22T02:50:12.888001804Z", BASE + 888_001_804n],
  ["2026-11-22T02:50:12.88Z", BASE + 880_000_000n],
  ["2026-11-22T02:50:12Z", BASE],
  ["2026-11-22t02:50:12z", BASE],
  ["2026-11-22 02:50:12Z", BASE],
  ["2026-11-22T02:50:12.000000000000Z", BASE],
  ["2026-11-22T04:50:12+02:00", BASE],
  ["2026-11-22T04:50:12.000000001+0200", BASE + 1n],
  ["2026-11-21T19:20:12-07:30", BASE],
  ["1969-12-31T23:59:59.999999999Z", -1n],
  ["2026-06-30T23:59:60Z", BigInt(Date.UTC(2026, 6, 1)) * 1_000_000n],
])("%s is %s ns", (text, ns) => {
  expect(parseTimeNs(text)).toBe(ns);
});

test.each([
  "",
  "now",
  "2026-11-22",
  "2026-11-22T02:50:12",
  "2026-02-30T00:00:00Z",
  "2026-13-01T00:00:00Z",
  "2026-00-01T00:00:00Z",
  "2026-11-22T24:00:00Z",
  "2026-11-22T02:60:00Z",
  "2026-11-22T02:50:61Z",
  "2026-11-22T02:50:12.1234567891Z",
  "2026-11-22T02:50:12.Z",
  "2026-11-22T02:50:12+25:00",
  "0001-01-01T00:00:00Z",
  "9999-12-31T23:59:59Z",
  "2026-11-22T02:50:12Z\n",
  " 2026-11-22T02:50:12Z",
  "２０２６-11-22T02:50:12Z",
])("%j is no time", (text) => {
  expect(parseTimeNs(text)).toBeUndefined();
});

test("what is printed reads back as the same time, with and without its zeros", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -9_223_372_036_854_775_807n, max: 9_223_372_036_854_775_807n }), (ns) => {
      const text = formatTimeNs(ns);
      expect(text).toMatch(/\.\d{9}Z$/);
      expect(parseTimeNs(text)).toBe(ns);
      expect(parseTimeNs(trimTimeZeros(text))).toBe(ns);
    }),
  );
});

test.each([
  ["2026-11-22T02:50:12.120000000Z", "2026-11-22T02:50:12.12Z"],
  ["2026-11-22T02:50:10.000000000Z", "2026-11-22T02:50:10Z"],
  ["2026-11-22T02:50:12.000000001Z", "2026-11-22T02:50:12.000000001Z"],
  ["2026-11-22T02:50:10Z", "2026-11-22T02:50:10Z"],
])("%s without its zeros is %s", (text, trimmed) => {
  expect(trimTimeZeros(text)).toBe(trimmed);
});

const NOW = BASE;
test.each([
  ["now", NOW],
  ["NOW", NOW],
  ["-15m", NOW - 900n * 1_000_000_000n],
  ["15m", NOW - 900n * 1_000_000_000n],
  ["2h ago", NOW - 7200n * 1_000_000_000n],
  ["+1d", NOW + 86_400n * 1_000_000_000n],
  ["-7d", NOW - 604_800n * 1_000_000_000n],
  ["1w", NOW - 604_800n * 1_000_000_000n],
  ["-500ms", NOW - 500_000_000n],
  [" -1s ", NOW - 1_000_000_000n],
  ["1795315812", BASE],
  ["1795315812.888001804", BASE + 888_001_804n],
  ["0", 0n],
  ["2026-11-22", BigInt(Date.UTC(2026, 10, 22)) * 1_000_000n],
  ["2026-11-22T02:50:12.888001804Z", BASE + 888_001_804n],
])("bound %j", (text, ns) => {
  expect(parseTimeBound(text, NOW)).toBe(ns);
});

test.each([
  "",
  "yesterday",
  "-",
  "-15",
  "15 fortnights",
  "-99999999999d",
  "999999999w",
  "1965-01-01",
  "2300-01-01",
  "1e9",
  "0x10",
])("bound %j is refused", (text) => {
  expect(() => parseTimeBound(text, NOW)).toThrow(
    expect.objectContaining({ code: "INVALID_TIME", message: `${JSON.stringify(text)} is no time` }),
  );
});
