import { Cursor } from "../bytes/cursor.ts";
import { EVENT_TYPES } from "../event/event-types.ts";
import { numbersOf } from "../event/numbers-of.ts";
import { BLOCK_TYPES, type BlockType, BYTE_ORDER_MAGIC, SECTION_HEADER } from "./block-types.ts";
import { captureError } from "./capture-fault.ts";
import { type DescriptorEntry, readDescriptors } from "./descriptor-list.ts";
import { EventConverter } from "./event-converter.ts";
import { EventView, HEADER_BYTES, type Piece } from "./event-view.ts";
import { type NetworkInterface, readInterfaces } from "./interface-list.ts";
import { type MachineInfo, readMachine } from "./machine.ts";
import { type ProcessEntry, readProcesses } from "./process-list.ts";
import { readUsers, type UserList } from "./user-list.ts";

/** What a capture tells, in the order it stands there. Objects are the reader's own only until the call returns. */
export interface CaptureHandler {
  /** A section begins: the state of the one before, if any, is over. Event numbers go on. */
  onSection(): void;
  onMachine(machine: MachineInfo): void;
  onProcess(process: ProcessEntry): void;
  onDescriptor(tid: number, descriptor: DescriptorEntry): void;
  onInterfaces(interfaces: readonly NetworkInterface[]): void;
  onUsers(users: UserList): void;
  /** The lists of a section are complete; its events follow. */
  onReady(): void;
  /** One event in today's shape; the view is valid until this returns. `false` ends the reading. */
  onEvent(event: EventView): boolean;
}

/** Counts of what was read. */
export interface BlockCounts {
  blocks: number;
  events: number;
  /** Events that today's Falco leaves out too: unused types, enter events that were merged into exit events. */
  droppedEvents: number;
  /** Events of types that are not in the table: the capture comes from a later recorder. */
  unknownEvents: number;
  /** Blocks of kinds that are not in the table; they are stepped over. */
  unknownBlocks: number;
}

const MAX_EVENT_BLOCK_BYTES = 65_536 + 64;
const MAX_BLOCK_BYTES = 64 * 1024 * 1024;
const FRAME_BYTES = 12;
const NOTHING = Buffer.alloc(0);

/**
 * Cuts a stream of bytes into blocks and hands on what they tell. Holds no more than one block, and no piece once it has
 * returned.
 * `push` and `end` fail with CAPTURE_… ; `offset` is then where the faulty block begins and `block` what it is.
 */
export class BlockReader {
  /** Where the block being looked at begins in the whole stream. */
  offset = 0;
  block = "section header";
  readonly counts: BlockCounts = { blocks: 0, events: 0, droppedEvents: 0, unknownEvents: 0, unknownBlocks: 0 };
  /** True when the handler wanted no more. */
  stopped = false;
  readonly #handler: CaptureHandler;
  readonly #view = new EventView();
  readonly #converter = new EventConverter();
  #rest: Buffer = NOTHING;
  #skip = 0;
  #inEvents = false;
  #inSection = false;

  constructor(handler: CaptureHandler) {
    this.#handler = handler;
  }

  push(piece: Buffer): void {
    let bytes = piece;
    if (this.#skip > 0) {
      const skipped = Math.min(this.#skip, bytes.length);
      this.#skip -= skipped;
      this.offset += skipped;
      bytes = bytes.subarray(skipped);
    }
    if (this.#rest.length > 0) bytes = this.#completeRest(bytes);
    const used = this.#consume(bytes);
    // The piece is its reader's own, who fills it anew.
    if (used < bytes.length) this.#rest = Buffer.from(bytes.subarray(used));
  }

  /** Reads the block that the last piece began; only that block is put together. Gives what follows it. */
  #completeRest(piece: Buffer): Buffer {
    const missingHead = Math.max(0, 8 - this.#rest.length);
    const head = missingHead === 0 ? this.#rest : Buffer.concat([this.#rest, piece.subarray(0, missingHead)]);
    const length = head.length >= 8 ? head.readUInt32LE(4) : Number.POSITIVE_INFINITY;
    const missing = Math.max(missingHead, length - this.#rest.length);
    const block = Buffer.concat([this.#rest, piece.subarray(0, Math.min(missing, piece.length))]);
    const used = this.#consume(block);
    this.#rest = used < block.length ? block.subarray(used) : NOTHING;
    return this.#rest.length > 0 ? NOTHING : piece.subarray(Math.min(missing, piece.length));
  }

  /** Reads all whole blocks; gives how many bytes are done with. */
  #consume(bytes: Buffer): number {
    const numbers = numbersOf(bytes);
    const piece = { bytes, numbers };
    let at = 0;
    let lastType = -1;
    let known: BlockType | undefined;
    while (!this.stopped && bytes.length - at >= 8) {
      const type = numbers.getUint32(at, true);
      const length = numbers.getUint32(at + 4, true);
      // One kind of block follows the other by the million.
      if (type !== lastType) {
        known = BLOCK_TYPES.get(type);
        this.block = known?.kind ?? `unknown (0x${type.toString(16)})`;
        lastType = type;
      }
      this.#checkFrame(type, length, known);
      const left = bytes.length - at;
      if (length > left) {
        if (known) return at;
        // An unknown block is stepped over without being held.
        this.counts.blocks += 1;
        this.counts.unknownBlocks += 1;
        this.#skip = length - left;
        this.offset += left;
        return bytes.length;
      }
      this.#readBlock(piece, at, length, known);
      at += length;
      this.offset += length;
    }
    return at;
  }

  /** Says that no more bytes come; fails where a block was cut, or where there was nothing to read. */
  end(): void {
    if (this.stopped) return;
    const held = this.#rest.length;
    if (held > 0 || this.#skip > 0) {
      const wanted = held >= 8 ? this.#rest.readUInt32LE(4) : 8;
      if (held < 8) this.block = "block header";
      throw captureError(
        this.counts.blocks === 0 && held < 8 ? "CAPTURE_FOREIGN" : "CAPTURE_TRUNCATED",
        this.#skip > 0 ? `the last block lacks ${this.#skip} bytes` : `a block of ${wanted} bytes ends after ${held}`,
      );
    }
    if (this.counts.blocks === 0) throw captureError("CAPTURE_FOREIGN", "the file is empty");
    if (!this.#inEvents) throw captureError("CAPTURE_EMPTY", "the capture holds no event");
  }

  #checkFrame(type: number, length: number, known: BlockType | undefined): void {
    if (!this.#inSection && type !== SECTION_HEADER) {
      throw captureError("CAPTURE_FOREIGN", `the first block is of type 0x${type.toString(16)}, no section header`);
    }
    if (length < FRAME_BYTES)
      throw captureError("CAPTURE_DAMAGED", `a block of ${length} bytes is shorter than its frame`);
    const most = known?.kind === "event" && !known.large ? MAX_EVENT_BLOCK_BYTES : MAX_BLOCK_BYTES;
    if (known && length > most) {
      throw captureError(
        most === MAX_BLOCK_BYTES ? "CAPTURE_TOO_LARGE" : "CAPTURE_DAMAGED",
        `a block of ${length} bytes, more than ${most}`,
      );
    }
  }

  #readBlock(piece: Piece, at: number, length: number, known: BlockType | undefined): void {
    this.counts.blocks += 1;
    if (known?.kind === "event") {
      if (!this.#inEvents) {
        this.#inEvents = true;
        this.#handler.onReady();
      }
      this.#readEvent(piece, at, length, known);
      return;
    }
    const trailer = piece.numbers.getUint32(at + length - 4, true);
    if (trailer !== length) {
      throw captureError("CAPTURE_DAMAGED", `a block says ${length} bytes at its begin and ${trailer} at its end`);
    }
    if (!known) this.counts.unknownBlocks += 1;
    else this.#readList(new Cursor(piece.bytes, at + 8, at + length - 4), known);
  }

  #readList(cursor: Cursor, { kind, version }: BlockType): void {
    if (kind !== "section header" && this.#inEvents) {
      throw captureError("CAPTURE_DAMAGED", `a ${kind} stands among the events`);
    }
    switch (kind) {
      case "section header":
        this.#beginSection(cursor);
        break;
      case "machine":
        this.#handler.onMachine(readMachine(cursor));
        break;
      case "process list":
        readProcesses(cursor, version, (entry) => this.#handler.onProcess(entry));
        break;
      case "descriptor list":
        readDescriptors(cursor, version, (tid, entry) => this.#handler.onDescriptor(tid, entry));
        break;
      case "interface list":
        this.#handler.onInterfaces(readInterfaces(cursor, version));
        break;
      default:
        this.#handler.onUsers(readUsers(cursor, version));
    }
  }

  #beginSection(cursor: Cursor): void {
    const magic = cursor.u32("byte order");
    if (magic !== BYTE_ORDER_MAGIC) {
      throw captureError(
        "CAPTURE_UNSUPPORTED",
        `the byte order mark is 0x${magic.toString(16)}, not that of a little-endian capture`,
      );
    }
    const major = cursor.u16("format version");
    if (major > 1) throw captureError("CAPTURE_UNSUPPORTED", `the format version is ${major}`);
    this.#inSection = true;
    this.#inEvents = false;
    this.#converter.clear();
    this.#handler.onSection();
  }

  #readEvent(piece: Piece, at: number, length: number, { version, flags }: BlockType): void {
    const { numbers } = piece;
    const eventAt = at + (flags ? 14 : 10);
    const end = at + length - 4;
    if (end - eventAt < (version === 1 ? HEADER_BYTES - 4 : HEADER_BYTES)) {
      throw captureError("CAPTURE_DAMAGED", `an event block of ${length} bytes has no room for an event`);
    }
    if (numbers.getUint16(eventAt + 20, true) >= EVENT_TYPES.length) {
      this.counts.unknownEvents += 1;
      return;
    }
    const view = this.#view;
    const fault = view.load(piece, eventAt, end, version, numbers.getUint16(at + 8, true));
    if (fault) throw captureError("CAPTURE_DAMAGED", fault);
    if (this.#converter.convert(view) === "drop") {
      this.counts.droppedEvents += 1;
      return;
    }
    this.counts.events += 1;
    view.number = this.counts.events;
    if (!this.#handler.onEvent(view)) this.stopped = true;
  }
}
