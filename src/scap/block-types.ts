/**
 * Kinds of blocks in a capture (libs userspace/libscap/scap_savefile.h @48dfd53c): number in the file → what it holds.
 * Numbers above 0x80000000 are those of files written before the format was published.
 */
type BlockKind =
  | "section header"
  | "machine"
  | "process list"
  | "descriptor list"
  | "event"
  | "interface list"
  | "user list";

export interface BlockType {
  readonly kind: BlockKind;
  /** Version of the block's layout. */
  readonly version: number;
  /** Events only: 32 bits of flags stand before the event. */
  readonly flags?: boolean;
  /** Events only: larger than 64 KiB is allowed. */
  readonly large?: boolean;
}

export const SECTION_HEADER = 0x0a0d0d0a;
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

export const BLOCK_TYPES: ReadonlyMap<number, BlockType> = new Map<number, BlockType>([
  [SECTION_HEADER, { kind: "section header", version: 1 }],
  [0x201, { kind: "machine", version: 1 }],
  [0x8002abcd, { kind: "machine", version: 1 }],
  [0x202, { kind: "process list", version: 1 }],
  [0x8000abcd, { kind: "process list", version: 1 }],
  [0x207, { kind: "process list", version: 2 }],
  [0x8013abcd, { kind: "process list", version: 2 }],
  [0x209, { kind: "process list", version: 3 }],
  [0x8014abcd, { kind: "process list", version: 3 }],
  [0x210, { kind: "process list", version: 4 }],
  [0x211, { kind: "process list", version: 5 }],
  [0x212, { kind: "process list", version: 6 }],
  [0x213, { kind: "process list", version: 7 }],
  [0x214, { kind: "process list", version: 8 }],
  [0x215, { kind: "process list", version: 9 }],
  [0x203, { kind: "descriptor list", version: 1 }],
  [0x8001abcd, { kind: "descriptor list", version: 1 }],
  [0x218, { kind: "descriptor list", version: 2 }],
  [0x204, { kind: "event", version: 1 }],
  [0x8010abcd, { kind: "event", version: 1 }],
  [0x208, { kind: "event", version: 1, flags: true }],
  [0x216, { kind: "event", version: 2 }],
  [0x217, { kind: "event", version: 2, flags: true }],
  [0x221, { kind: "event", version: 2, large: true }],
  [0x222, { kind: "event", version: 2, flags: true, large: true }],
  [0x205, { kind: "interface list", version: 1 }],
  [0x8011abcd, { kind: "interface list", version: 1 }],
  [0x219, { kind: "interface list", version: 2 }],
  [0x206, { kind: "user list", version: 1 }],
  [0x8012abcd, { kind: "user list", version: 1 }],
  [0x220, { kind: "user list", version: 2 }],
]);
