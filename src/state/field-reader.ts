import type { ScapEvent } from "../event/event.ts";

/** A value of a field; see `FieldSource` of the conditions for the form of each type. */
export type FieldValue = string | number | bigint | boolean | Uint8Array | readonly FieldValue[];

/** Reads a field of the current event; undefined where the event does not have it. */
export type FieldReader = (event: ScapEvent) => FieldValue | undefined;

/** Makes the reader of a field with its argument; undefined for an argument that the field does not take. */
export type FieldMaker = (argument: string | undefined) => FieldReader | undefined;

/** Readers by field name; those that take an argument are made for it. */
export interface FieldTable {
  readonly plain: Readonly<Record<string, FieldReader>>;
  readonly made?: Readonly<Record<string, FieldMaker>>;
}

/** A 64-bit number as a plain one where that is exact. */
export function exact(value: bigint): number | bigint {
  return value <= 0x1f_ffff_ffff_ffffn && value >= -0x1f_ffff_ffff_ffffn ? Number(value) : value;
}

/** The whole number that an argument is; undefined for anything else. */
export function indexOf(argument: string | undefined): number | undefined {
  return argument !== undefined && /^[+-]?\d{1,9}$/.test(argument) ? Number(argument) : undefined;
}
