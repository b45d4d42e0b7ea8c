import type { Extracted } from "../../condition/field-access.ts";
import type { Json } from "./json-value.ts";

/** One JSON event of a plugin source. */
export interface JsonEvent {
  /** From 1. */
  readonly number: number;
  /** Nanoseconds since 1970 of the time that the event itself tells; of the event before where it tells none. */
  readonly timeNs: bigint;
  readonly value: Json;
}

/** Reads a field of an event's JSON; undefined where the event does not have it. */
export type JsonField = (value: Json, argument: string | undefined) => Extracted | undefined;

/** One plugin source: how its events are known, timed and read. */
export interface JsonSource {
  /** Event source as rules name it. */
  readonly name: string;
  readonly plugin: string;
  /** Whether a JSON object looks like an event of this source. */
  recognizes(value: Json): boolean;
  /** RFC 3339 text of when it happened. */
  timeOf(value: Json): string | undefined;
  readonly fields: Readonly<Record<string, JsonField>>;
}
