import { FalcoSkillsError } from "../errors/falco-skills-error.ts";

/**
 * A place in bytes that moves on as little-endian values are read; every read names what it expects.
 * Fails with CAPTURE_TRUNCATED, message `<what> at byte <n> needs <k> bytes, <m> left`, and never reads past its end.
 */
export class Cursor {
  readonly bytes: Buffer;
  readonly end: number;
  offset: number;

  constructor(bytes: Buffer, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.offset = start;
    this.end = Math.min(end, bytes.length);
  }

  get left(): number {
    return this.end - this.offset;
  }

  u8(what: string): number {
    return this.bytes.readUInt8(this.#take(1, what));
  }

  u16(what: string): number {
    return this.bytes.readUInt16LE(this.#take(2, what));
  }

  u32(what: string): number {
    return this.bytes.readUInt32LE(this.#take(4, what));
  }

  u64(what: string): bigint {
    return this.bytes.readBigUInt64LE(this.#take(8, what));
  }

  /** A signed 64-bit value as a number; exact within ±2^53, which thread ids and descriptors never leave. */
  i64(what: string): number {
    const at = this.#take(8, what);
    return this.bytes.readInt32LE(at + 4) * 0x1_0000_0000 + this.bytes.readUInt32LE(at);
  }

  slice(length: number, what: string): Buffer {
    const at = this.#take(length, what);
    return this.bytes.subarray(at, at + length);
  }

  /** UTF-8 text of `length` bytes, up to its first NUL. */
  text(length: number, what: string): string {
    const part = this.slice(length, what);
    const nul = part.indexOf(0);
    return part.toString("utf8", 0, nul < 0 ? part.length : nul);
  }

  /** Text after its own 16-bit length. */
  shortText(what: string): string {
    return this.text(this.u16(`length of ${what}`), what);
  }

  skip(length: number, what: string): void {
    this.#take(length, what);
  }

  #take(length: number, what: string): number {
    if (length > this.left) {
      throw new FalcoSkillsError(
        "CAPTURE_TRUNCATED",
        `${what} at byte ${this.offset} needs ${length} bytes, ${this.left} left`,
        { fix: "Record the capture again, or copy it again if it was cut on its way." },
      );
    }
    const at = this.offset;
    this.offset += length;
    return at;
  }
}
