import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { readCanonical } from "./canonical-json.ts";
import { commitmentsOf } from "./erase-openings.ts";
import { damaged, unwritable } from "./errors.ts";
import { leafHash } from "./merkle-tree.ts";
import type { OpenSegment } from "./open-segments.ts";
import { segmentLines } from "./segment-lines.ts";
import { type Segment, sealedName, type TrailFiles } from "./trail-files.ts";

/** A segment of leaves, written aside and made durable, that is to stand in for a closed one. */
export interface PrunedSegment {
  readonly from: number;
  readonly to: number;
  /** Records whose bodies are not in it. */
  readonly records: number;
  /** SHA-256 over the leaves of all its records. */
  readonly sha256: string;
  /** What the records without a body committed to. */
  readonly commitments: readonly string[];
  readonly temporary: string;
  readonly bytes: number;
}

/** What the trail says of itself, and the custody of evidence, is kept for ever: proofs rest on it. */
const KEPT = /"type":"(?:log|redaction|evidence)\.[a-z]+"/;

/** The leaves of a closed segment as a file beside it: a line of 64 hex digits, or a record that is kept whole. */
export async function pruneSegment(segment: Segment, files: TrailFiles, pid: number): Promise<PrunedSegment> {
  const { first, last = first, path } = segment;
  const temporary = `${join(files.sealed, sealedName(first, last, "leaves"))}.new-${pid}`;
  const source = await open(path, "r");
  try {
    const target = await open(temporary, "w", 0o600);
    try {
      const leaves = createHash("sha256");
      const told = { records: 0, seen: 0, bytes: 0, commitments: [] as string[] };
      for await (const batch of segmentLines({ ...segment, file: source } satisfies OpenSegment, 0)) {
        if ("rest" in batch) throw damaged("a closed segment cannot be read to its end", path);
        const text = Buffer.from(reduced(batch.bytes, leaves, told));
        told.bytes += text.length;
        await target.writeFile(text);
      }
      await target.sync();
      if (told.seen !== last - first + 1) {
        throw damaged("a closed segment does not hold what its name says", path);
      }
      const { records, commitments, bytes } = told;
      return { from: first, to: last, records, commitments, bytes, sha256: leaves.digest("hex"), temporary };
    } finally {
      await target.close();
    }
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw (cause as NodeJS.ErrnoException).syscall === undefined ? cause : unwritable(temporary, cause);
  } finally {
    await source.close();
  }
}

interface Told {
  records: number;
  seen: number;
  readonly commitments: string[];
}

function reduced(lines: Buffer, leaves: ReturnType<typeof createHash>, told: Told): string {
  const kept: string[] = [];
  let from = 0;
  for (let lf = lines.indexOf(10); lf >= 0; lf = lines.indexOf(10, from)) {
    const line = lines.subarray(from, lf);
    const leaf = leafHash(line);
    const text = line.toString();
    leaves.update(leaf);
    told.seen += 1;
    if (isKept(text)) kept.push(text);
    else {
      kept.push(leaf.toString("hex"));
      told.records += 1;
      if (text.includes('"commit":')) told.commitments.push(...commitmentsIn(text));
    }
    from = lf + 1;
  }
  return kept.map((line) => `${line}\n`).join("");
}

function isKept(text: string): boolean {
  if (!KEPT.test(text)) return false;
  const read = readCanonical(text);
  return "value" in read && /^(?:log|redaction|evidence)\./.test(String(read.value.type));
}

function commitmentsIn(text: string): string[] {
  const read = readCanonical(text);
  return "value" in read ? commitmentsOf(read.value) : [];
}
