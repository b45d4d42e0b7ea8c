import { appendFileSync, fdatasyncSync, ftruncateSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { syncFolder } from "../paths/write-file.ts";
import type { AuditReceipt } from "./audit-entry.ts";
import { canonicalJson } from "./canonical-json.ts";
import { catchUp } from "./catch-up.ts";
import { unwritable } from "./errors.ts";
import { appendLeaf, copyRange, leafHash, rangeRoot } from "./merkle-tree.ts";
import { ownRecord, type PreparedRecord, recordLine } from "./record.ts";
import { copyHead, storeSignedHead } from "./signed-heads.ts";
import { sealedName } from "./trail-files.ts";
import type { AuditTrailOptions } from "./trail-interface.ts";
import { checkSignedHead, closeActive, monthEndMs, openActive, type TrailState } from "./trail-state.ts";

export interface WriterClock {
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  readonly random: (bytes: number) => Uint8Array;
  readonly pid: number;
}

/**
 * Receipts of the records, in order, after one write at the true end of the trail. To be called while the lock is held:
 * the end is looked for here, inside, because reading it earlier is how trails fork. When writing fails nothing of the
 * batch remains. Fails with AUDIT_UNWRITABLE or AUDIT_DAMAGED.
 */
export function writeRecords(
  state: TrailState,
  batch: readonly PreparedRecord[],
  clock: WriterClock,
  segmentBytes: number,
): AuditReceipt[] {
  catchUp(state);
  const nowMs = clock.nowMs();
  if (state.offset > 0 && (state.offset >= segmentBytes || nowMs >= state.sealAtMs)) sealSegment(state);
  if (state.offset === 0) state.sealAtMs = monthEndMs(nowMs);
  const { recovered } = state;
  const records = recovered === undefined ? batch : [ownRecord({ type: "log.recovered", recovered }), ...batch];
  const { tree, lines, leaves, receipts } = buildLines(state, records, clock);
  keepOpenings(state, records);
  writeOnce(
    state,
    lines,
    records.some(({ durable }) => durable),
  );
  state.range = tree;
  state.sinceBase.push(...leaves);
  state.prev = receipts.at(-1)?.leaf ?? state.prev;
  state.recovered = undefined;
  return receipts.slice(records.length - batch.length);
}

function buildLines(state: TrailState, records: readonly PreparedRecord[], clock: WriterClock) {
  const tree = copyRange(state.range);
  const lines: Buffer[] = [];
  const leaves: Buffer[] = [];
  const receipts: AuditReceipt[] = [];
  let { prev } = state;
  for (const record of records) {
    const line = recordLine(record, {
      log: state.log,
      seq: tree.size,
      prev,
      nowMs: clock.nowMs(),
      monotonicMs: clock.monotonicMs(),
      pid: clock.pid,
      random: clock.random(10),
    });
    const leaf = leafHash(line);
    appendLeaf(tree, leaf);
    prev = leaf.toString("hex");
    lines.push(line);
    leaves.push(leaf);
    receipts.push({
      log: state.log,
      seq: tree.size - 1,
      leaf: prev,
      size: tree.size,
      root: rangeRoot(tree).toString("hex"),
    });
  }
  return { tree, lines, leaves, receipts };
}

function writeOnce(state: TrailState, lines: readonly Buffer[], durable: boolean): void {
  const bytes = Buffer.allocUnsafe(lines.reduce((sum, line) => sum + line.length + 1, 0));
  let filled = 0;
  for (const line of lines) {
    bytes.set(line, filled);
    filled += line.length + 1;
    bytes[filled - 1] = 10;
  }
  try {
    const written = writeSync(state.fd, bytes);
    if (written < bytes.length) throw Object.assign(new Error("short write"), { code: "ENOSPC" });
    if (durable) fdatasyncSync(state.fd);
  } catch (cause) {
    takeBack(state);
    throw unwritable(state.files.records, cause);
  }
  state.offset += bytes.length;
}

function takeBack(state: TrailState): void {
  try {
    ftruncateSync(state.fd, state.offset);
  } catch {
    // What is left is a half line, which the next writer sets aside.
  }
}

// Before the record: a commitment that nobody can open is worse than an opening that nobody asked for.
function keepOpenings(state: TrailState, records: readonly PreparedRecord[]): void {
  const openings = records.flatMap((record) => record.openings);
  if (openings.length === 0) return;
  try {
    const lines = openings.map((opening) => `${canonicalJson(opening)}\n`).join("");
    appendFileSync(state.files.openings, lines, { mode: 0o600 });
  } catch (cause) {
    throw unwritable(state.files.openings, cause);
  }
}

// The renamed file keeps its inode, so the other processes see that the active one is new and follow.
function sealSegment(state: TrailState): void {
  const { records, sealed, folder } = state.files;
  try {
    fdatasyncSync(state.fd);
    closeActive(state);
    renameSync(records, join(sealed, sealedName(state.segmentFirst, state.range.size - 1)));
    syncFolder(sealed);
  } catch (cause) {
    throw unwritable(sealed, cause);
  }
  state.segmentFirst = state.range.size;
  state.offset = 0;
  openActive(state);
  syncFolder(folder);
}

/** Where signed heads go beside the trail's own folder. */
export type HeadCopies = Pick<AuditTrailOptions, "headsFolder" | "onHead">;

/**
 * Signs the end of the trail unless the newest signed head is within `slack` records of it. To be called while the lock
 * is held. First the writer proves to itself that what it read continues that head, whoever signed it.
 */
export function signHead(state: TrailState, slack: number, keep: boolean, copies: HeadCopies): void {
  catchUp(state);
  checkSignedHead(state);
  if (state.signed !== undefined && state.range.size - state.signed.size <= slack) return;
  const { files, log, signer, range } = state;
  try {
    // A head on the disk must not cover records that a power cut can still take away.
    fdatasyncSync(state.fd);
    const edge = { range, leaf: state.prev, segmentFirst: state.segmentFirst, offset: state.offset };
    state.signed = storeSignedHead({ files, log, signer, edge, keep });
  } catch (cause) {
    throw unwritable(files.checkpoint, cause);
  }
  state.base = copyRange(range);
  state.sinceBase = [];
  const { headsFolder, onHead } = copies;
  if (headsFolder !== undefined) {
    try {
      copyHead(headsFolder, files, log, state.signed);
    } catch (cause) {
      throw unwritable(headsFolder, cause);
    }
  }
  onHead?.({ log, size: range.size, root: state.signed.root.toString("hex") });
}
