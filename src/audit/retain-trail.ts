import { renameSync, rmSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { syncFolder } from "../paths/write-file.ts";
import { deleteOpenings } from "./erase-openings.ts";
import { damaged } from "./errors.ts";
import { closeSegments, type OpenSegment, openSegments } from "./open-segments.ts";
import { packSegment } from "./pack-segment.ts";
import { type PrunedSegment, pruneSegment } from "./prune-segment.ts";
import { ownRecord, timeOfLine } from "./record.ts";
import { firstLine, segmentLinesBackwards } from "./segment-lines.ts";
import type { SharedTrail } from "./shared-trail.ts";
import { namesIn, type Segment, sealedName, type TrailFiles } from "./trail-files.ts";
import { verifyAuditTrail } from "./verify-audit-trail.ts";

/** Instants in milliseconds since 1970: what ended at or before one is old. Undefined: nothing is. */
export interface TrailRetention {
  /** Closed segments whose newest record is older are packed: they answer as before, more slowly. */
  readonly packBeforeMs?: number;
  /** Closed segments whose newest record is older lose the bodies of their records. */
  readonly pruneBeforeMs?: number;
}

export interface RetentionWork {
  /** Says what would be done. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number; readonly segment: string }) => void;
}

export interface TrailRetained {
  readonly packed: { readonly segments: number; readonly bytesBefore: number; readonly bytesAfter: number };
  readonly pruned: {
    readonly segments: number;
    /** Records whose bodies are gone. */
    readonly records: number;
    readonly ranges: readonly { readonly from: number; readonly to: number }[];
    readonly bytesBefore: number;
    readonly bytesAfter: number;
  };
  /** Openings of pruned records that were deleted with them. */
  readonly openingsDeleted: number;
}

/** Ranges that one record confesses at most: it must stay short. */
const MAX_RANGES = 64;

export interface RetainPlace {
  readonly files: TrailFiles;
  readonly shared: SharedTrail;
  readonly pid: number;
  readonly verifierKey: string;
}

/**
 * Packs and prunes closed segments. A trail is pruned only while all of it holds, because what is gone cannot be checked
 * again: first every record is verified, then the pruning is recorded and signed, then the bodies go. A process that dies
 * in between leaves a trail that holds. Fails with AUDIT_DAMAGED, CANCELLED and as an append does.
 */
export async function retainTrail(
  place: RetainPlace,
  limits: TrailRetention,
  work: RetentionWork = {},
): Promise<TrailRetained> {
  const { files } = place;
  const { toPrune, toPack } = await chooseSegments(files, limits);
  if (work.dryRun === true) return planned(toPrune, toPack);
  forgetUnfinished(files);
  const total = toPrune.length + toPack.length;
  const step = (done: number, segment: string): void => {
    if (work.signal?.aborted) throw cancelled();
    work.onProgress?.({ done, total, segment });
  };
  const pruned = toPrune.length === 0 ? [] : await prune(place, toPrune, step, limits.pruneBeforeMs ?? 0);
  const packed = { segments: 0, bytesBefore: 0, bytesAfter: 0 };
  for (const [at, segment] of toPack.entries()) {
    step(toPrune.length + at, segment.name);
    const after = await packSegment(segment, files, place.pid);
    packed.segments += 1;
    packed.bytesBefore += segment.bytes;
    packed.bytesAfter += after;
  }
  const commitments = new Set(pruned.flatMap((one) => one.commitments));
  const openingsDeleted =
    commitments.size === 0 ? 0 : await place.shared.hold(() => deleteOpenings(files, commitments));
  return { packed, pruned: sumOf(toPrune, pruned), openingsDeleted };
}

async function prune(
  { files, shared, pid, verifierKey }: RetainPlace,
  segments: readonly Segment[],
  step: (done: number, segment: string) => void,
  beforeMs: number,
): Promise<PrunedSegment[]> {
  const verdict = await verifyAuditTrail(files.folder, { verifierKey });
  if (verdict.state !== "intact") {
    throw damaged(`the trail is ${verdict.state}: nothing of it is pruned`, files.folder);
  }
  const pruned: PrunedSegment[] = [];
  try {
    for (const [at, segment] of segments.entries()) {
      step(at, segment.name);
      pruned.push(await pruneSegment(segment, files, pid));
    }
    for (let at = 0; at < pruned.length; at += MAX_RANGES) {
      const ranges = pruned
        .slice(at, at + MAX_RANGES)
        .map(({ from, to, records, sha256 }) => ({ from, to, records, leaves_sha256: sha256 }));
      await shared.write([
        ownRecord({ type: "log.pruned", pruned: { before: new Date(beforeMs).toISOString(), ranges } }),
      ]);
    }
    await shared.sign();
  } catch (error) {
    for (const { temporary } of pruned) rmSync(temporary, { force: true });
    throw error;
  }
  for (const { from, to, temporary } of pruned) {
    renameSync(temporary, join(files.sealed, sealedName(from, to, "leaves")));
    syncFolder(files.sealed);
    for (const form of ["plain", "gzip"] as const) {
      rmSync(join(files.sealed, sealedName(from, to, form)), { force: true });
    }
  }
  syncFolder(files.sealed);
  return pruned;
}

/** Closed segments past a limit, oldest first; pruning takes a beginning of the trail, never a part out of its middle. */
async function chooseSegments(files: TrailFiles, { packBeforeMs, pruneBeforeMs }: TrailRetention) {
  const segments = await openSegments(files);
  const toPrune: Segment[] = [];
  const toPack: Segment[] = [];
  try {
    let beginning = true;
    for (const segment of segments) {
      if (!segment.sealed || segment.form === "leaves") continue;
      const isOlder = async (limit: number | undefined) => limit !== undefined && (await isOld(segment, limit));
      if (beginning && (await isOlder(pruneBeforeMs))) toPrune.push(segment);
      else {
        beginning = false;
        if (segment.form === "plain" && (await isOlder(packBeforeMs))) toPack.push(segment);
      }
    }
  } finally {
    await closeSegments(segments);
  }
  return { toPrune, toPack };
}

async function isOld(segment: OpenSegment, limitMs: number): Promise<boolean> {
  // Most segments are young by their first record already; the last one of a packed segment is dear to read.
  if (!(timeOfLine(firstLine(segment)) <= limitMs)) return false;
  for await (const { bytes } of segmentLinesBackwards(segment, segment.bytes))
    return timeOfLine(bytes.toString()) <= limitMs;
  return false;
}

/** What processes that died while they packed or pruned left; nobody else works on closed segments for so long. */
function forgetUnfinished({ sealed, records }: TrailFiles): void {
  const newest = statSync(records, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  for (const name of namesIn(sealed).filter((one) => /\.new-\d+$/.test(one))) {
    const path = join(sealed, name);
    const facts = statSync(path, { throwIfNoEntry: false });
    if (facts !== undefined && newest - facts.mtimeMs > 3_600_000) unlinkSync(path);
  }
}

function planned(toPrune: readonly Segment[], toPack: readonly Segment[]): TrailRetained {
  const bytesOf = (segments: readonly Segment[]) => segments.reduce((sum, { bytes }) => sum + bytes, 0);
  return {
    packed: { segments: toPack.length, bytesBefore: bytesOf(toPack), bytesAfter: 0 },
    pruned: {
      segments: toPrune.length,
      records: toPrune.reduce((sum, { first, last = first }) => sum + last - first + 1, 0),
      ranges: toPrune.map(({ first, last = first }) => ({ from: first, to: last })),
      bytesBefore: bytesOf(toPrune),
      bytesAfter: 0,
    },
    openingsDeleted: 0,
  };
}

function sumOf(segments: readonly Segment[], pruned: readonly PrunedSegment[]): TrailRetained["pruned"] {
  return {
    segments: pruned.length,
    records: pruned.reduce((sum, { records }) => sum + records, 0),
    ranges: pruned.map(({ from, to }) => ({ from, to })),
    bytesBefore: segments.reduce((sum, { bytes }) => sum + bytes, 0),
    bytesAfter: pruned.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function cancelled(): FalcoSkillsError {
  return new FalcoSkillsError("CANCELLED", "the retention of the audit trail was cancelled", {
    fix: "Apply the retention again: what was done stays done.",
  });
}
