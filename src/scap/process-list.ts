import type { Cursor } from "../bytes/cursor.ts";
import { captureError } from "./capture-fault.ts";
import { skipTo } from "./interface-list.ts";

/** A thread that lived when the capture began. Text lists (args, env, cgroups) are NUL-separated bytes as recorded. */
export interface ProcessEntry {
  readonly tid: number;
  readonly pid: number;
  readonly ptid: number;
  readonly sid: number;
  readonly vpgid: number;
  readonly pgid: number;
  readonly comm: string;
  readonly exe: string;
  readonly exepath: string;
  readonly args: Buffer;
  readonly cwd: string;
  readonly fdLimit: number;
  readonly flags: number;
  readonly uid: number;
  readonly gid: number;
  readonly vmSizeKb: number;
  readonly vmRssKb: number;
  readonly vmSwapKb: number;
  readonly majorFaults: bigint;
  readonly minorFaults: bigint;
  readonly env: Buffer;
  readonly vtid: number;
  readonly vpid: number;
  readonly cgroups: Buffer;
  readonly root: string;
  readonly pidNamespaceStartNs: bigint;
  readonly tty: number;
  readonly loginUid: number;
  readonly exeWritable: boolean;
  readonly capInheritable: bigint;
  readonly capPermitted: bigint;
  readonly capEffective: bigint;
  readonly exeUpperLayer: boolean;
  readonly exeLowerLayer: boolean;
  readonly exeFromMemfd: boolean;
  readonly exeInode: bigint;
  readonly exeCtimeNs: bigint;
  readonly exeMtimeNs: bigint;
}

const NO_BYTES = Buffer.alloc(0);

/** Longest path and longest list (arguments, environment, cgroups) that recorders write. */
const MAX_PATH_BYTES = 1024;
const MAX_LIST_BYTES = 4096;

/** Bytes of the last fields up to libs 0.9: a shorter rest means that the two fields put in the middle later are absent. */
const TAIL_BEFORE_0_10 = 29;

/**
 * Process list, versions 1 to 9 (libs `scap_read_proclist` @48dfd53c). Each version adds fields in its own place; since
 * version 9 every entry begins with its length and new fields are appended, so longer entries are read as far as known.
 */
export function readProcesses(cursor: Cursor, version: number, each: (entry: ProcessEntry) => void): void {
  while (cursor.left >= 4) each(readProcess(cursor, version));
}

function readProcess(cursor: Cursor, version: number): ProcessEntry {
  const length = version >= 9 ? cursor.u32("length of a process") : undefined;
  const end = length === undefined ? undefined : cursor.offset - 4 + length;
  const ids = readIds(cursor, version);
  const texts = readTexts(cursor, version);
  const limits = readLimits(cursor, version);
  const namespaces = readNamespaces(cursor, version);
  const tail = readTail(cursor, end);
  if (end !== undefined && length !== 0) skipTo(cursor, end, "process");
  return { ...ids, ...texts, ...limits, ...namespaces, ...tail };
}

function readIds(cursor: Cursor, version: number) {
  return {
    tid: cursor.i64("thread id"),
    pid: cursor.i64("process id"),
    ptid: cursor.i64("parent id"),
    sid: version >= 6 ? cursor.i64("session id") : -1,
    vpgid: version >= 8 ? cursor.i64("process group") : -1,
  };
}

function readTexts(cursor: Cursor, version: number) {
  return {
    comm: path(cursor, "process name"),
    exe: path(cursor, "program name"),
    exepath: version >= 7 ? path(cursor, "program path") : "",
    args: list(cursor, "arguments"),
    cwd: path(cursor, "working folder"),
  };
}

function readLimits(cursor: Cursor, version: number) {
  const later = version >= 2;
  return {
    fdLimit: cursor.i64("descriptor limit"),
    flags: cursor.u32("thread flags"),
    uid: cursor.u32("user id"),
    gid: cursor.u32("group id"),
    vmSizeKb: later ? cursor.u32("memory size") : 0,
    vmRssKb: later ? cursor.u32("resident memory") : 0,
    vmSwapKb: later ? cursor.u32("swapped memory") : 0,
    majorFaults: later ? cursor.u64("major faults") : 0n,
    minorFaults: later ? cursor.u64("minor faults") : 0n,
    env: version >= 3 ? list(cursor, "environment") : NO_BYTES,
  };
}

function readNamespaces(cursor: Cursor, version: number) {
  return {
    vtid: version >= 4 ? cursor.i64("thread id in its namespace") : -1,
    vpid: version >= 4 ? cursor.i64("process id in its namespace") : -1,
    cgroups: version >= 4 ? list(cursor, "cgroups") : NO_BYTES,
    root: version >= 5 ? path(cursor, "root folder") : "",
  };
}

/** The appended fields; each is there only if the entry is long enough for it. */
function readTail(cursor: Cursor, end: number | undefined) {
  const left = () => (end === undefined ? 0 : end - cursor.offset);
  const u64 = (what: string) => (left() >= 8 ? cursor.u64(what) : 0n);
  const flag = (what: string) => left() >= 1 && cursor.u8(what) !== 0;
  const interleaved = left() > TAIL_BEFORE_0_10;
  return {
    pidNamespaceStartNs: interleaved ? u64("start of the pid namespace") : 0n,
    tty: interleaved && left() >= 4 ? cursor.u32("terminal") : 0,
    loginUid: left() >= 4 ? cursor.u32("login user") : 0xffff_ffff,
    exeWritable: flag("program is writable"),
    capInheritable: u64("inheritable capabilities"),
    capPermitted: u64("permitted capabilities"),
    capEffective: u64("effective capabilities"),
    exeUpperLayer: flag("program is in the upper layer"),
    exeInode: u64("program inode"),
    exeCtimeNs: u64("program change time"),
    exeMtimeNs: u64("program modification time"),
    exeFromMemfd: flag("program is in memory"),
    exeLowerLayer: flag("program is in the lower layer"),
    pgid: left() >= 8 ? cursor.i64("process group on the host") : -1,
  };
}

function path(cursor: Cursor, what: string): string {
  return cursor.text(limited(cursor, MAX_PATH_BYTES, what), what);
}

function list(cursor: Cursor, what: string): Buffer {
  return Buffer.from(cursor.slice(limited(cursor, MAX_LIST_BYTES, what), what));
}

function limited(cursor: Cursor, most: number, what: string): number {
  const length = cursor.u16(`length of the ${what}`);
  if (length > most) throw captureError("CAPTURE_DAMAGED", `${what} of ${length} bytes, more than ${most}`);
  return length;
}
