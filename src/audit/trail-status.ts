import { readGenesis } from "./load-trail.ts";
import { rangeRoot } from "./merkle-tree.ts";
import { firstLine } from "./segment-lines.ts";
import type { SharedTrail } from "./shared-trail.ts";
import { readSignedHead } from "./signed-heads.ts";
import { parseVkey } from "./signed-note.ts";
import { listSegments, type Segment, type TrailFiles } from "./trail-files.ts";
import type { AuditHead, AuditStatus } from "./trail-interface.ts";

/** What is in the folder and what this process knows of it; reads a few lines, writes nothing, takes no lock. */
export async function trailStatus(files: TrailFiles, shared: SharedTrail, isClosed: boolean): Promise<AuditStatus> {
  const segments = listSegments(files);
  const { state, problem, ...counts } = shared.facts();
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  const stopped = problem !== undefined && counts.missed > 0;
  return {
    folder: files.folder,
    state: isClosed ? "closed" : stopped ? "stopped" : bytes === 0 ? "empty" : "ready",
    ...identityOf(files, segments),
    ...(state === undefined ? {} : { head: { size: state.range.size, root: rangeRoot(state.range).toString("hex") } }),
    segments: segments.length,
    bytes,
    ...counts,
    ...(problem === undefined ? {} : { problem }),
  };
}

function identityOf(
  files: TrailFiles,
  segments: readonly Segment[],
): Pick<AuditStatus, "log" | "verifierKey" | "signed"> {
  const first = segments.find(({ bytes }) => bytes > 0);
  const genesis = first && readGenesis(firstLine(first) ?? "");
  if (genesis === undefined) return {};
  const signed = signedHeadOf(files, genesis);
  return { ...genesis, ...(signed === undefined ? {} : { signed }) };
}

function signedHeadOf(files: TrailFiles, genesis: { log: string; verifierKey: string }): AuditHead | undefined {
  const verifier = parseVkey(genesis.verifierKey);
  const read = verifier && readSignedHead(files.checkpoint, genesis.log, verifier);
  return read?.state === "signed" ? { size: read.head.size, root: read.head.root.toString("hex") } : undefined;
}
