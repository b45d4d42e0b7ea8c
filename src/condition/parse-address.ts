/** Addresses and networks as C's inet_pton and libs read them (userspace/libsinsp/tuples.cpp, value_parser.cpp @48dfd53c). */

/** The four bytes of a dotted quad without leading zeros; undefined for anything else. */
export function parseIpv4(text: string): Uint8Array | undefined {
  const match = /^([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})$/.exec(text);
  if (match === null) return undefined;
  const parts = match.slice(1);
  const bytes = parts.map(Number);
  const valid = parts.every((part, index) => (bytes[index] ?? 256) <= 255 && (part === "0" || !part.startsWith("0")));
  return valid ? Uint8Array.from(bytes) : undefined;
}

/** The sixteen bytes of an IPv6 address, with `::` and a dotted quad at the end allowed; undefined for anything else. */
export function parseIpv6(text: string): Uint8Array | undefined {
  if (text.length > 45 || !/^[0-9a-fA-F:.]+$/.test(text)) return undefined;
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? "", true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

function parseGroups(text: string, mayEndInQuad: boolean): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 255);
      continue;
    }
    const quad = mayEndInQuad && index === groups.length - 1 ? parseIpv4(group) : undefined;
    if (quad === undefined) return undefined;
    bytes.push(...quad);
  }
  return bytes;
}

/** The address as C's inet_ntop writes it: the longest run of zero groups as `::`, mapped IPv4 addresses dotted. */
export function formatAddress(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) return undefined;
  const groups = Array.from({ length: 8 }, (_, index) => ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0));
  const run = longestZeroRun(groups);
  const mapped = run.start === 0 && (run.length === 6 || (run.length === 5 && groups[5] === 0xffff));
  const shown = groups.map((group) => group.toString(16));
  if (mapped) shown.splice(6, 2, bytes.subarray(12).join("."));
  if (run.length < 2) return shown.join(":");
  return `${shown.slice(0, run.start).join(":")}::${shown.slice(run.start + run.length).join(":")}`;
}

function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: -1, length: 0 };
  let start = 0;
  for (let index = 0; index <= groups.length; index += 1) {
    if (groups[index] === 0) continue;
    if (index - start > best.length) best = { start, length: index - start };
    start = index + 1;
  }
  return best;
}

/** True when the first `prefix` bits of two addresses of the same family agree. */
export function samePrefix(left: Uint8Array, right: Uint8Array, prefix: number): boolean {
  if (left.length !== right.length) return false;
  const whole = prefix >> 3;
  for (let index = 0; index < whole; index += 1) if (left[index] !== right[index]) return false;
  const rest = prefix & 7;
  return rest === 0 || ((left[whole] ?? 0) ^ (right[whole] ?? 0)) >> (8 - rest) === 0;
}
