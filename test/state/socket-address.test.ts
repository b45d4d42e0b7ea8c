import { isIPv6 } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { addressText, Family, isMappedV4, isWholeAddress, isWholeTuple } from "../../src/state/socket-address.ts";

const v6 = (hex: string) => Buffer.from(hex.replaceAll(" ", ""), "hex");

test.each([
  ["00000000 00000000 00000000 00000001", "::1"],
  ["00000000 00000000 00000000 00000000", "::"],
  ["20010db8 00000000 00000000 00000053", "2001:db8::53"],
  ["20010db8 00000001 00000000 00000000", "2001:db8:0:1::"],
  ["fe800000 00000000 02000000 00000001", "fe80::200:0:0:1"],
  ["00010002 00030004 00050006 00070008", "1:2:3:4:5:6:7:8"],
  ["00010000 00030004 00050006 00070008", "1:0:3:4:5:6:7:8"],
  ["00000000 00000000 0000ffff 0a000001", "::ffff:10.0.0.1"],
])("%s reads %s", (hex, text) => {
  expect(addressText(v6(hex), 0, 16)).toBe(text);
});

test("IPv4 reads as four numbers", () => {
  expect(addressText(Buffer.from([9, 10, 20, 0, 255]), 1, 4)).toBe("10.20.0.255");
});

test("any sixteen bytes make an address that parses", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 }), (bytes) => {
      expect(isIPv6(addressText(Uint8Array.from(bytes), 0, 16))).toBe(true);
    }),
  );
});

test("an address written as IPv6 and the unspecified one count as IPv4", () => {
  expect(isMappedV4(v6("00000000 00000000 0000ffff 7f000001"), 0)).toBe(true);
  expect(isMappedV4(v6("00000000 00000000 00000000 00000000"), 0)).toBe(true);
  expect(isMappedV4(v6("00000000 00000000 00000000 00000001"), 0)).toBe(false);
});

test("addresses and tuples must hold all that their family needs", () => {
  const inet = Buffer.concat([Buffer.from([Family.INET]), Buffer.alloc(12)]);
  expect(isWholeAddress(inet, 0, 7)).toBe(true);
  expect(isWholeAddress(inet, 0, 6)).toBe(false);
  expect(isWholeTuple(inet, 0, 13)).toBe(true);
  expect(isWholeTuple(inet, 0, 12)).toBe(false);
  expect(isWholeAddress(inet, 0, 0)).toBe(false);
  const unix = Buffer.from([Family.UNIX, 0x2f, 0x61, 0]);
  expect(isWholeAddress(unix, 0, 4)).toBe(true);
  expect(isWholeAddress(unix, 0, 3)).toBe(false);
});
