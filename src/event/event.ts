/**
 * One event of a capture as its readers see it: a view that its source moves on, valid until the next event is read.
 * Parameters lie one behind the other in `bytes`; a parameter that the event does not carry has length -1.
 */
export interface ScapEvent {
  /** `evt.num`: 1 for the first event of a capture; events that their source leaves out are not counted. */
  readonly number: number;
  /** Index in EVENT_TYPES. */
  readonly type: number;
  /** Nanoseconds since 1970. */
  readonly timeNs: bigint;
  /** The same in two halves of 32 bits, for those that look at every event: a big number each would be dear. */
  readonly timeHigh: number;
  readonly timeLow: number;
  readonly tid: number;
  readonly cpu: number;
  readonly paramCount: number;
  readonly bytes: Buffer;
  /** The same bytes, to read numbers from. */
  readonly numbers: DataView;
  /** Where parameter `index` begins in `bytes`. */
  paramStart(index: number): number;
  /** Bytes of parameter `index`; -1 where the event has no such parameter. */
  paramLength(index: number): number;
}
