import type { ScapEvent } from "../event/event.ts";
import { EVENT_TYPES, EventFlag } from "../event/event-types.ts";
import { numbersOf } from "../event/numbers-of.ts";

/** Parameters an event can have; further ones are of a later format and are not looked at. */
const MAX_PARAMS = 32;

/** Bytes of an event's header: time, thread, length, type, number of parameters. */
export const HEADER_BYTES = 26;
const HEADER_BYTES_V1 = 22;

const TABLE_COUNTS = Uint8Array.from(EVENT_TYPES, ({ params }) => params.length);
const IS_LARGE = Uint8Array.from(EVENT_TYPES, ({ flags }) => (flags & EventFlag.LARGE_PAYLOAD ? 1 : 0));

const NOTHING = Buffer.alloc(0);

/** A stretch of a capture. */
export interface Piece {
  readonly bytes: Buffer;
  readonly numbers: DataView;
}

/** Types whose recorded length is three bytes too large in version 1 blocks. */
const LENGTH_OFF_BY_3 = new Set([280, 286]);

/**
 * The one event object of a reader: pointed at an event by `load`, or at rebuilt parameters by `set`. Nothing is decoded
 * but the header and where each parameter begins, so moving on costs no allocation.
 */
export class EventView implements ScapEvent {
  number = 0;
  type = 0;
  tid = 0;
  cpu = 0;
  /** Parameters that can be read: those that both the event and today's table have. */
  paramCount = 0;
  /** Parameters that the event itself says it has. */
  recordedParams = 0;
  bytes: Buffer = NOTHING;
  numbers = numbersOf(NOTHING);
  timeLow = 0;
  timeHigh = 0;
  readonly #starts = new Uint32Array(MAX_PARAMS + 1);

  get timeNs(): bigint {
    return (BigInt(this.timeHigh) << 32n) | BigInt(this.timeLow);
  }

  paramStart(index: number): number {
    return this.#starts[index] ?? 0;
  }

  paramLength(index: number): number {
    if (index >= this.paramCount) return -1;
    return (this.#starts[index + 1] ?? 0) - (this.#starts[index] ?? 0);
  }

  /**
   * Points the view at the event between two places of `bytes`. Gives what contradicts itself, or undefined when all is
   * well. The type is known to be in the table.
   */
  load(piece: Piece, at: number, end: number, version: number, cpu: number): string | undefined {
    const { bytes, numbers } = piece;
    this.bytes = bytes;
    this.numbers = numbers;
    this.cpu = cpu;
    this.timeLow = numbers.getUint32(at, true);
    this.timeHigh = numbers.getUint32(at + 4, true);
    this.tid = numbers.getInt32(at + 12, true) * 0x1_0000_0000 + numbers.getUint32(at + 8, true);
    this.type = numbers.getUint16(at + 20, true);
    const length = numbers.getUint32(at + 16, true);
    if (version === 1) return this.#loadV1(at, end, length);
    if (length < HEADER_BYTES) return `event of ${length} bytes, shorter than its header`;
    if (length > end - at) return `event of ${length} bytes in ${end - at}`;
    const count = numbers.getUint32(at + 22, true);
    return this.#locate(at + HEADER_BYTES, at + length, count, IS_LARGE[this.type] === 1);
  }

  /** Points the view at parameters that stand in `bytes` one behind the other, each as long as `lengths` says. */
  set(type: number, bytes: Buffer, lengths: readonly number[]): void {
    this.type = type;
    this.bytes = bytes;
    this.numbers = numbersOf(bytes);
    this.recordedParams = lengths.length;
    this.paramCount = Math.min(lengths.length, TABLE_COUNTS[type] ?? 0, MAX_PARAMS);
    let at = 0;
    for (let i = 0; i < this.paramCount; i++) {
      this.#starts[i] = at;
      at += lengths[i] ?? 0;
    }
    this.#starts[this.paramCount] = at;
  }

  #locate(lengthsAt: number, end: number, count: number, large: boolean): string | undefined {
    const size = large ? 4 : 2;
    let at = lengthsAt + count * size;
    if (at > end) return `${count} parameters do not fit into the event`;
    const { numbers } = this;
    const known = Math.min(count, TABLE_COUNTS[this.type] ?? 0, MAX_PARAMS);
    for (let i = 0; i < count; i++) {
      if (i <= known) this.#starts[i] = at;
      const place = lengthsAt + i * size;
      at += large ? numbers.getUint32(place, true) : numbers.getUint16(place, true);
      if (at > end) return `parameter ${i} reaches past the end of the event`;
    }
    if (known === count) this.#starts[known] = at;
    this.recordedParams = count;
    this.paramCount = known;
    return undefined;
  }

  /** Version 1 events do not say how many parameters they have: it is the count whose lengths add up to the event. */
  #loadV1(at: number, blockEnd: number, recorded: number): string | undefined {
    const length = recorded - (LENGTH_OFF_BY_3.has(this.type) ? 3 : 0);
    if (length < HEADER_BYTES_V1 || length > blockEnd - at) return `event of ${length} bytes in ${blockEnd - at}`;
    const lengthsAt = at + HEADER_BYTES_V1;
    const end = at + length;
    for (let count = TABLE_COUNTS[this.type] ?? 0; count >= 0; count--) {
      let stop = lengthsAt + count * 2;
      for (let i = 0; i < count && stop <= end; i++) stop += this.numbers.getUint16(lengthsAt + i * 2, true);
      if (stop === end) return this.#locate(lengthsAt, end, count, false);
    }
    return "no number of parameters fits the event's length";
  }
}
