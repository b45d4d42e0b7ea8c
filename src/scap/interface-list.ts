import type { Cursor } from "../bytes/cursor.ts";
import { captureError } from "./capture-fault.ts";

/** An address of the recorded machine. */
export interface NetworkInterface {
  readonly name: string;
  /** 4 or 16 bytes, in network order. */
  readonly address: Buffer;
  readonly netmask: Buffer;
}

/** Address length and whether a link speed follows, by the entry's type (libs `scap_ifinfo_type`). */
const ENTRY_TYPES: ReadonlyMap<number, { length: number; speed: boolean }> = new Map([
  [1, { length: 4, speed: true }],
  [2, { length: 16, speed: true }],
  [3, { length: 4, speed: false }],
  [4, { length: 16, speed: false }],
]);

/** Interface list: version 1 holds bare entries, version 2 gives each a length so that new fields can be skipped. */
export function readInterfaces(cursor: Cursor, version: number): NetworkInterface[] {
  const interfaces: NetworkInterface[] = [];
  while (cursor.left >= 4) {
    const end = version === 2 ? cursor.u32("length of an interface") + cursor.offset : undefined;
    const type = cursor.u16("type of an interface");
    const nameLength = cursor.u16("length of an interface name");
    const entry = ENTRY_TYPES.get(type);
    if (!entry) throw captureError("CAPTURE_DAMAGED", `an interface has the unknown type ${type}`);
    const address = Buffer.from(cursor.slice(entry.length, "interface address"));
    const netmask = Buffer.from(cursor.slice(entry.length, "interface netmask"));
    cursor.skip(entry.length, "interface broadcast address");
    if (entry.speed) cursor.skip(8, "interface speed");
    interfaces.push({ name: cursor.text(nameLength, "interface name"), address, netmask });
    if (end !== undefined) skipTo(cursor, end, "interface");
  }
  return interfaces;
}

/** Moves on to where a length said an entry ends; fails where the entry was longer than its length. */
export function skipTo(cursor: Cursor, end: number, what: string): void {
  if (cursor.offset > end) {
    throw captureError("CAPTURE_DAMAGED", `a ${what} is ${cursor.offset - end} bytes longer than its length says`);
  }
  cursor.skip(end - cursor.offset, `rest of a ${what}`);
}
