import fc from "fast-check";
import { expect, test } from "vitest";
import { parseInteger } from "../../src/fields/parse-number.ts";

test.each([
  ["5", true, 32, 5n],
  ["  +5", true, 32, 5n],
  ["\v-5", true, 64, -5n],
  ["-1", false, 32, 4294967295n],
  ["-1", false, 64, 18446744073709551615n],
  ["4294967296", false, 32, 0n],
  ["4294967295", true, 32, -1n],
  ["300", false, 8, 44n],
  ["200", true, 8, -56n],
  ["18446744073709551616", false, 64, 18446744073709551615n],
  ["9223372036854775808", true, 64, 9223372036854775807n],
  ["-9223372036854775809", true, 64, -9223372036854775808n],
  ["000000000000000000000000000007", false, 64, 7n],
  ["", true, 32, undefined],
  ["5 ", true, 32, undefined],
  ["0x5", true, 32, undefined],
  ["5.0", true, 32, undefined],
  ["--5", true, 32, undefined],
] as const)("%j as signed=%s with %i bits is %s", (text, signed, bits, number) => {
  expect(parseInteger(text, signed, bits)).toBe(number);
});

test("every number in range reads as itself", () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      (number) => parseInteger(`${number}`, true, 64) === number,
    ),
  );
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      (number) => parseInteger(`${number}`, false, 64) === number,
    ),
  );
});
