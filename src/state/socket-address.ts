/** Address families as events carry them (Linux numbers on every machine). */
export const Family = { UNIX: 1, INET: 2, INET6: 10, NETLINK: 16, PACKET: 17 } as const;

/** Transport protocols of a socket (libs `scap_l4_proto`). */
export const L4 = { UNKNOWN: 0, NONE: 1, TCP: 2, UDP: 3, ICMP: 4, RAW: 5 } as const;

/** Where the parts of a connection's two ends stand: in events (a family byte first) and in a descriptor's state. */
export interface TupleLayout {
  readonly width: 4 | 16;
  readonly sourceIp: number;
  readonly sourcePort: number;
  readonly destinationIp: number;
  readonly destinationPort: number;
}

export const EVENT_TUPLE_V4: TupleLayout = {
  width: 4,
  sourceIp: 1,
  sourcePort: 5,
  destinationIp: 7,
  destinationPort: 11,
};
export const EVENT_TUPLE_V6: TupleLayout = {
  width: 16,
  sourceIp: 1,
  sourcePort: 17,
  destinationIp: 19,
  destinationPort: 35,
};

/** True for bytes that hold a whole socket address of their family: family, address, port; or family and path. */
export function isWholeAddress(bytes: Buffer, at: number, length: number): boolean {
  return length > 0 && length >= ({ 2: 7, 10: 19, 1: 2 }[bytes[at] ?? 0] ?? 1) && endsAsText(bytes, at, length);
}

/** The same for both ends of a connection. */
export function isWholeTuple(bytes: Buffer, at: number, length: number): boolean {
  return length > 0 && length >= ({ 2: 13, 10: 37, 1: 18 }[bytes[at] ?? 0] ?? 1) && endsAsText(bytes, at, length);
}

function endsAsText(bytes: Buffer, at: number, length: number): boolean {
  return bytes[at] !== Family.UNIX || bytes[at + length - 1] === 0;
}

/** `127.0.0.1` or `fe80::1` of 4 or 16 bytes at a place. */
export function addressText(bytes: Uint8Array, at: number, width: 4 | 16): string {
  if (width === 4) return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
  const words = Array.from({ length: 8 }, (_, i) => ((bytes[at + 2 * i] ?? 0) << 8) | (bytes[at + 2 * i + 1] ?? 0));
  const gap = longestZeros(words);
  const isMapped = gap.start === 0 && (gap.length === 6 || (gap.length === 5 && words[5] === 0xffff));
  const parts = words.map((word) => word.toString(16));
  if (isMapped) parts.splice(6, 2, addressText(bytes, at + 12, 4));
  if (gap.length < 2) return parts.join(":");
  return `${parts.slice(0, gap.start).join(":")}::${parts.slice(gap.start + gap.length).join(":")}`;
}

/** The first of the longest stretches of zero words: what `::` stands for. */
function longestZeros(words: readonly number[]): { start: number; length: number } {
  let best = { start: -1, length: 0 };
  for (let i = 0; i < words.length; i++) {
    let length = 0;
    while (words[i + length] === 0) length += 1;
    if (length > best.length) best = { start: i, length };
  }
  return best;
}

/** True for an IPv4 address written as IPv6, and for the all-zero address, which stands for either. */
export function isMappedV4(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 10; i++) if (bytes[at + i] !== 0) return false;
  if (bytes[at + 10] === 0xff && bytes[at + 11] === 0xff) return true;
  for (let i = 10; i < 16; i++) if (bytes[at + i] !== 0) return false;
  return true;
}

/** `1.2.3.4:80->5.6.7.8:90` */
export function tupleText(bytes: Buffer, at: number, layout: TupleLayout): string {
  const { width, sourceIp, sourcePort, destinationIp, destinationPort } = layout;
  const source = `${addressText(bytes, at + sourceIp, width)}:${bytes.readUInt16LE(at + sourcePort)}`;
  const destination = `${addressText(bytes, at + destinationIp, width)}:${bytes.readUInt16LE(at + destinationPort)}`;
  return `${source}->${destination}`;
}

/** `ffff8880->ffff8881 /run/app.sock` of a unix tuple in an event. */
export function unixTupleText(bytes: Buffer, at: number, path: string): string {
  return `${hexU64(bytes, at + 1)}->${hexU64(bytes, at + 9)} ${path}`;
}

export function hexU64(bytes: Buffer, at: number): string {
  const high = bytes.readUInt32LE(at + 4);
  const low = bytes.readUInt32LE(at);
  return high === 0 ? low.toString(16) : high.toString(16) + low.toString(16).padStart(8, "0");
}
