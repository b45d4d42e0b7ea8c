import { createHash } from "node:crypto";
import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { writeNew } from "../paths/write-file.ts";
import { damaged } from "./errors.ts";
import { leafHash } from "./merkle-tree.ts";
import { MAX_LINE_BYTES } from "./record.ts";
import { isPackingFault, leafOfLine, unpackWhole } from "./segment-lines.ts";
import { isMissing, listSegments, type Segment } from "./trail-files.ts";
import { advance, checkSignedHead, closeActive, monthEndMs, openActive, type TrailState } from "./trail-state.ts";

const CHUNK = Buffer.alloc(1_048_576);
const MAX_TRIES = 5;

/**
 * Brings the state to the end of the trail: reads what others wrote, follows sealed segments, sets a half line aside.
 * To be called while the lock is held. Fails with AUDIT_DAMAGED when what is there does not continue what was read.
 */
export function catchUp(state: TrailState): void {
  const active = statSync(state.files.records, { throwIfNoEntry: false });
  if (active === undefined || active.ino !== state.inode) follow(state);
  else if (active.size !== state.offset) readActive(state);
}

/** Reads from the state's place to the end through every segment after it. */
export function follow(state: TrailState): void {
  for (let tries = 1; ; tries += 1) {
    try {
      followOnce(state);
      return;
    } catch (error) {
      // Somebody packed or pruned a segment between the listing and the reading: what was read stays read.
      if (!isMissing(error) || tries === MAX_TRIES) throw error;
    }
  }
}

function followOnce(state: TrailState): void {
  closeActive(state);
  const segments = listSegments(state.files);
  for (const segment of segments) {
    if (!segment.sealed || segment.first < state.segmentFirst) continue;
    if (segment.first !== state.segmentFirst) throw damaged("a sealed segment is missing", segment.path);
    readSealed(state, segment);
    state.segmentFirst = state.range.size;
    state.offset = 0;
  }
  // With nothing read of it yet the active segment may be absent: a process died right after sealing.
  if (state.offset > 0 && segments.every(({ sealed }) => sealed)) {
    throw damaged("the audit records are gone", state.files.records);
  }
  openActive(state);
  readActive(state);
}

function readSealed(state: TrailState, segment: Segment): void {
  if (segment.form === "plain") readPlain(state, segment);
  else readText(state, segment, textOf(segment));
  if (segment.last !== state.range.size - 1) {
    throw damaged("a sealed segment does not hold what its name says", segment.path);
  }
}

function readPlain(state: TrailState, segment: Segment): void {
  const fd = openSync(segment.path, "r");
  try {
    const size = fstatSync(fd).size;
    if (size < state.offset) throw damaged("a sealed segment became shorter", segment.path);
    readLines(state, fd, size, segment.path);
    if (state.offset !== size) throw damaged("a sealed segment does not hold what its name says", segment.path);
  } finally {
    closeSync(fd);
  }
}

function textOf({ path, form }: Segment): Buffer {
  const bytes = readFileSync(path);
  if (form !== "gzip") return bytes;
  try {
    return unpackWhole(bytes);
  } catch (error) {
    if (isPackingFault(error)) throw damaged("a packed segment cannot be unpacked", path);
    throw error;
  }
}

function readText(state: TrailState, segment: Segment, text: Buffer): void {
  // Bytes of a body are no bytes of its leaves: into a pruned segment no place leads but its beginning.
  const from = segment.form === "leaves" ? 0 : state.offset;
  if (from !== state.offset) throw damaged("a sealed segment became shorter", segment.path);
  let start = from;
  for (let lf = text.indexOf(10, start); lf >= 0; lf = text.indexOf(10, start)) {
    const line = text.subarray(start, lf);
    const leaf = segment.form === "leaves" ? leafOfLine(line) : undefined;
    if (leaf === undefined) readRecord(state, line, segment.path);
    else advance(state, leaf);
    start = lf + 1;
    state.offset = start;
  }
  if (start !== text.length) throw damaged("a sealed segment does not hold what its name says", segment.path);
}

function readActive(state: TrailState): void {
  const { size } = fstatSync(state.fd);
  if (size < state.offset) throw damaged("the audit records became shorter", state.files.records);
  readLines(state, state.fd, size, state.files.records);
  if (state.offset < size) setTornTailAside(state, size);
}

function readLines(state: TrailState, fd: number, end: number, path: string): void {
  let position = state.offset;
  let carried = 0;
  while (position < end) {
    const got = readSync(fd, CHUNK, carried, Math.min(CHUNK.length - carried, end - position), position);
    if (got === 0) break;
    position += got;
    const filled = carried + got;
    let start = 0;
    for (let lf = CHUNK.indexOf(10, start); lf >= 0 && lf < filled; lf = CHUNK.indexOf(10, start)) {
      readRecord(state, CHUNK.subarray(start, lf), path);
      state.offset += lf + 1 - start;
      start = lf + 1;
    }
    carried = filled - start;
    if (carried > MAX_LINE_BYTES) throw damaged(`a line is longer than ${MAX_LINE_BYTES} bytes`, path);
    CHUNK.copyWithin(0, start, filled);
  }
}

function readRecord(state: TrailState, line: Buffer, path: string): void {
  const seq = state.range.size;
  if (line.length > MAX_LINE_BYTES) throw damaged(`record ${seq} is longer than ${MAX_LINE_BYTES} bytes`, path);
  let record: { seq?: unknown; prev?: unknown; log?: unknown; ts?: unknown } | null = null;
  try {
    record = JSON.parse(line.toString());
  } catch {
    // Falls through to the same refusal as a record of another place.
  }
  if (record === null || record.seq !== seq || record.prev !== state.prev || record.log !== state.log) {
    throw damaged(`record ${seq} does not follow from the one before`, `${path}, byte ${state.offset}`);
  }
  if (state.offset === 0) state.sealAtMs = monthEndMs(Date.parse(String(record.ts)));
  advance(state, leafHash(line));
}

// A process died inside its write. The bytes are kept as they are; the next record confesses them. A cut that took
// signed records away with it only looks like this: then nothing is cut.
function setTornTailAside(state: TrailState, end: number): void {
  checkSignedHead(state);
  const torn = Buffer.alloc(Math.min(end - state.offset, CHUNK.length));
  readSync(state.fd, torn, 0, torn.length, state.offset);
  const sha256 = createHash("sha256").update(torn).digest("hex");
  const file = join(state.files.torn, `${state.range.size}-${sha256.slice(0, 16)}.bin`);
  mkdirSync(state.files.torn, { recursive: true, mode: 0o700 });
  if (statSync(file, { throwIfNoEntry: false }) === undefined) writeNew(file, torn, 0o600);
  ftruncateSync(state.fd, state.offset);
  state.recovered = { bytes: torn.length, sha256, file: `torn/${basename(file)}` };
}
