import { nodeHash } from "./merkle-tree.ts";

const HASH_BYTES = 32;

/** Root of the leaves from `from` to before `to`, as RFC 6962 section 2.1 splits them; leaves are 32 bytes each. */
export function treeRoot(leaves: Buffer, from = 0, to = leaves.length / HASH_BYTES): Buffer {
  if (to <= from) throw new RangeError(`no leaves from ${from} to ${to}`);
  if (to - from === 1) return leaves.subarray(from * HASH_BYTES, to * HASH_BYTES);
  const middle = from + splitOf(to - from);
  return nodeHash(treeRoot(leaves, from, middle), treeRoot(leaves, middle, to));
}

/** The largest power of two below n. */
function splitOf(n: number): number {
  let split = 1;
  while (split * 2 < n) split *= 2;
  return split;
}

/** Audit path of a leaf in the tree of all `leaves`, from its sibling up (RFC 6962 section 2.1.1). */
export function inclusionProof(leaves: Buffer, index: number): Buffer[] {
  const path = (from: number, to: number): Buffer[] => {
    if (to - from === 1) return [];
    const middle = from + splitOf(to - from);
    return index < middle
      ? [...path(from, middle), treeRoot(leaves, middle, to)]
      : [...path(middle, to), treeRoot(leaves, from, middle)];
  };
  return path(0, leaves.length / HASH_BYTES);
}

/** Proof that the tree of the first `older` leaves is a beginning of the tree of all (RFC 6962 section 2.1.2). */
export function consistencyProof(leaves: Buffer, older: number): Buffer[] {
  const path = (from: number, to: number, whole: boolean): Buffer[] => {
    if (older === to) return whole ? [] : [treeRoot(leaves, from, to)];
    const middle = from + splitOf(to - from);
    return older <= middle
      ? [...path(from, middle, whole), treeRoot(leaves, middle, to)]
      : [...path(middle, to, false), treeRoot(leaves, from, middle)];
  };
  return older === 0 ? [] : path(0, leaves.length / HASH_BYTES, true);
}

export interface InclusionClaim {
  readonly leaf: Buffer;
  readonly index: number;
  readonly size: number;
  readonly root: Buffer;
  readonly proof: readonly Buffer[];
}

/** Whether the leaf is at that place in the tree with that root (RFC 9162 section 2.1.3.2). */
export function verifyInclusion({ leaf, index, size, root, proof }: InclusionClaim): boolean {
  if (index < 0 || index >= size) return false;
  let place = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (place % 2 === 1 || place === last) {
      hash = nodeHash(sibling, hash);
      while (place % 2 === 0 && place !== 0) {
        place /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    place = Math.floor(place / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && hash.equals(root);
}

export interface ConsistencyClaim {
  readonly older: { readonly size: number; readonly root: Buffer };
  readonly newer: { readonly size: number; readonly root: Buffer };
  readonly proof: readonly Buffer[];
}

/** Whether the older tree is a beginning of the newer one (RFC 9162 section 2.1.4.2). */
export function verifyConsistency({ older, newer, proof }: ConsistencyClaim): boolean {
  if (older.size > newer.size) return false;
  if (older.size === newer.size) return proof.length === 0 && older.root.equals(newer.root);
  if (older.size === 0) return proof.length === 0;
  const path = isPowerOfTwo(older.size) ? [older.root, ...proof] : [...proof];
  let place = older.size - 1;
  let last = newer.size - 1;
  while (place % 2 === 1) {
    place = Math.floor(place / 2);
    last = Math.floor(last / 2);
  }
  const [first, ...rest] = path;
  if (first === undefined) return false;
  let olderHash = first;
  let newerHash = first;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (place % 2 === 1 || place === last) {
      olderHash = nodeHash(sibling, olderHash);
      newerHash = nodeHash(sibling, newerHash);
      while (place % 2 === 0 && place !== 0) {
        place /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      newerHash = nodeHash(newerHash, sibling);
    }
    place = Math.floor(place / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && olderHash.equals(older.root) && newerHash.equals(newer.root);
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(Math.log2(value));
}
