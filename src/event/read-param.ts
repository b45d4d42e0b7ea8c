import { decodeText } from "./decode-text.ts";
import type { ScapEvent } from "./event.ts";

/** What an absent text reads as, as Falco shows it. */
export const ABSENT_TEXT = "<NA>";

/** True where the event carries the parameter with at least one byte. */
export function hasParam(event: ScapEvent, index: number): boolean {
  return event.paramLength(index) > 0;
}

/** A parameter of eight bytes as a signed number, exact within ±2^53; `otherwise` where it has another length. */
export function paramI64(event: ScapEvent, index: number, otherwise = 0): number {
  if (event.paramLength(index) !== 8) return otherwise;
  const { numbers } = event;
  const at = event.paramStart(index);
  return numbers.getInt32(at + 4, true) * 0x1_0000_0000 + numbers.getUint32(at, true);
}

export function paramU64(event: ScapEvent, index: number): bigint {
  return event.paramLength(index) === 8 ? event.numbers.getBigUint64(event.paramStart(index), true) : 0n;
}

export function paramU32(event: ScapEvent, index: number): number {
  return event.paramLength(index) === 4 ? event.numbers.getUint32(event.paramStart(index), true) : 0;
}

export function paramU16(event: ScapEvent, index: number): number {
  return event.paramLength(index) === 2 ? event.numbers.getUint16(event.paramStart(index), true) : 0;
}

export function paramU8(event: ScapEvent, index: number): number {
  return event.paramLength(index) === 1 ? (event.bytes[event.paramStart(index)] ?? 0) : 0;
}

/** The value a call returned: its first parameter, of four or eight bytes; 0 for any other length. */
export function returnValue(event: ScapEvent): number {
  const length = event.paramLength(0);
  if (length === 8) return paramI64(event, 0);
  return length === 4 ? event.numbers.getInt32(event.paramStart(0), true) : 0;
}

/** A text parameter up to its first NUL; `<NA>` where it is absent, empty or the `(NULL)` of old recorders. */
export function paramText(event: ScapEvent, index: number): string {
  const length = event.paramLength(index);
  if (length <= 0) return ABSENT_TEXT;
  const start = event.paramStart(index);
  const text = textAt(event.bytes, start, start + length);
  return length === 7 && text === "(NULL)" ? ABSENT_TEXT : text;
}

/** Text of `bytes` from `start` to the first NUL or `end`. */
export function textAt(bytes: Buffer, start: number, end: number): string {
  let stop = end;
  if (end > start && bytes[end - 1] === 0) stop = end - 1;
  const nul = bytes.indexOf(0, start);
  if (nul >= start && nul < stop) stop = nul;
  return decodeText(bytes, start, stop);
}

/** NUL-separated texts between two places; one NUL at the end is no separator. */
export function splitTexts(bytes: Buffer, start: number, end: number): string[] {
  const stop = end > start && bytes[end - 1] === 0 ? end - 1 : end;
  return stop > start ? decodeText(bytes, start, stop).split("\0") : [];
}
