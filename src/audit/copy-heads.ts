import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "../paths/write-file.ts";
import { unwritable } from "./errors.ts";
import { lookForHeads, readHistory } from "./heads-to-check.ts";
import { readGenesis } from "./load-trail.ts";
import { firstLine } from "./segment-lines.ts";
import { openCheckpoint } from "./signed-heads.ts";
import { parseVkey } from "./signed-note.ts";
import { listSegments, readSmall, trailFiles } from "./trail-files.ts";
import type { AuditHead } from "./trail-interface.ts";

export interface CopiedHeads {
  readonly log: string;
  readonly verifierKey: string;
  /** Heads that were not there before, smallest first. */
  readonly added: readonly AuditHead[];
}

const MAX_HEADS_BYTES = 67_108_864;

/**
 * Copies the signed heads of a trail to `<to>/<log>.heads` (lines of size and root) and the newest note to
 * `<to>/<log>.note`; those that are there stay as they are. Undefined when the trail never began. Heads that the trail's
 * key did not sign are left out. Fails with AUDIT_UNWRITABLE.
 */
export function copyHeads(folder: string, to: string): CopiedHeads | undefined {
  const files = trailFiles(folder);
  const first = listSegments(files).find(({ bytes }) => bytes > 0);
  const genesis = first && readGenesis(firstLine(first) ?? "");
  const verifier = genesis && parseVkey(genesis.verifierKey);
  if (genesis === undefined || verifier === undefined) return undefined;
  const { log, verifierKey } = genesis;
  const onDisk = lookForHeads(files);
  const newest = onDisk.checkpoint;
  const notes = [...readHistory(files, onDisk, 0), ...(newest === undefined ? [] : [newest])];
  const heads = new Map<number, AuditHead>();
  for (const note of notes) {
    const read = openCheckpoint(note, log, verifier);
    if (read.state === "signed")
      heads.set(read.head.size, { size: read.head.size, root: read.head.root.toString("hex") });
  }
  try {
    mkdirSync(to, { recursive: true });
    const path = join(to, `${log}.heads`);
    const there = new Set((readSmall(path, MAX_HEADS_BYTES) ?? "").split("\n"));
    const added = [...heads.values()].filter((head) => !there.has(lineOf(head))).sort((a, b) => a.size - b.size);
    if (added.length > 0) appendFileSync(path, added.map((head) => `${lineOf(head)}\n`).join(""));
    if (newest !== undefined) replaceFile(join(to, `${log}.note`), newest, "durable");
    return { log, verifierKey, added };
  } catch (cause) {
    throw unwritable(to, cause);
  }
}

const lineOf = ({ size, root }: AuditHead): string => `${size} ${root}`;
