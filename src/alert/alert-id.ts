import { createHash } from "node:crypto";
import type { FieldValue } from "./alert.ts";
import { trimTimeZeros } from "./time.ts";

/** What an alert's identity hangs on: what Falco itself said, and nothing that a forwarder adds or drops. */
export interface AlertIdentity {
  readonly hostname: string;
  readonly rule: string;
  /** RFC 3339 in UTC. */
  readonly time: string;
  readonly output: string;
  readonly fields: Readonly<Record<string, FieldValue>>;
}

/**
 * 32 hex digits that name an alert by its content: the first half of the SHA-256 of hostname, rule, time without trailing
 * zeros and output, or, where Falco left the output out, the fields sorted by name. Each part is preceded by its length,
 * so no text can move from one part to the next.
 */
export function alertId({ hostname, rule, time, output, fields }: AlertIdentity): string {
  const what = output === "" ? sortedJson(fields) : output;
  const when = trimTimeZeros(time);
  return createHash("sha256")
    .update(`${hostname.length} ${hostname} ${rule.length} ${rule} ${when} ${output === "" ? "f" : "o"} ${what}`)
    .digest("hex")
    .slice(0, 32);
}

/** SHA-256 of a text's UTF-8 bytes, hex. */
export function sha256Hex(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function sortedJson(value: FieldValue): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(",")}]`;
  const entries = Object.entries(value as Readonly<Record<string, FieldValue>>);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${sortedJson(inner)}`).join(",")}}`;
}
