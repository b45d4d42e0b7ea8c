/** A version x.y.z as Falco compares them. */
export type Version = readonly [major: number, minor: number, patch: number];

/** The version a text begins with, as C's scanf reads it (blanks and signs before numbers, anything behind the third). */
export function parseVersion(text: string): Version | undefined {
  const match = /^\s*([+-]?\d+)\.\s*([+-]?\d+)\.\s*([+-]?\d+)/.exec(text);
  if (match === null) return undefined;
  const [major = 0, minor = 0, patch = 0] = match.slice(1).map(wrapped);
  return [major, minor, patch];
}

/** Numbers wrap at 32 bits, and those beyond 64 stop at the highest. */
function wrapped(digits: string): number {
  const value = BigInt(digits.replace("+", "").slice(0, 40));
  const limited = value > 0xffffffffffffffffn ? 0xffffffffffffffffn : value;
  return Number(BigInt.asUintN(32, limited));
}

export function formatVersion(version: Version): string {
  return version.join(".");
}

/** Negative, zero or positive as the first is lower, the same or higher. */
export function compareVersions(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/** Whether what is there can stand for what is asked: the same major version, and not older. */
export function satisfies(present: Version, asked: Version): boolean {
  return present[0] === asked[0] && compareVersions(present, asked) >= 0;
}
