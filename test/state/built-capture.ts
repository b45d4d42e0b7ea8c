import type { ScapEvent } from "../../src/event/event.ts";
import { readCapture } from "../../src/scap/read-capture.ts";
import { captureFields } from "../../src/state/capture-fields.ts";
import { CaptureState } from "../../src/state/capture-state.ts";
import type { FieldValue } from "../../src/state/field-reader.ts";
import { followCapture } from "../../src/state/follow-capture.ts";
import type { ProcessParts } from "../scap/capture-builder.ts";
import {
  cstring,
  type EventParts,
  event,
  i64,
  inPieces,
  processList,
  sectionHeader,
  u16,
  u32,
} from "../scap/capture-builder.ts";

/** Reads processes and events, and gives the fields after each event. Lists come as arrays, bytes as hexadecimal. */
export async function follow(
  processes: readonly ProcessParts[],
  events: readonly EventParts[],
  names: readonly string[],
): Promise<unknown[][]> {
  const bytes = Buffer.concat([sectionHeader(), processList(9, ...processes), ...events.map((parts) => event(parts))]);
  const state = new CaptureState();
  const fields = captureFields(state);
  const readers = names.map((name) => fields.reader(referenceOf(name)));
  const rows: unknown[][] = [];
  const handler = followCapture(state, (found: ScapEvent) => {
    rows.push(readers.map((reader) => plain(reader(found))));
    return true;
  });
  await readCapture(inPieces(bytes, 4096), handler);
  return rows;
}

function referenceOf(text: string): { name: string; argument?: string } {
  const [name = "", argument] = text.replace("]", "").split("[");
  return argument === undefined ? { name } : { name, argument };
}

function plain(value: FieldValue | undefined): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
}

const AF_INET = 2;

export const address = (...parts: number[]) => Buffer.from(parts);

/** A socket address parameter: family, IPv4 address, port. */
export const sockaddr = (ip: Buffer, port: number) => Buffer.concat([Buffer.from([AF_INET]), ip, u16(port)]);

/** Both ends of an IPv4 connection. */
export const tuple = (source: Buffer, sourcePort: number, destination: Buffer, destinationPort: number) =>
  Buffer.concat([Buffer.from([AF_INET]), source, u16(sourcePort), destination, u16(destinationPort)]);

export const openat = (fd: number, path: string, tid = 10, flags = 1): EventParts => ({
  type: 307,
  tid,
  params: [i64(fd), i64(-100), cstring(path), u32(flags), u32(0), u32(0), i64(0)],
});

export interface CloneParts {
  readonly tid: number;
  /** Thread that the call makes; 0 in the new thread itself. */
  readonly result: number;
  readonly pid?: number;
  readonly ptid?: number;
  readonly comm?: string;
  readonly flags?: number;
  readonly vtid?: number;
  readonly vpid?: number;
}

export function clone(parts: CloneParts): EventParts {
  const { tid, result, pid = tid, ptid = 1, comm = "sh", flags = 0, vtid = tid, vpid = pid } = parts;
  const empty = Buffer.alloc(0);
  const memory = [i64(1024), i64(0), i64(0), u32(0), u32(0), u32(0)];
  const ids = [u32(flags), u32(33), u32(33), i64(vtid), i64(vpid), i64(0)];
  const names = [cstring("/bin/sh"), empty, i64(tid), i64(pid), i64(ptid), cstring("")];
  return { type: 223, tid, params: [i64(result), ...names, ...memory, cstring(comm), empty, ...ids] };
}

export const exit = (tid: number, reaper = 0): EventParts => ({
  type: 186,
  tid,
  params: [i64(0), i64(0), Buffer.from([0]), Buffer.from([0]), i64(reaper)],
});

/** Any event of a thread, to look at the state with. */
export const look = (tid: number): EventParts => ({ type: 5, tid, params: [i64(0), i64(99)] });
