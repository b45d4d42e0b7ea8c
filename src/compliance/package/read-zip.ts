import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { inflateRawSync } from "node:zlib";
import type { PackageSource } from "./package-source.ts";
import { COMMENT_BYTES, END_BYTES, MAX_ZIP_BYTES } from "./zip-folder.ts";

const CHUNK_BYTES = 1_048_576;
const MAX_FILES = 20_010;
const MAX_FILE_BYTES = 536_870_912;
const MAX_NAME_BYTES = 300;
const STORED = 0;
const DEFLATED = 8;
const NAME = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;

/** Why a zip is not looked into: the same words that verify.py gives. */
export type ZipFault = "zip-changed" | "zip-malformed" | "zip-too-large" | "zip-unsafe";

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly bytes: number;
  readonly at: number;
}

/**
 * The files of a package in a zip, or why it is none. Nothing is unpacked to a disk. First all of it is held against the
 * digest in its comment; names that lead elsewhere, two of one name, and files that unpack to more than they say are
 * refused before anything of them is used.
 */
export function readZip(path: string): PackageSource | ZipFault {
  const fd = openSync(path, "r");
  const refuse = (fault: ZipFault): ZipFault => {
    closeSync(fd);
    return fault;
  };
  try {
    const size = fstatSync(fd).size;
    if (size < END_BYTES + COMMENT_BYTES || digestBefore(fd, size) !== commentOf(fd, size))
      return refuse("zip-changed");
    if (size > MAX_ZIP_BYTES) return refuse("zip-too-large");
    const entries = readEntries(fd, size);
    if (typeof entries === "string") return refuse(entries);
    const found = new Map(entries.map((entry) => [entry.name, entry]));
    for (const entry of entries) if (contentOf(fd, entry) === undefined) return refuse("zip-malformed");
    return {
      files: new Set(found.keys()),
      odd: false,
      read(name) {
        const entry = found.get(name);
        return entry && contentOf(fd, entry);
      },
      close: () => closeSync(fd),
    };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function bytesAt(fd: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let filled = 0; filled < length; ) {
    const got = readSync(fd, bytes, filled, length - filled, at + filled);
    if (got === 0) return bytes.subarray(0, filled);
    filled += got;
  }
  return bytes;
}

function digestBefore(fd: number, size: number): string {
  const digest = createHash("sha256");
  const end = size - COMMENT_BYTES;
  for (let at = 0; at < end; at += CHUNK_BYTES) digest.update(bytesAt(fd, at, Math.min(CHUNK_BYTES, end - at)));
  return digest.digest("hex");
}

const commentOf = (fd: number, size: number): string =>
  bytesAt(fd, size - COMMENT_BYTES, COMMENT_BYTES).toString("latin1");

function readEntries(fd: number, size: number): readonly Entry[] | ZipFault {
  const endAt = size - END_BYTES - COMMENT_BYTES;
  const end = bytesAt(fd, endAt, END_BYTES);
  const [disks, count, all] = [end.readUInt32LE(4), end.readUInt16LE(8), end.readUInt16LE(10)];
  const [length, at, comment] = [end.readUInt32LE(12), end.readUInt32LE(16), end.readUInt16LE(20)];
  if (end.readUInt32LE(0) !== 0x06054b50 || disks !== 0 || count !== all || comment !== COMMENT_BYTES) {
    return "zip-malformed";
  }
  if (at + length !== endAt || length > MAX_FILES * (46 + MAX_NAME_BYTES)) return "zip-malformed";
  const directory = bytesAt(fd, at, length);
  const entries: Entry[] = [];
  for (let place = 0; place < directory.length; ) {
    if (directory.length - place < 46 || directory.readUInt32LE(place) !== 0x02014b50) return "zip-malformed";
    const nameEnd = place + 46 + directory.readUInt16LE(place + 28);
    const entry = {
      name: directory.toString("latin1", place + 46, nameEnd),
      method: directory.readUInt16LE(place + 10),
      crc: directory.readUInt32LE(place + 16),
      packed: directory.readUInt32LE(place + 20),
      bytes: directory.readUInt32LE(place + 24),
      at: directory.readUInt32LE(place + 42),
    };
    const isPlain = (directory.readUInt16LE(place + 8) & ~8) === 0 && directory.readUInt32LE(place + 30) === 0;
    if (!isPlain || (entry.method !== STORED && entry.method !== DEFLATED)) return "zip-malformed";
    entries.push(entry);
    place = nameEnd;
  }
  return entries.length === count ? judged(entries) : "zip-malformed";
}

function judged(entries: readonly Entry[]): readonly Entry[] | ZipFault {
  const names = new Set(entries.map(({ name }) => name.toLowerCase()));
  const unsafe = ({ name }: Entry) =>
    name.length > MAX_NAME_BYTES || !NAME.test(name) || name.split("/").some((part) => part === "." || part === "..");
  if (names.size !== entries.length || entries.some(unsafe)) return "zip-unsafe";
  const total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  const large = entries.length > MAX_FILES || total > MAX_ZIP_BYTES;
  return large || entries.some(({ bytes }) => bytes > MAX_FILE_BYTES) ? "zip-too-large" : entries;
}

/** The bytes of an entry; undefined when they are not what the directory says. */
function contentOf(fd: number, { name, method, packed, bytes, crc, at }: Entry): Buffer | undefined {
  const head = bytesAt(fd, at, 30 + name.length);
  const same = head.length === 30 + name.length && head.readUInt32LE(0) === 0x04034b50;
  if (!same || head.toString("latin1", 30) !== name) return undefined;
  const content = bytesAt(fd, at + head.length + head.readUInt16LE(28), packed);
  const unpacked = method === STORED ? content : inflate(content, bytes);
  return unpacked?.length === bytes && crc32(unpacked) === crc ? unpacked : undefined;
}

function inflate(content: Buffer, bytes: number): Buffer | undefined {
  try {
    return inflateRawSync(content, { maxOutputLength: Math.max(1, bytes) });
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code.startsWith("Z_") || code === "ERR_BUFFER_TOO_LARGE") return undefined;
    throw error;
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}
