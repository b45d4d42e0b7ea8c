import { nodeHash } from "../../audit/merkle-tree.ts";
import { treeRoot } from "../../audit/tree-proofs.ts";

const HASH_BYTES = 32;

/**
 * What proves that leaves `from` to before `to` stand at that place in the tree of all `size` leaves: the roots of the
 * largest subtrees beside them, left to right (RFC 6962 splitting).
 */
export function rangeProof(leaves: Buffer, from: number, to: number, size: number): Buffer[] {
  const proof: Buffer[] = [];
  const walk = (low: number, high: number): void => {
    if (high <= from || low >= to) proof.push(treeRoot(leaves, low, high));
    else if (low < from || high > to) {
      const middle = low + splitOf(high - low);
      walk(low, middle);
      walk(middle, high);
    }
  };
  walk(0, size);
  return proof;
}

/** The tree head that leaves of a range and a proof lead to; undefined when they do not fit each other. */
export function rootOfRange(leaves: Buffer, from: number, size: number, proof: readonly Buffer[]): Buffer | undefined {
  const to = from + leaves.length / HASH_BYTES;
  if (from < 0 || to <= from || to > size) return undefined;
  let used = 0;
  const walk = (low: number, high: number): Buffer | undefined => {
    if (high <= from || low >= to) return proof[used++];
    if (low >= from && high <= to) return treeRoot(leaves, low - from, high - from);
    const middle = low + splitOf(high - low);
    const left = walk(low, middle);
    const right = left && walk(middle, high);
    return left && right && nodeHash(left, right);
  };
  const root = walk(0, size);
  return used === proof.length ? root : undefined;
}

/** The largest power of two below n. */
function splitOf(n: number): number {
  let split = 1;
  while (split * 2 < n) split *= 2;
  return split;
}
