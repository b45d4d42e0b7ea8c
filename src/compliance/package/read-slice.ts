import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readGenesis } from "../../audit/load-trail.ts";
import { leafHash } from "../../audit/merkle-tree.ts";
import { closeSegments, openSegments } from "../../audit/open-segments.ts";
import { firstLine, leafOfLine, segmentLines } from "../../audit/segment-lines.ts";
import { openCheckpoint } from "../../audit/signed-heads.ts";
import { type NoteVerifier, parseVkey } from "../../audit/signed-note.ts";
import { namesIn, readSmall, type TrailFiles, trailFiles } from "../../audit/trail-files.ts";
import { treeRoot } from "../../audit/tree-proofs.ts";
import * as wrong from "./errors.ts";
import { rangeProof } from "./range-proof.ts";

/** Which records a package is about; what lies between the first and the last of them comes along. */
export type SliceScope =
  | { readonly kind: "whole" }
  | { readonly kind: "checklist" | "run"; readonly value: string }
  | { readonly kind: "window"; readonly fromMs: number; readonly toMs: number };

export interface TrailSlice {
  readonly log: string;
  readonly vkey: string;
  /** The signed head that covers it, byte for byte. */
  readonly checkpoint: string;
  readonly from: number;
  readonly to: number;
  readonly total: number;
  readonly root: string;
  readonly proof: readonly string[];
  /** Lines without their LF. */
  readonly lines: readonly string[];
}

const MOST_BYTES = 512 * 1024 * 1024;

/**
 * The records of a scope with the smallest signed head over them and what proves their place under it. Undefined while
 * no signed head covers them. `headsFolder` remembers the heads that packages were made under, so that a package made
 * again is the same. Fails with EXPORT_EMPTY or EXPORT_TRAIL_UNUSABLE.
 */
export async function readSlice(
  auditFolder: string,
  headsFolder: string,
  scope: SliceScope,
  needed: readonly number[],
): Promise<TrailSlice | undefined> {
  const files = trailFiles(auditFolder);
  const segments = await openSegments(files);
  try {
    const first = segments.find(({ bytes }) => bytes > 0);
    const genesis = readGenesis((first && firstLine(first)) ?? "");
    const verifier = genesis && parseVkey(genesis.verifierKey);
    if (genesis === undefined || verifier === undefined) throw wrong.empty();
    const { leaves, lines, pruned } = await readLines(segments);
    const chosen = rangeOf(lines, scope, needed, pruned);
    if (chosen === undefined) throw wrong.empty();
    const [from, to] = chosen;
    const head = headOver(files, headsFolder, genesis.log, verifier, to, lines.length);
    if (head === undefined) return undefined;
    const covered = leaves.subarray(0, head.size * 32);
    if (covered.length !== head.size * 32 || !treeRoot(covered).equals(head.root)) throw wrong.trailUnusable();
    mkdirSync(headsFolder, { recursive: true, mode: 0o700 });
    writeFileSync(join(headsFolder, `${genesis.log}-${head.size}.note`), head.note, { mode: 0o600 });
    return {
      log: genesis.log,
      vkey: verifier.vkey,
      checkpoint: head.note,
      from,
      to,
      total: head.size,
      root: head.root.toString("hex"),
      proof: rangeProof(covered, from, to, head.size).map((hash) => hash.toString("hex")),
      lines: lines.slice(from, to),
    };
  } finally {
    await closeSegments(segments);
  }
}

async function readLines(segments: Awaited<ReturnType<typeof openSegments>>) {
  const total = segments.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > MOST_BYTES) throw wrong.trailTooLarge(total, MOST_BYTES);
  const leaves: Buffer[] = [];
  const lines: string[] = [];
  let pruned = 0;
  for (const segment of segments) {
    for await (const batch of segmentLines(segment, 0)) {
      if ("rest" in batch) break;
      let from = 0;
      for (let lf = batch.bytes.indexOf(10); lf >= 0; lf = batch.bytes.indexOf(10, from)) {
        const line = batch.bytes.subarray(from, lf);
        const gone = segment.form === "leaves" ? leafOfLine(line) : undefined;
        leaves.push(gone ?? leafHash(line));
        lines.push(line.toString());
        from = lf + 1;
      }
    }
    if (segment.form === "leaves") pruned = lines.length;
  }
  return { leaves: Buffer.concat(leaves), lines, pruned };
}

/** Calls that only make packages: counting them in would make each package different from the one before. */
const OWN = /"type":"(?:evidence\.exported|session\.start|session\.end)"|"tool":"export_evidence"/;

function rangeOf(
  lines: readonly string[],
  scope: SliceScope,
  needed: readonly number[],
  pruned: number,
): readonly [number, number] | undefined {
  const is = matcher(scope);
  const intents = new Set<string>();
  // A package shows records one after the other: where bodies are gone it cannot begin.
  const there = needed.filter((seq) => seq >= pruned);
  let low = Math.min(...there, Number.MAX_SAFE_INTEGER);
  let high = Math.max(...there, -1);
  lines.forEach((line, seq) => {
    if (seq < pruned || OWN.test(line)) return;
    const answered = /"intent_seq":(\d{1,15})[,}]/.exec(line)?.[1];
    if (!is(line) && (answered === undefined || !intents.has(answered))) return;
    intents.add(String(seq));
    low = Math.min(low, seq);
    high = Math.max(high, seq);
  });
  if (high < 0) return undefined;
  return scope.kind === "whole" ? [pruned, high + 1] : [low, high + 1];
}

function matcher(scope: SliceScope): (line: string) => boolean {
  if (scope.kind === "whole") return () => true;
  if (scope.kind === "window") {
    return (line) => {
      const at = Date.parse(/"ts":"([^"]{20,30})"/.exec(line)?.[1] ?? "");
      return at >= scope.fromMs && at < scope.toMs;
    };
  }
  const needle = JSON.stringify(scope.value);
  if (scope.kind === "run") return (line) => line.includes(`"run":${needle}`) || line.includes(`"run_id":${needle}`);
  return (line) => line.includes(`"checklist":{"id":${needle}`) || line.includes(`"checklist":${needle}`);
}

function headOver(
  files: TrailFiles,
  headsFolder: string,
  log: string,
  verifier: NoteVerifier,
  to: number,
  lines: number,
): { readonly note: string; readonly size: number; readonly root: Buffer } | undefined {
  const remembered = namesIn(headsFolder).filter((name) => name.startsWith(`${log}-`));
  const kept = namesIn(files.checkpoints).filter((name) => /^\d+\.note$/.test(name));
  const candidates = [
    ...remembered.map((name) => ({ path: join(headsFolder, name), size: Number(/-(\d+)\.note$/.exec(name)?.[1]) })),
    ...kept.map((name) => ({ path: join(files.checkpoints, name), size: Number.parseInt(name, 10) })),
  ]
    .filter(({ size }) => size >= to && size <= lines)
    .sort((a, b) => a.size - b.size);
  for (const { path } of [...candidates, { path: files.checkpoint, size: 0 }]) {
    const note = readSmall(path);
    const read = note === undefined ? undefined : openCheckpoint(note, log, verifier);
    if (note === undefined || read?.state !== "signed") continue;
    if (read.head.size >= to && read.head.size <= lines) return { note, size: read.head.size, root: read.head.root };
  }
  return undefined;
}
