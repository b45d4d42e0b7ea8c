import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { parseCheckpoint, type TreeHead } from "./checkpoint.ts";
import { lineAt } from "./erase-openings.ts";
import { damaged } from "./errors.ts";
import { readGenesis } from "./load-trail.ts";
import { leafHash } from "./merkle-tree.ts";
import { closeSegments, type OpenSegment, openSegments } from "./open-segments.ts";
import { firstLine, leafOfLine, segmentLines } from "./segment-lines.ts";
import { readSignedHead } from "./signed-heads.ts";
import { checkNote, type NoteVerifier, parseVkey } from "./signed-note.ts";
import { readSmall, type TrailFiles, trailFiles } from "./trail-files.ts";
import { consistencyProof, inclusionProof, treeRoot, verifyInclusion } from "./tree-proofs.ts";

const TLOG_PROOF = "c2sp.org/tlog-proof@v1";

export interface ConsistencyProof {
  readonly older: { readonly size: number; readonly root: string };
  readonly newer: { readonly size: number; readonly root: string };
  /** Hex, in RFC 6962 order. */
  readonly proof: readonly string[];
}

/**
 * A `.tlog-proof` (C2SP) that a record stands in the trail: record number, audit path, the newest signed head. It can be
 * checked without the trail. Reads the whole trail. Fails with INVALID_ARGUMENT when no such record is signed yet,
 * AUDIT_DAMAGED when the records are not the signed ones.
 */
export async function proveRecord(folder: string, seq: number): Promise<string> {
  const files = trailFiles(folder);
  const note = readSmall(files.checkpoint) ?? "";
  const { size, leaves } = await signedLeaves(files);
  if (!Number.isInteger(seq) || seq < 0 || seq >= size) throw outside(`record ${seq}`, size);
  const path = inclusionProof(leaves, seq).map((hash) => hash.toString("base64"));
  return [TLOG_PROOF, `index ${seq}`, ...path, "", note].join("\n");
}

/** Whether a record's line (without LF) is proven by a `.tlog-proof` under a key. Reads nothing but its arguments. */
export function checkRecordProof(proof: string, line: Uint8Array, verifier: NoteVerifier): boolean {
  const at = proof.indexOf("\n\n");
  const [kind, index, ...path] = proof.slice(0, at).split("\n");
  const place = /^index (0|[1-9]\d{0,14})$/.exec(index ?? "")?.[1];
  const { text, check } = checkNote(proof.slice(at + 2), verifier);
  const head = parseCheckpoint(text);
  if (at < 0 || kind !== TLOG_PROOF || place === undefined || check !== "signed" || head === undefined) return false;
  const hashes = path.map((hash) => Buffer.from(hash, "base64"));
  if (head.origin !== verifier.name || hashes.some((hash) => hash.length !== 32)) return false;
  return verifyInclusion({
    leaf: leafHash(line),
    index: Number(place),
    size: head.size,
    root: head.root,
    proof: hashes,
  });
}

/**
 * Proof that the trail at one size is a beginning of the trail at a later one, its newest signed size when none is given.
 * Fails as proveRecord does.
 */
export async function proveConsistency(
  folder: string,
  olderSize: number,
  newerSize?: number,
): Promise<ConsistencyProof> {
  const signed = await signedLeaves(trailFiles(folder));
  const size = newerSize ?? signed.size;
  if (!Number.isInteger(size) || size < 1 || size > signed.size) throw outside(`size ${size}`, signed.size);
  if (!Number.isInteger(olderSize) || olderSize < 1 || olderSize > size) throw outside(`size ${olderSize}`, size);
  const leaves = signed.leaves.subarray(0, size * 32);
  return {
    older: { size: olderSize, root: treeRoot(leaves, 0, olderSize).toString("hex") },
    newer: { size, root: treeRoot(leaves).toString("hex") },
    proof: consistencyProof(leaves, olderSize).map((hash) => hash.toString("hex")),
  };
}

/** The line of a record, without LF: what its proof is about. Fails with INVALID_ARGUMENT when its body is not there. */
export async function recordText(folder: string, seq: number): Promise<string> {
  const line = await lineAt(trailFiles(folder), seq);
  if (line?.startsWith("{")) return line;
  throw new FalcoSkillsError(
    "INVALID_ARGUMENT",
    line === undefined ? `the trail has no record ${seq}` : `the body of record ${seq} is past its retention`,
    { fix: "Take a record that search_audit shows." },
  );
}

async function signedLeaves(files: TrailFiles): Promise<{ readonly size: number; readonly leaves: Buffer }> {
  const segments = await openSegments(files);
  try {
    const head = signedHeadOf(files, segments);
    const leaves = Buffer.alloc(head.size * 32);
    let count = 0;
    for (const segment of segments) {
      for await (const batch of segmentLines(segment, 0)) {
        if ("rest" in batch) break;
        let from = 0;
        for (let lf = batch.bytes.indexOf(10); lf >= 0 && count < head.size; lf = batch.bytes.indexOf(10, from)) {
          const line = batch.bytes.subarray(from, lf);
          leaves.set((segment.form === "leaves" ? leafOfLine(line) : undefined) ?? leafHash(line), count * 32);
          count += 1;
          from = lf + 1;
        }
      }
    }
    const same = count === head.size && count > 0 && treeRoot(leaves).equals(head.root);
    if (!same) throw damaged(`the first ${head.size} records are not those that were signed`, files.folder);
    return { size: count, leaves };
  } finally {
    await closeSegments(segments);
  }
}

function signedHeadOf(files: TrailFiles, segments: readonly OpenSegment[]): TreeHead {
  const first = segments.find(({ bytes }) => bytes > 0);
  const genesis = first && readGenesis(firstLine(first) ?? "");
  const verifier = genesis && parseVkey(genesis.verifierKey);
  const read = verifier && readSignedHead(files.checkpoint, genesis.log, verifier);
  if (read?.state !== "signed") throw damaged("the audit trail has no signed head", files.checkpoint);
  return read.head;
}

function outside(seen: string, size: number): FalcoSkillsError {
  return new FalcoSkillsError("INVALID_ARGUMENT", `${seen} is outside the ${size} records that are signed`, {
    fix: "Take a record that search_audit shows, after the next checkpoint.",
  });
}
