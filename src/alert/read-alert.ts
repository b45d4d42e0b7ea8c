import { isUtf8 } from "node:buffer";
import type { Alert, FieldValue } from "./alert.ts";
import { alertId } from "./alert-id.ts";
import { keepExactNumbers } from "./exact-numbers.ts";
import { isFalcoText } from "./falco-text.ts";
import { countKeys, countKeysInText } from "./json-keys.ts";
import { parsePriority } from "./priority.ts";
import { formatTimeNs, parseTimeNs } from "./time.ts";

/** Why a line is no alert; `oversize` to `not-json` are about the text, the others about what it says. */
export type RejectReason =
  | "oversize"
  | "not-utf8"
  | "not-json"
  | "not-an-object"
  | "duplicate-key"
  | "too-many-fields"
  | "too-deep"
  | "missing-key"
  | "wrong-type"
  | "unknown-priority"
  | "unreadable-time";

export type AlertLine =
  | { readonly kind: "alert"; readonly alert: Alert }
  | { readonly kind: "ignored"; readonly reason: "blank" | "statistics" }
  | { readonly kind: "rejected"; readonly reason: RejectReason; readonly detail: string };

type Rejected = Extract<AlertLine, { kind: "rejected" }>;
type JsonObject = Record<string, FieldValue | undefined>;

/** Longest line that is read, in bytes. */
export const MAX_LINE_BYTES = 1024 * 1024;
/** Most output_fields of one alert. */
const MAX_FIELDS = 1024;
/** Deepest nesting inside output_fields. */
const MAX_DEPTH = 16;

/**
 * What one line of Falco's output is: an alert, a line to pass over (blank, or the statistics and log lines that Falco
 * mixes into its JSON), or a rejected line with the reason. Also reads what falcosidekick forwards. Never throws.
 *
 * Strict about rule, priority and time; hostname, source, tags, output and output_fields may be missing, because Falco's
 * switches leave them out, but must have their type where they stand. Integers in output_fields that a number cannot hold
 * come out as decimal strings. At most 1 MiB a line, 1,024 fields, 16 levels.
 * Source: falco userspace/engine/formats.cpp @13074749, falcosidekick types/types.go.
 */
export function readAlertLine(line: string | Buffer): AlertLine {
  const bytes = typeof line === "string" ? line.length : line.byteLength;
  if (bytes > MAX_LINE_BYTES) return rejected("oversize", `the line has more than ${MAX_LINE_BYTES} bytes`);
  if (typeof line === "string" ? /[\uD800-\uDFFF]/u.test(line) : !isUtf8(line)) {
    return rejected("not-utf8", "the line is not well-formed UTF-8");
  }
  const raw = withoutLineEnd(typeof line === "string" ? line : line.toString("utf8"));
  if (!raw.trimStart().startsWith("{")) return readText(raw);

  let parsed: unknown;
  try {
    parsed = JSON.parse(raw);
  } catch {
    return rejected("not-json", `not JSON: ${quote(raw)}`);
  }
  if (countKeys(parsed) !== countKeysInText(raw)) return rejected("duplicate-key", "a key stands twice in one object");
  return readObject(parsed as JsonObject, raw);
}

function readText(raw: string): AlertLine {
  if (raw.trim() === "") return { kind: "ignored", reason: "blank" };
  if (isFalcoText(raw)) return { kind: "ignored", reason: "statistics" };
  if (/^\s*[[\d"tfn-]/.test(raw) && isJson(raw)) return rejected("not-an-object", `no JSON object: ${quote(raw)}`);
  return rejected("not-json", `not JSON: ${quote(raw)}`);
}

function readObject(line: JsonObject, raw: string): AlertLine {
  const { rule, priority: priorityName, time: timeText } = line;
  for (const [key, value] of Object.entries({ rule, priority: priorityName, time: timeText })) {
    if (value === undefined || value === null || value === "") return rejected("missing-key", `no ${key} is given`);
    if (typeof value !== "string") return rejected("wrong-type", `${key} is ${nameType(value)}, not a string`);
  }
  const priority = parsePriority(String(priorityName));
  if (priority === undefined) return rejected("unknown-priority", `${quote(String(priorityName))} is no priority`);
  const timeNs = parseTimeNs(String(timeText));
  if (timeNs === undefined) return rejected("unreadable-time", `${quote(String(timeText))} is no RFC 3339 time`);

  const optional = readOptional(line);
  if ("kind" in optional) return optional;
  const { hostname, source, output, tags } = optional;
  const fields = keepExactNumbers(optional.fields, raw);
  const time = formatTimeNs(timeNs);
  const id = alertId({ hostname, rule: String(rule), time, output, fields });
  return {
    kind: "alert",
    alert: { id, time, timeNs, priority, rule: String(rule), source, hostname, tags, output, fields, raw },
  };
}

type OptionalParts = Pick<Alert, "hostname" | "source" | "output" | "tags"> & {
  readonly fields: Record<string, FieldValue>;
};

function readOptional(line: JsonObject): OptionalParts | Rejected {
  const { hostname = null, source = null, output = null, tags = null, output_fields: fields = null } = line;
  for (const [key, value] of [
    ["hostname", hostname],
    ["source", source],
    ["output", output],
  ] as const) {
    if (value !== null && typeof value !== "string") {
      return rejected("wrong-type", `${key} is ${nameType(value)}, not a string`);
    }
  }
  if (tags !== null && !(Array.isArray(tags) && tags.every((tag) => typeof tag === "string"))) {
    return rejected("wrong-type", "tags is not a list of strings");
  }
  if (typeof fields !== "object" || Array.isArray(fields)) {
    return rejected("wrong-type", `output_fields is ${nameType(fields)}, not an object`);
  }
  return (
    checkFields(fields) ?? {
      hostname: textOf(hostname),
      source: textOf(source),
      output: textOf(output),
      tags: tags === null ? [] : [...new Set(tags as readonly string[])].sort(),
      fields: (fields ?? {}) as Record<string, FieldValue>,
    }
  );
}

function checkFields(fields: FieldValue): Rejected | undefined {
  if (fields === null) return undefined;
  const count = Object.keys(fields).length;
  if (count > MAX_FIELDS)
    return rejected("too-many-fields", `output_fields has ${count} fields, at most ${MAX_FIELDS}`);
  return isDeeper(fields, MAX_DEPTH) ? rejected("too-deep", `output_fields nests deeper than ${MAX_DEPTH}`) : undefined;
}

function isDeeper(value: FieldValue, limit: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return limit === 0 || Object.values(value).some((inner) => isDeeper(inner, limit - 1));
}

function textOf(value: FieldValue): string {
  return typeof value === "string" ? value : "";
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function withoutLineEnd(text: string): string {
  const start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const end = text.endsWith("\r\n") ? -2 : text.endsWith("\n") ? -1 : text.length;
  return text.slice(start, end);
}

function nameType(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

function rejected(reason: RejectReason, detail: string): Rejected {
  return { kind: "rejected", reason, detail };
}
