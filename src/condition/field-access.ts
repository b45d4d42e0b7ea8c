/**
 * What a field can be at run time, by its type:
 * CHARBUF and paths: string; BYTEBUF: Uint8Array; BOOL: boolean; 64-bit numbers and times: bigint, or number where it is
 * exact; smaller numbers, ports and flags: number; DOUBLE: number; IPADDR and IPNET: Uint8Array of 4 or 16 bytes in
 * network order. Lists are arrays of one kind.
 *
 * Fields with a comparison of their own are given as lists too:
 * fd.ip, fd.net, fd.port and fd.proto: the ends of the socket, client first (one for a listening socket, none for a
 * descriptor that is no socket: then only `exists` holds); proc.aname, aexe, aexepath, acmdline, apid and aenv without
 * argument: the ancestors' values, parent first (a condition reads aenv so with an index too).
 * fd.cip.name and its like are "" where the address is known and its name is not.
 */
export type Extracted = string | number | bigint | boolean | Uint8Array | readonly Extracted[];

/** A field with its argument as a condition or output names it: `proc.aname[2]`, `evt.arg.flags`. */
export interface FieldReference {
  readonly name: string;
  readonly argument?: string;
}

/**
 * Reads one field of the current event; undefined where the event does not have it.
 * Made once for each reference when a rule set is compiled, called for every event: it must not allocate needlessly.
 */
export type FieldReader<Event> = (event: Event) => Extracted | undefined;

/** A source of events that conditions and outputs can read: a capture, a JSON audit log, a plain object in tests. */
export interface FieldSource<Event> {
  /** The reader for a reference that the field tables know. Called at compile time only. */
  reader(field: FieldReference): FieldReader<Event>;
}
