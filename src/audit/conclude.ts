import { readCanonical } from "./canonical-json.ts";
import type { ExpectedHead, Failure } from "./heads-to-check.ts";
import type { Genesis } from "./load-trail.ts";
import type { PrunedRange } from "./observe-pruning.ts";
import { FORMAT_VERSION } from "./record.ts";
import type { Scan } from "./scan-trail.ts";
import type { Edge } from "./signed-heads.ts";
import { type AuditVerdict, EXIT_CODES, type Tier, type VerdictState } from "./verdict.ts";
import type { VerifyOptions } from "./verify-options.ts";

/** Which failure a verdict is named after when there are several. */
const GRAVITY: readonly VerdictState[] = [
  "unsupported",
  "tampered",
  "forked",
  "truncated",
  "diverged",
  "untrusted-key",
  "evidence-mismatch",
];

export function fail(state: VerdictState, reason: string): Failure {
  return { state, reason };
}

/** What reading found: a bad record, a fork, heads that the tree did not have or never reached. */
export function scanFailures(scan: Scan, expected: readonly ExpectedHead[]): Failure[] {
  const failures: Failure[] = [];
  if (scan.firstBad !== undefined) failures.push(fail("tampered", scan.firstBad.reason));
  if (scan.forkedAt !== undefined) failures.push(fail("forked", "forked"));
  for (const { head, same } of scan.heads) {
    if (!same)
      failures.push(
        head.source === "known" ? fail("diverged", "known-head-root") : fail("tampered", `${head.source}-root`),
      );
  }
  // Behind a bad record nothing was read: that the rest is missing, or confesses something, is not known.
  if (scan.firstBad !== undefined || scan.forkedAt !== undefined) return failures;
  failures.push(...scan.seen.pruning.unconfessed().map(({ reason }) => fail("tampered", reason)));
  for (const { size, source } of expected) {
    if (size <= scan.records) continue;
    failures.push(
      source === "known" ? fail("diverged", "known-head-beyond") : fail("truncated", `shorter-than-${source}`),
    );
  }
  return failures;
}

export interface Findings {
  readonly segments: number;
  readonly scan: Scan;
  readonly genesis: Genesis;
  readonly failures: readonly Failure[];
  readonly edge: Edge | undefined;
  readonly options: VerifyOptions;
  /** Words for what fails nothing, found beside the records. */
  readonly beside: readonly string[];
}

/** The verdict over everything that was found. */
export function conclude({ segments, scan, genesis, failures, edge, options, beside }: Findings): AuditVerdict {
  const chainHolds = scan.firstBad === undefined && scan.forkedAt === undefined;
  const signedSize = largest(scan, ["checkpoint"]);
  const anchoredSize = largest(scan, ["known"]);
  const failed = GRAVITY.find((state) => failures.some((failure) => failure.state === state));
  const state = failed ?? (options.requireAnchor && anchoredSize === 0 ? "unanchored" : "intact");
  const wrong = scan.heads.find(({ same }) => !same);
  const [taken] = chainHolds ? scan.seen.pruning.unconfessed() : [];
  const suspect =
    wrong !== undefined
      ? { fromSeq: wrong.after, toSeq: wrong.head.size }
      : taken && { fromSeq: taken.range.from, toSeq: taken.range.to + 1 };
  const orphans = scan.seen.orphans();
  return {
    state,
    exitCode: EXIT_CODES[state],
    tier: tierOf(chainHolds, failed !== undefined, signedSize, anchoredSize),
    log: genesis.log,
    records: scan.records,
    bytes: scan.bytes,
    segments,
    ...(chainHolds ? { root: scan.root } : {}),
    signedSize,
    anchoredSize,
    pinned: options.verifierKey !== undefined,
    verifierKey: genesis.verifierKey,
    startedAt: edge?.range.size ?? 0,
    ...(scan.firstBad === undefined ? {} : { firstBad: scan.firstBad }),
    ...(suspect === undefined ? {} : { suspect }),
    orphanIntents: orphans.shown,
    orphanIntentCount: orphans.count,
    pruned: joinRanges(scan.seen.pruning.pruned),
    prunedRecords: scan.seen.pruning.pruned.reduce((sum, { records }) => sum + records, 0),
    erased: scan.seen.pruning.erasures,
    torn: scan.seen.torn(),
    reasonCodes: [
      ...new Set([...failures.map(({ reason }) => reason), ...notices(scan, signedSize, edge, options), ...beside]),
    ],
  };
}

function joinRanges(ranges: readonly PrunedRange[]): { from: number; to: number }[] {
  const joined: { from: number; to: number }[] = [];
  for (const { from, to } of ranges) {
    const last = joined.at(-1);
    if (last?.to === from - 1) last.to = to;
    else joined.push({ from, to });
  }
  return joined;
}

// A check that failed lends no strength: what is left is that the records follow from each other.
function tierOf(chainHolds: boolean, failed: boolean, signedSize: number, anchoredSize: number): Tier {
  if (!chainHolds) return "NONE";
  if (failed || signedSize === 0) return "CHAINED";
  return anchoredSize > 0 ? "ANCHORED" : "SIGNED";
}

function largest(scan: Scan, sources: readonly ExpectedHead["source"][]): number {
  const same = scan.heads.filter((passed) => passed.same && sources.includes(passed.head.source));
  return same.at(-1)?.head.size ?? 0;
}

function notices(scan: Scan, signedSize: number, edge: Edge | undefined, options: VerifyOptions): string[] {
  return [
    ...(options.verifierKey === undefined ? ["unpinned"] : []),
    ...(scan.records > signedSize ? ["unsigned-tail"] : []),
    ...(scan.tornTail ? ["torn-tail"] : []),
    ...(options.fromCheckpoint && edge === undefined ? ["edge-unusable"] : []),
    ...scan.seen.notices(),
  ];
}

/** The verdict over a folder without a single record: nothing ever was, or everything was taken away. */
export function nothingToRead(segments: number, neverBegan: boolean, options: VerifyOptions): AuditVerdict {
  // Half a first line is what a process leaves that died at the very beginning.
  if (!neverBegan) return withoutRecords("truncated", segments, ["records-gone"]);
  const expected = (options.knownHeads?.length ?? 0) > 0;
  return expected
    ? withoutRecords("diverged", segments, ["known-head-beyond"])
    : withoutRecords("absent", segments, []);
}

/** The verdict over records that do not begin with a first record. */
export function noGenesis(segments: number, segment: string, line: string): AuditVerdict {
  const read = readCanonical(line);
  const other = "value" in read && read.value.v !== FORMAT_VERSION;
  const reason = other ? "wrong-version" : "reason" in read ? read.reason : "no-genesis";
  const verdict = withoutRecords(other ? "unsupported" : "tampered", segments, [reason]);
  return { ...verdict, firstBad: { seq: 0, line: 1, byteOffset: 0, segment, reason } };
}

function withoutRecords(state: VerdictState, segments: number, reasonCodes: readonly string[]): AuditVerdict {
  return {
    state,
    exitCode: EXIT_CODES[state],
    tier: "NONE",
    records: 0,
    bytes: 0,
    segments,
    signedSize: 0,
    anchoredSize: 0,
    pinned: false,
    startedAt: 0,
    orphanIntents: [],
    orphanIntentCount: 0,
    pruned: [],
    prunedRecords: 0,
    erased: [],
    torn: 0,
    reasonCodes,
  };
}
