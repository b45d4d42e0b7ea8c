import type { ScapEvent } from "./event.ts";
import { numbersOf } from "./numbers-of.ts";

/** A copy of an event that stays valid when its source moves on. */
export function keepEvent(event: ScapEvent): ScapEvent {
  const { number, type, timeNs, timeHigh, timeLow, tid, cpu, paramCount } = event;
  const starts = Array.from({ length: paramCount }, (_, i) => event.paramStart(i));
  const lengths = Array.from({ length: paramCount }, (_, i) => event.paramLength(i));
  const begin = starts[0] ?? 0;
  const end = begin + lengths.reduce((sum, length) => sum + length, 0);
  const bytes = Buffer.from(event.bytes.subarray(begin, end));
  return {
    number,
    type,
    timeNs,
    timeHigh,
    timeLow,
    tid,
    cpu,
    paramCount,
    bytes,
    numbers: numbersOf(bytes),
    paramStart: (index) => (starts[index] ?? begin) - begin,
    paramLength: (index) => lengths[index] ?? -1,
  };
}
