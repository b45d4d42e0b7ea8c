import { createHash } from "node:crypto";
import { deflateRawSync } from "node:zlib";

/** A file of a zip, and what its entries say that is not so. */
export interface ZipPart {
  readonly name: string;
  readonly bytes: Buffer;
  readonly stored?: boolean;
  readonly says?: {
    readonly bytes?: number;
    readonly crc?: number;
    readonly localName?: string;
    readonly at?: number;
    readonly flags?: number;
    readonly method?: number;
    readonly packed?: Buffer;
  };
}

/** A zip (APPNOTE.TXT 4.3) with the digest of a package's zip as its comment, and any lie that a part tells. */
export function zipOf(parts: readonly ZipPart[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, bytes, stored = false, says = {} } of parts) {
    const packed = says.packed ?? (stored ? bytes : deflateRawSync(bytes));
    const facts = Buffer.alloc(22);
    facts.writeUInt16LE(says.flags ?? 0, 0);
    facts.writeUInt16LE(says.method ?? (stored ? 0 : 8), 2);
    facts.writeUInt16LE(0, 4);
    facts.writeUInt16LE(33, 6);
    facts.writeUInt32LE(says.crc ?? crc32Of(bytes), 8);
    facts.writeUInt32LE(packed.length, 12);
    facts.writeUInt32LE(says.bytes ?? bytes.length, 16);
    const localName = Buffer.from(says.localName ?? name, "latin1");
    const centralName = Buffer.from(name, "latin1");
    const named = (length: number) => {
      const copy = Buffer.from(facts);
      copy.writeUInt16LE(length, 20);
      return copy;
    };
    const local = Buffer.concat([
      Buffer.from("PK\x03\x04\x14\x00", "latin1"),
      named(localName.length),
      Buffer.alloc(2),
      localName,
      packed,
    ]);
    const place = Buffer.alloc(4);
    place.writeUInt32LE(says.at ?? at);
    directory.push(
      Buffer.from("PK\x01\x02\x14\x00\x14\x00", "latin1"),
      named(centralName.length),
      Buffer.alloc(2 + 2 + 2 + 2 + 4),
      place,
      centralName,
    );
    locals.push(local);
    at += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(at, 16);
  end.writeUInt16LE(64, 20);
  const bytes = Buffer.concat([...locals, central, end]);
  return Buffer.concat([bytes, Buffer.from(createHash("sha256").update(bytes).digest("hex"))]);
}

/** CRC-32 as zip has it, bit by bit. */
export function crc32Of(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
