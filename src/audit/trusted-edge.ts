import type { TreeHead } from "./checkpoint.ts";
import { appendLeaf, emptyRange, leafHash } from "./merkle-tree.ts";
import { leafOfLine, segmentLinesBackwards } from "./segment-lines.ts";
import { type Edge, readEdge } from "./signed-heads.ts";
import { listSegments, type TrailFiles } from "./trail-files.ts";

/** Records that are read back at most to tie a stored edge to the file. */
const MAX_READ_BACK = 65_536;

/**
 * The stored edge of a signed head, tied to the file: the records right before its place must hash to the last peak of
 * the signed tree, so that an edge that was moved to hide records is found out. Undefined when it cannot be relied on.
 */
export async function trustedEdge(files: TrailFiles, head: TreeHead | undefined): Promise<Edge | undefined> {
  const edge = head && readEdge(files, head);
  if (edge === undefined || edge.range.size === 0) return undefined;
  const leaves = await leavesBefore(files, edge, lowestBit(edge.range.size));
  const [last] = leaves;
  if (last === undefined || last.toString("hex") !== edge.leaf) return undefined;
  const tree = emptyRange();
  for (const leaf of leaves.toReversed()) appendLeaf(tree, leaf);
  const peak = edge.range.peaks.at(-1);
  return tree.size === lowestBit(edge.range.size) && peak !== undefined && tree.peaks[0]?.equals(peak)
    ? edge
    : undefined;
}

/** Leaves of the records before the edge, last one first; fewer when there are not that many. */
async function leavesBefore(files: TrailFiles, edge: Edge, count: number): Promise<Buffer[]> {
  const leaves: Buffer[] = [];
  if (count > MAX_READ_BACK) return leaves;
  for (const segment of listSegments(files).toReversed()) {
    if (segment.first > edge.segmentFirst) continue;
    // Into a pruned segment no stored place leads.
    if (segment.form === "leaves" && segment.first === edge.segmentFirst) return [];
    const end = segment.first === edge.segmentFirst ? edge.offset : segment.bytes;
    if (end > segment.bytes) return [];
    for await (const { bytes } of segmentLinesBackwards(segment, end)) {
      leaves.push((segment.form === "leaves" ? leafOfLine(bytes) : undefined) ?? leafHash(bytes));
      if (leaves.length === count) return leaves;
    }
  }
  return leaves;
}

/** Size of the last full subtree of a tree of that size. */
function lowestBit(size: number): number {
  let bit = 1;
  while (size % (bit * 2) === 0) bit *= 2;
  return bit;
}
