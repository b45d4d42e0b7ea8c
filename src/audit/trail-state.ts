import { closeSync, constants, fstatSync, openSync } from "node:fs";
import type { TreeHead } from "./checkpoint.ts";
import { damaged, unwritable } from "./errors.ts";
import { appendLeaf, type CompactRange, copyRange, rangeRoot } from "./merkle-tree.ts";
import { timeOfLine } from "./record.ts";
import { firstLine } from "./segment-lines.ts";
import { type Edge, readSignedHead } from "./signed-heads.ts";
import type { NoteSigner } from "./signed-note.ts";
import type { TrailFiles } from "./trail-files.ts";

const MAX_LEAVES_KEPT = 65_536;

/** What one process knows of the trail, as of the last byte it read or wrote. Changed only while the lock is held. */
export interface TrailState {
  readonly files: TrailFiles;
  readonly log: string;
  readonly signer: NoteSigner;
  /** The active segment; -1 while none is open. */
  fd: number;
  inode: number;
  /** Record number with which the active segment begins, and the bytes of it that were read. */
  segmentFirst: number;
  offset: number;
  /** When the active segment is closed because the month of its first record (UTC) is over. */
  sealAtMs: number;
  /** Leaf of the last record, hex. */
  prev: string;
  range: CompactRange;
  /** The tree at an earlier size and the leaves since: lets a head signed by another process be recomputed. */
  base: CompactRange;
  sinceBase: Buffer[];
  /** A signed head that reading has yet to reach. */
  awaited: TreeHead | undefined;
  /** The newest signed head this process has seen and found consistent. */
  signed: TreeHead | undefined;
  /** A half line that was set aside and is not recorded yet. */
  recovered: { readonly bytes: number; readonly sha256: string; readonly file: string } | undefined;
}

export interface Identity {
  readonly files: TrailFiles;
  readonly log: string;
  readonly signer: NoteSigner;
}

/** The state at an edge of the tree, nothing read after it yet. */
export function stateAt({ files, log, signer }: Identity, edge: Edge): TrailState {
  return {
    files,
    log,
    signer,
    fd: -1,
    inode: -1,
    segmentFirst: edge.segmentFirst,
    offset: edge.offset,
    sealAtMs: Number.POSITIVE_INFINITY,
    prev: edge.leaf,
    range: copyRange(edge.range),
    base: copyRange(edge.range),
    sinceBase: [],
    awaited: undefined,
    signed: undefined,
    recovered: undefined,
  };
}

/** Takes a record into the tree. Fails with AUDIT_DAMAGED when a signed head says otherwise. */
export function advance(state: TrailState, leaf: Buffer): void {
  appendLeaf(state.range, leaf);
  state.prev = leaf.toString("hex");
  state.sinceBase.push(leaf);
  if (state.awaited?.size === state.range.size) {
    if (!rangeRoot(state.range).equals(state.awaited.root)) throw differs(state, state.awaited);
    state.awaited = undefined;
  }
  if (state.sinceBase.length < MAX_LEAVES_KEPT) return;
  state.base = copyRange(state.range);
  state.sinceBase = [];
}

/**
 * Compares what was read with the newest signed head on the disk. Fails with AUDIT_DAMAGED when that head is missing or
 * unreadable, covers more records than there are, or has another root: nothing may be added or cut then.
 */
export function checkSignedHead(state: TrailState): void {
  const read = readSignedHead(state.files.checkpoint, state.log, state.signer);
  if (read.state === "bad")
    throw damaged(`the signed head cannot be relied on (${read.reason})`, state.files.checkpoint);
  if (read.state === "missing") {
    // Between its first record and its first head a trail may have died; later there is always a head.
    if (state.range.size <= 1) return;
    throw damaged("the signed head is missing", state.files.checkpoint);
  }
  const { head } = read;
  if (head.size > state.range.size) {
    throw damaged(`${head.size} records were signed, ${state.range.size} are left`, state.files.records);
  }
  if (head.size < state.base.size) return;
  const tree = copyRange(state.base);
  const leaves = head.size - state.base.size;
  for (const leaf of state.sinceBase.slice(0, leaves)) appendLeaf(tree, leaf);
  if (!rangeRoot(tree).equals(head.root)) throw differs(state, head);
  state.base = tree;
  state.sinceBase = state.sinceBase.slice(leaves);
  state.signed = head;
}

function differs(state: TrailState, head: TreeHead): Error {
  return damaged(`the first ${head.size} records are not those that were signed`, state.files.records);
}

/** Opens the active segment for reading and appending; made (0600) when there is none. */
export function openActive(state: TrailState): void {
  const { records } = state.files;
  const { O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  try {
    state.fd = openSync(records, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0o600);
  } catch (cause) {
    throw unwritable(records, cause);
  }
  const facts = fstatSync(state.fd);
  if (!facts.isFile()) {
    closeActive(state);
    throw damaged("the audit records are no plain file", records);
  }
  state.inode = facts.ino;
  state.sealAtMs = Number.POSITIVE_INFINITY;
  if (state.offset === 0) return;
  // Reading goes on behind the first record, which tells the month.
  const first = firstLine({ path: records, name: "", sealed: false, form: "plain", first: 0, bytes: facts.size });
  state.sealAtMs = monthEndMs(timeOfLine(first));
}

/** The first instant after the month of an instant (UTC); never, for none. */
export function monthEndMs(ms: number): number {
  const at = new Date(ms);
  const end = Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1);
  return Number.isNaN(end) ? Number.POSITIVE_INFINITY : end;
}

export function closeActive(state: TrailState): void {
  if (state.fd >= 0) closeSync(state.fd);
  state.fd = -1;
  state.inode = -1;
}
