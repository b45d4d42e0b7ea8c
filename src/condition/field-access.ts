/** What a field can be at run time. 64-bit values are bigint; bytes are Uint8Array; lists are arrays of one kind. */
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
