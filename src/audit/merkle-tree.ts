import { hash } from "node:crypto";

/** The growing right edge of an RFC 6962 tree: one hash for each full subtree, largest first. */
export interface CompactRange {
  size: number;
  peaks: Buffer[];
}

const LEAF_PREFIX_AND_LINE = Buffer.alloc(1 + 65_536);
const NODE = Buffer.alloc(65);
NODE[0] = 1;

/** SHA-256(0x00 || bytes): the hash of a record's line without its LF. */
export function leafHash(line: Uint8Array): Buffer {
  if (line.length >= LEAF_PREFIX_AND_LINE.length) {
    return sha256(Buffer.concat([Buffer.of(0), line]));
  }
  LEAF_PREFIX_AND_LINE.set(line, 1);
  return sha256(LEAF_PREFIX_AND_LINE.subarray(0, line.length + 1));
}

/** SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  NODE.set(left, 1);
  NODE.set(right, 33);
  return sha256(NODE);
}

function sha256(bytes: Uint8Array): Buffer {
  // Through a byte string: half the time of asking for a buffer (Node 20).
  return Buffer.from(hash("sha256", bytes, "binary"), "binary");
}

export function emptyRange(): CompactRange {
  return { size: 0, peaks: [] };
}

export function copyRange({ size, peaks }: CompactRange): CompactRange {
  return { size, peaks: [...peaks] };
}

/** Adds one leaf; joins as many subtrees as the size has trailing one bits. */
export function appendLeaf(range: CompactRange, leaf: Buffer): void {
  let joined = leaf;
  for (let size = range.size; size % 2 === 1; size = (size - 1) / 2) {
    joined = nodeHash(range.peaks.pop() ?? joined, joined);
  }
  range.peaks.push(joined);
  range.size += 1;
}

/** The tree head; SHA-256 of nothing for an empty tree. */
export function rangeRoot({ peaks }: CompactRange): Buffer {
  const last = peaks.at(-1);
  if (last === undefined) return sha256(new Uint8Array());
  let root = last;
  for (let index = peaks.length - 2; index >= 0; index -= 1) root = nodeHash(peaks[index] ?? root, root);
  return root;
}

/** How many peaks a tree of that size has: its one bits. */
export function peakCount(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}
