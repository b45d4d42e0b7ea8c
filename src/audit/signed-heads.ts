import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "../paths/write-file.ts";
import { canonicalJson } from "./canonical-json.ts";
import { formatCheckpoint, originOf, parseCheckpoint, type TreeHead } from "./checkpoint.ts";
import { type CompactRange, peakCount, rangeRoot } from "./merkle-tree.ts";
import { checkNote, type NoteSigner, type NoteVerifier, signNote } from "./signed-note.ts";
import { readSmall, type TrailFiles } from "./trail-files.ts";

/** Where reading can begin: the tree's right edge at a signed head and the place of the next record. */
export interface Edge {
  readonly range: CompactRange;
  /** Leaf of the last record, hex. */
  readonly leaf: string;
  /** First record number of the segment that holds the next record, and the byte where it begins. */
  readonly segmentFirst: number;
  readonly offset: number;
}

export type OpenedHead =
  | { readonly state: "bad"; readonly reason: string }
  | { readonly state: "signed"; readonly head: TreeHead };

export type ReadHead = OpenedHead | { readonly state: "missing" };

/** The newest signed head, or why there is none that can be relied on. */
export function readSignedHead(path: string, log: string, verifier: NoteVerifier): ReadHead {
  const note = readSmall(path);
  return note === undefined ? { state: "missing" } : openCheckpoint(note, log, verifier);
}

/** The head of a signed note, checked against key and origin. */
export function openCheckpoint(note: string, log: string, verifier: NoteVerifier): OpenedHead {
  const { text, check } = checkNote(note, verifier);
  if (check !== "signed") return { state: "bad", reason: `checkpoint-${check}` };
  const head = parseCheckpoint(text);
  if (head === undefined) return { state: "bad", reason: "checkpoint-malformed" };
  return head.origin === originOf(log) ? { state: "signed", head } : { state: "bad", reason: "checkpoint-origin" };
}

export interface HeadToSign {
  readonly files: TrailFiles;
  readonly log: string;
  readonly signer: NoteSigner;
  readonly edge: Edge;
  /** Also keep the note under checkpoints/. */
  readonly keep: boolean;
}

/** Signs the edge's head and stores it. The records it covers must be on the disk already. */
export function storeSignedHead({ files, log, signer, edge, keep }: HeadToSign): TreeHead {
  const head = { origin: originOf(log), size: edge.range.size, root: rangeRoot(edge.range) };
  const note = signNote(formatCheckpoint(head), signer);
  replaceFile(files.checkpoint, note, "durable");
  // What follows only saves time or says where damage began: after a power cut it may be missing.
  replaceFile(files.edge, formatEdge(edge), "lazy");
  if (keep) replaceFile(join(files.checkpoints, `${head.size}.note`), note, "lazy");
  return head;
}

/** Adds a head to `<folder>/<log>.heads` (lines of size and root) and copies the signed note to `<folder>/<log>.note`. */
export function copyHead(folder: string, files: TrailFiles, log: string, head: TreeHead): void {
  mkdirSync(folder, { recursive: true });
  appendFileSync(join(folder, `${log}.heads`), `${head.size} ${head.root.toString("hex")}\n`);
  replaceFile(join(folder, `${log}.note`), readSmall(files.checkpoint) ?? "", "lazy");
}

function formatEdge({ range, leaf, segmentFirst, offset }: Edge): string {
  const peaks = range.peaks.map((peak) => peak.toString("hex"));
  return `${canonicalJson({ v: 1, size: range.size, peaks, leaf, segment_first: segmentFirst, offset })}\n`;
}

/** The stored edge of exactly this head; undefined when it is missing or does not fold to the head's root. */
export function readEdge(files: TrailFiles, head: TreeHead): Edge | undefined {
  const stored = parseEdge(readSmall(files.edge) ?? "");
  if (stored === undefined || stored.range.size !== head.size) return undefined;
  return rangeRoot(stored.range).equals(head.root) ? stored : undefined;
}

function parseEdge(text: string): Edge | undefined {
  try {
    const { v, size, peaks, leaf, segment_first: segmentFirst, offset } = JSON.parse(text);
    const hashes = (peaks as string[]).map((peak) => Buffer.from(peak, "hex"));
    const sound = v === 1 && [size, segmentFirst, offset].every((value) => Number.isSafeInteger(value) && value >= 0);
    const full = hashes.length === peakCount(size) && hashes.every((hash) => hash.length === 32);
    if (!sound || !full || !/^[0-9a-f]{64}$/.test(leaf)) return undefined;
    return { range: { size, peaks: hashes }, leaf, segmentFirst, offset };
  } catch {
    return undefined;
  }
}
