import fc from "fast-check";
import { expect, test } from "vitest";
import {
  appendLeaf,
  type CompactRange,
  emptyRange,
  leafHash,
  peakCount,
  rangeRoot,
} from "../../src/audit/merkle-tree.ts";
import {
  consistencyProof,
  inclusionProof,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from "../../src/audit/tree-proofs.ts";

// Inputs and roots of the Certificate Transparency reference tests for RFC 6962.
const INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

function rangeOf(leaves: readonly Buffer[]): CompactRange {
  const range = emptyRange();
  for (const leaf of leaves) appendLeaf(range, leaf);
  return range;
}

test.each(ROOTS.map((root, size) => ({ root, size })))("$size leaves have the root of RFC 6962", ({ root, size }) => {
  const leaves = INPUTS.slice(0, size).map((input) => leafHash(Buffer.from(input, "hex")));
  const range = rangeOf(leaves);
  expect(rangeRoot(range).toString("hex")).toBe(root);
  expect(range.peaks).toHaveLength(peakCount(size));
  if (size > 0) expect(treeRoot(Buffer.concat(leaves)).toString("hex")).toBe(root);
});

const sizes = fc.integer({ min: 1, max: 70 });
const leavesOf = (size: number) => Array.from({ length: size }, (_, index) => leafHash(Buffer.from(`leaf ${index}`)));

test("a leaf's proof holds at its place and nowhere else", () => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(), (size, at, elsewhere) => {
      const leaves = leavesOf(size);
      const index = at % size;
      const root = rangeRoot(rangeOf(leaves));
      const claim = { leaf: leaves[index]!, index, size, root, proof: inclusionProof(Buffer.concat(leaves), index) };
      expect(verifyInclusion(claim)).toBe(true);
      const other = elsewhere % size;
      expect(verifyInclusion({ ...claim, index: other })).toBe(other === index);
      expect(verifyInclusion({ ...claim, leaf: leafHash(Buffer.from("other")) })).toBe(false);
      expect(verifyInclusion({ ...claim, proof: [...claim.proof, root] })).toBe(false);
      expect(verifyInclusion({ ...claim, size: size + 70 })).toBe(false);
    }),
  );
});

test("an older tree is proven to be a beginning of a newer one, a changed one is not", () => {
  fc.assert(
    fc.property(sizes, fc.nat(), (size, at) => {
      const leaves = leavesOf(size);
      const olderSize = 1 + (at % size);
      const older = { size: olderSize, root: rangeRoot(rangeOf(leaves.slice(0, olderSize))) };
      const newer = { size, root: rangeRoot(rangeOf(leaves)) };
      const proof = consistencyProof(Buffer.concat(leaves), olderSize);
      expect(verifyConsistency({ older, newer, proof })).toBe(true);
      const changed = { size: olderSize, root: leafHash(Buffer.from("changed")) };
      expect(verifyConsistency({ older: changed, newer, proof })).toBe(false);
      expect(verifyConsistency({ older, newer: { size, root: changed.root }, proof })).toBe(false);
    }),
  );
});
