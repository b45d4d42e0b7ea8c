/** Falco's priorities, most urgent first; the index is Falco's number (0 Emergency … 7 Debug). */
export const PRIORITIES = [
  "Emergency",
  "Alert",
  "Critical",
  "Error",
  "Warning",
  "Notice",
  "Informational",
  "Debug",
] as const;

export type Priority = (typeof PRIORITIES)[number];

/**
 * A value of `output_fields`. Integers that a JavaScript number cannot hold exactly (evt.time, container.start_ts,
 * inode numbers) are decimal strings, so that nothing is rounded on the way to a reader.
 */
export type FieldValue =
  | string
  | number
  | boolean
  | null
  | readonly FieldValue[]
  | { readonly [key: string]: FieldValue };

/** One Falco alert, as a line of `json_output: true` says it. */
export interface Alert {
  /** Derived from content; see `alert-id.ts`. The same alert read twice, or through falcosidekick, has the same id. */
  readonly id: string;
  /** RFC 3339 in UTC with exactly nine fractional digits. */
  readonly time: string;
  readonly timeNs: bigint;
  readonly priority: Priority;
  readonly rule: string;
  /** Event source; "internal" for Falco's own messages. */
  readonly source: string;
  /** Empty where the line names none. */
  readonly hostname: string;
  /** Sorted, without repeats. */
  readonly tags: readonly string[];
  /** With Falco's time and priority prefix, as printed. Empty where Falco was told to leave it out. */
  readonly output: string;
  readonly fields: Readonly<Record<string, FieldValue>>;
  /** The line exactly as it came, without its line end. */
  readonly raw: string;
}
