import { isIPv6 } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatAddress, parseIpv4, parseIpv6, samePrefix } from "../../src/condition/parse-address.ts";

test.each(["1.2.3.4", "255.255.255.255", "0.0.0.0"])("%s is read and written", (text) => {
  expect(formatAddress(parseIpv4(text) ?? new Uint8Array())).toBe(text);
});

test.each(["", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "1.2.3.4 ", "a.b.c.d"])(
  "%j is no IPv4 address",
  (text) => {
    expect(parseIpv4(text)).toBeUndefined();
  },
);

test.each([
  ["::", "::"],
  ["::1", "::1"],
  ["1::", "1::"],
  ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
  ["::ffff:1.2.3.4", "::ffff:1.2.3.4"],
  ["::1.2.3.4", "::1.2.3.4"],
  ["FE80::A", "fe80::a"],
] as const)("%s is written as %s", (text, written) => {
  expect(formatAddress(parseIpv6(text) ?? new Uint8Array())).toBe(written);
});

test.each(["", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "::1%eth0", "1.2.3.4::", "::g"])(
  "%j is no IPv6 address",
  (text) => {
    expect(parseIpv6(text)).toBeUndefined();
  },
);

test("every address is written so that it is read back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const text = formatAddress(bytes) ?? "";
      expect(isIPv6(text)).toBe(true);
      expect(parseIpv6(text)).toEqual(bytes);
    }),
  );
});

test.each([
  ["10.0.0.1", "10.255.0.1", 8, true],
  ["10.0.0.1", "11.0.0.1", 8, false],
  ["10.0.0.1", "10.0.0.2", 31, false],
  ["10.0.0.2", "10.0.0.3", 31, true],
  ["1.2.3.4", "9.9.9.9", 0, true],
] as const)("%s and %s share %i bits: %s", (left, right, prefix, expected) => {
  expect(samePrefix(parseIpv4(left)!, parseIpv4(right)!, prefix)).toBe(expected);
});
