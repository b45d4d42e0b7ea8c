/** Builds captures byte by byte, so that a test says exactly what a file holds. */
export const u8 = (value: number) => Buffer.from([value]);
export const u16 = (value: number) => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};
export const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};
export const i64 = (value: number | bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return bytes;
};
export const text = (value: string) => Buffer.concat([u16(Buffer.byteLength(value)), Buffer.from(value)]);
export const cstring = (value: string) => Buffer.from(`${value}\0`);

/** A block with its length before and behind its body, which is padded to four bytes. */
export function block(type: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const padding = Buffer.alloc((4 - (body.length % 4)) % 4);
  const length = u32(body.length + padding.length + 12);
  return Buffer.concat([u32(type), length, body, padding, length]);
}

export const sectionHeader = (magic = 0x1a2b3c4d, major = 1) =>
  block(0x0a0d0d0a, u32(magic), u16(major), u16(2), i64(-1));

export const machine = () =>
  block(
    0x201,
    u32(4),
    i64(8_000_000_000),
    i64(4194304),
    Buffer.from("node".padEnd(128, "\0")),
    i64(1000),
    i64(0),
    i64(0),
    i64(0),
  );

export interface EventParts {
  readonly type: number;
  readonly params: readonly Buffer[];
  readonly tid?: number;
  readonly time?: bigint;
  readonly cpu?: number;
}

/** An event block of version 2 with or without flags, `large` with 32-bit lengths, or of version 1 without their number. */
export function event(
  { type, params, tid = 10, time = 5_000_000_000n, cpu = 0 }: EventParts,
  blockType = 0x216,
): Buffer {
  const large = blockType === 0x221 || blockType === 0x222;
  const hasFlags = [0x208, 0x217, 0x222].includes(blockType);
  const isV1 = [0x204, 0x208, 0x8010abcd].includes(blockType);
  const lengths = Buffer.concat(params.map(({ length }) => (large ? u32(length) : u16(length))));
  const body = Buffer.concat([lengths, ...params]);
  const header = isV1 ? 22 : 26;
  const head = [i64(time), i64(tid), u32(header + body.length), u16(type), ...(isV1 ? [] : [u32(params.length)])];
  return block(blockType, u16(cpu), ...(hasFlags ? [u32(0)] : []), ...head, body);
}

export interface ProcessParts {
  readonly tid: number;
  readonly pid?: number;
  readonly ptid?: number;
  readonly comm?: string;
  readonly exe?: string;
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  readonly cwd?: string;
  readonly cgroups?: readonly string[];
  readonly uid?: number;
}

const nulTexts = (values: readonly string[]) => {
  const bytes = Buffer.from(values.map((value) => `${value}\0`).join(""));
  return Buffer.concat([u16(bytes.length), bytes]);
};

/** One entry of a process list of a version, with the fields that version has. */
export function processEntry(version: number, parts: ProcessParts): Buffer {
  const {
    tid,
    pid = tid,
    ptid = 1,
    comm = "sh",
    exe = "/bin/sh",
    args = [],
    env = [],
    cwd = "/",
    cgroups = [],
  } = parts;
  const body = Buffer.concat([
    i64(tid),
    i64(pid),
    i64(ptid),
    ...(version >= 6 ? [i64(7)] : []),
    ...(version >= 8 ? [i64(8)] : []),
    text(comm),
    text(exe),
    ...(version >= 7 ? [text("/usr/bin/sh")] : []),
    nulTexts(args),
    text(cwd),
    i64(1024),
    u32(0),
    u32(parts.uid ?? 33),
    u32(34),
    ...(version >= 2 ? [u32(100), u32(50), u32(1), i64(2), i64(3)] : []),
    ...(version >= 3 ? [nulTexts(env)] : []),
    ...(version >= 4 ? [i64(tid), i64(pid), nulTexts(cgroups)] : []),
    ...(version >= 5 ? [text("/")] : []),
    ...(version >= 9
      ? [i64(123), u32(5), u32(1000), u8(1), i64(1), i64(2), i64(3), u8(0), i64(77), i64(88), i64(99)]
      : []),
    ...(version >= 9 ? [u8(1), u8(0), i64(tid)] : []),
  ]);
  return version >= 9 ? Buffer.concat([u32(body.length + 4), body]) : body;
}

/** Block type of a process list of each version. */
export const PROCESS_LISTS: Readonly<Record<number, number>> = {
  1: 0x202,
  2: 0x207,
  3: 0x209,
  4: 0x210,
  5: 0x211,
  6: 0x212,
  7: 0x213,
  8: 0x214,
  9: 0x215,
};

export const processList = (version: number, ...entries: ProcessParts[]) =>
  block(PROCESS_LISTS[version] ?? 0, ...entries.map((entry) => processEntry(version, entry)));

/**
 * Whole captures come in pieces; the smaller the pieces, the more blocks they cut. As with files, a piece is overwritten
 * when the next one is asked for.
 */
export async function* inPieces(bytes: Buffer, size = 7): AsyncGenerator<Buffer> {
  const piece = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) {
    yield piece.subarray(0, bytes.copy(piece, 0, at, at + size));
    piece.fill(0xff);
  }
}
