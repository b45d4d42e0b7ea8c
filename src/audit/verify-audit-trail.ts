import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { checkEvidence } from "./check-evidence.ts";
import { checkOpenings } from "./check-openings.ts";
import { conclude, fail, noGenesis, nothingToRead, scanFailures } from "./conclude.ts";
import { headsToCheck, lookForHeads, newestHead, readHistory } from "./heads-to-check.ts";
import { readGenesis } from "./load-trail.ts";
import { emptyRange } from "./merkle-tree.ts";
import { closeSegments, type OpenSegment, openSegments } from "./open-segments.ts";
import { NO_PREVIOUS } from "./record.ts";
import { scanInParallel } from "./scan-in-parallel.ts";
import { scanTrail } from "./scan-trail.ts";
import { firstLine } from "./segment-lines.ts";
import type { Edge } from "./signed-heads.ts";
import { parseVkey } from "./signed-note.ts";
import { readSmall, trailFiles } from "./trail-files.ts";
import { trustedEdge } from "./trusted-edge.ts";
import type { AuditVerdict } from "./verdict.ts";
import type { VerifyOptions } from "./verify-options.ts";

export type { VerifyOptions } from "./verify-options.ts";

const BEGINNING: Edge = { range: emptyRange(), leaf: NO_PREVIOUS, segmentFirst: 0, offset: 0 };

/**
 * What a trail in a folder is worth: reads its raw bytes once, strictly, in constant memory, takes no lock and writes
 * nothing. Every line must be its own canonical form and follow from the one before; every signed or known head must be
 * the tree's at its size. Fails with INVALID_ARGUMENT for a verifier key that is none, CANCELLED when the signal says so;
 * whatever is wrong with the trail is in the verdict.
 */
export async function verifyAuditTrail(folder: string, options: VerifyOptions = {}): Promise<AuditVerdict> {
  const pinned = options.verifierKey === undefined ? undefined : parseVkey(options.verifierKey);
  if (options.verifierKey !== undefined && pinned === undefined) throw badKey(options.verifierKey);
  const files = trailFiles(folder);
  const onDisk = lookForHeads(files);
  const segments = await openSegments(files);
  try {
    const first = segments.find(({ bytes }) => bytes > 0);
    const line = first === undefined ? undefined : firstLine(first);
    if (first === undefined || line === undefined) {
      const traces = [onDisk.checkpoint, onDisk.history[0], readSmall(files.verifierKey)];
      return nothingToRead(
        segments.length,
        traces.every((trace) => trace === undefined),
        options,
      );
    }
    const genesis = readGenesis(line);
    const verifier = genesis && (pinned ?? parseVkey(genesis.verifierKey));
    if (genesis === undefined || verifier === undefined) return noGenesis(segments.length, first.name, line);
    const edge = options.fromCheckpoint
      ? await trustedEdge(files, newestHead(onDisk, genesis.log, verifier))
      : undefined;
    const history = readHistory(files, onDisk, edge?.range.size ?? 0);
    const notes = [
      ...history.map((note) => ({ note, source: "history" as const })),
      ...(onDisk.checkpoint === undefined ? [] : [{ note: onDisk.checkpoint, source: "checkpoint" as const }]),
    ];
    const heads = headsToCheck(notes, genesis.log, verifier, options.knownHeads ?? []);
    const wanted = {
      log: genesis.log,
      edge: edge ?? BEGINNING,
      expected: heads.expected,
      onBatch: progress(segments, options),
    };
    const parallel = options.workers && (await scanInParallel(segments, wanted, options.workers));
    const scan = parallel ?? (await scanTrail(segments, wanted));
    const openings = await checkOpenings(files.openings, scan.seen.commitments, scan.seen.pruning.erasedCommitments);
    const failures = [
      ...heads.failures,
      ...scanFailures(scan, heads.expected),
      ...(onDisk.checkpoint === undefined && scan.records > 1 ? [fail("truncated", "checkpoint-missing")] : []),
      ...(pinned !== undefined && pinned.vkey !== genesis.verifierKey ? [fail("untrusted-key", "key-differs")] : []),
      ...openings.failures,
      ...(options.evidenceFile === undefined ? [] : await checkEvidence(scan.seen.evidence, options.evidenceFile)),
    ];
    const beside = openings.notices;
    return conclude({ segments: segments.length, scan, genesis, failures, edge, options, beside });
  } finally {
    await closeSegments(segments);
  }
}

function progress(segments: readonly OpenSegment[], { onProgress, signal }: VerifyOptions) {
  const totalBytes = segments.reduce((sum, { bytes }) => sum + bytes, 0);
  return (records: number, bytes: number) => {
    if (signal?.aborted) throw cancelled();
    onProgress?.({ records, bytes, totalBytes });
  };
}

function badKey(seen: string): FalcoSkillsError {
  return new FalcoSkillsError("INVALID_ARGUMENT", `the verifier key is "${seen.slice(0, 200)}"`, {
    fix: "Pass the line of keys/identity.vkey that was kept when the trail began.",
  });
}

function cancelled(): FalcoSkillsError {
  return new FalcoSkillsError("CANCELLED", "the verification was cancelled", { fix: "Run verify_audit again." });
}
