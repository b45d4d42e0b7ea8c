const DIGITS = /^[ \t\n\v\f\r]*([+-]?)0*([0-9]+)$/;
const MAX_UNSIGNED = 2n ** 64n - 1n;

/**
 * The integer that a text stands for in a comparison with a field of `bits` bits, or undefined when it is no number.
 * Blanks before and a sign are allowed, nothing behind; what is too large wraps, as with C's sscanf: `-1` is the largest
 * unsigned value, and beyond 64 bits the value sticks at the limit before it is cut to size.
 * Source: libs userspace/libsinsp/utils.cpp sinsp_numparser @48dfd53c with glibc's conversions.
 */
export function parseInteger(text: string, signed: boolean, bits: 8 | 16 | 32 | 64): bigint | undefined {
  const match = DIGITS.exec(text);
  if (match === null) return undefined;
  const negative = match[1] === "-";
  const digits = match[2] ?? "";
  // Twenty digits hold every 64-bit value; longer ones need no exact reading.
  const magnitude = digits.length > 20 ? MAX_UNSIGNED + 1n : BigInt(digits);
  if (signed) {
    const limit = negative ? 2n ** 63n : 2n ** 63n - 1n;
    const clamped = magnitude > limit ? limit : magnitude;
    return BigInt.asIntN(bits, negative ? -clamped : clamped);
  }
  if (magnitude > MAX_UNSIGNED) return BigInt.asUintN(bits, MAX_UNSIGNED);
  return BigInt.asUintN(bits, negative ? -magnitude : magnitude);
}
