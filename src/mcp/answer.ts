import { createHash } from "node:crypto";
import type { CallToolResult } from "@modelcontextprotocol/server";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { visible } from "../text/visible.ts";

export interface Source {
  readonly kind: string;
  readonly looked_at?: number;
  readonly from?: string;
  readonly to?: string;
  readonly dropped_events?: number;
}

/** What a tool's handler gives back: data and where it came from. Only this file makes MCP content of it. */
export interface Answer<Data extends object> {
  readonly data: Data;
  readonly source: Source;
  readonly warnings?: readonly string[];
  readonly nextCursor?: string;
  /** Paths of attacker-written text in the data, as `alerts[].output_fields.proc.cmdline`. */
  readonly untrusted?: readonly string[];
}

export interface AnswerShape {
  readonly verbatim?: readonly string[];
  readonly cuttable?: readonly string[];
}

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

/** Text limits tried in turn when an answer is too long; the last one still shows what a field begins with. */
const TEXT_LIMITS = [2_000, 600, 200];

/**
 * The answer as MCP content: one strict object as structuredContent and the same JSON as text, at most `maxChars`.
 * Hidden characters are shown as `\u{hex}`. What does not fit is cut loudly: long texts keep their length and SHA-256,
 * lists lose their tail and a warning says how much. Fails with RESULT_TOO_LARGE when even that is not enough.
 */
export function buildResult(answer: Answer<object>, shape: AnswerShape, maxChars: number): CallToolResult {
  const data = clean(answer.data, new Set(shape.verbatim ?? [])) as JsonObject;
  const envelope = {
    source: clean(answer.source, new Set()) as JsonObject,
    warnings: (answer.warnings ?? []).map(visible),
    truncated: answer.nextCursor !== undefined,
    ...(answer.nextCursor === undefined ? {} : { next_cursor: answer.nextCursor }),
    untrusted_fields: [...new Set(answer.untrusted ?? [])].sort().map(visible),
  };
  const fitted = cutToSize({ ...data, ...envelope }, shape, maxChars);
  return { content: [{ type: "text", text: JSON.stringify(fitted) }], structuredContent: fitted };
}

/** The text's beginning, then its length and SHA-256, when it is longer than `limit`; else the text itself. */
export function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const digest = createHash("sha256").update(text).digest("hex");
  return `${text.slice(0, limit).replace(/\p{Cs}$/u, "")}… [${text.length} characters, sha256 ${digest}]`;
}

function cutToSize(value: JsonObject, shape: AnswerShape, maxChars: number): JsonObject {
  if (sizeOf(value) <= maxChars) return value;
  const verbatim = new Set([...(shape.verbatim ?? []), "next_cursor"]);
  let current = value;
  for (const limit of TEXT_LIMITS) {
    const shortened = mapTexts(value, (text) => shorten(text, limit), verbatim) as JsonObject;
    current = withWarning(
      shortened,
      `texts longer than ${limit} characters are cut; each cut shows length and SHA-256`,
    );
    if (sizeOf(current) <= maxChars) return current;
  }
  for (const key of shape.cuttable ?? []) {
    current = cutList(current, key, maxChars);
    if (sizeOf(current) <= maxChars) return current;
  }
  throw new FalcoSkillsError(
    "RESULT_TOO_LARGE",
    `the answer has ${sizeOf(value)} characters; ${maxChars} are allowed`,
    {
      fix: "Narrow the filter, lower limit, or start the server with a larger --max-result-chars.",
    },
  );
}

function cutList(value: JsonObject, key: string, maxChars: number): JsonObject {
  const list = value[key];
  if (!Array.isArray(list) || list.length === 0) return value;
  const sizes = list.map((item) => JSON.stringify(item).length + 1);
  let over = sizeOf(value) + 160 - maxChars;
  let kept = list.length;
  while (kept > 0 && over > 0) {
    kept -= 1;
    over -= sizes[kept] ?? 0;
  }
  if (kept === list.length) return value;
  return withWarning({ ...value, [key]: list.slice(0, kept) }, `${key} shows the first ${kept} of ${list.length}`);
}

function withWarning(value: JsonObject, warning: string): JsonObject {
  return { ...value, warnings: [...(value.warnings as Json[]), warning], truncated: true };
}

const sizeOf = (value: JsonObject): number => JSON.stringify(value).length;

/** A copy with hidden characters shown in texts and names, absent values left out, and numbers that JSON can hold. */
function clean(value: unknown, verbatim: ReadonlySet<string>, depth = 0): Json {
  if (typeof value === "string") return visible(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "boolean" || value === null || value === undefined) return value ?? null;
  if (depth > 32) return "[nested too deeply]";
  if (Array.isArray(value)) return value.map((item) => clean(item, NOTHING, depth + 1));
  const copy: [string, Json][] = [];
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    copy.push([visible(key), verbatim.has(key) ? (item as Json) : clean(item, NOTHING, depth + 1)]);
  }
  // fromEntries defines own properties: a field called __proto__ stays a field.
  return Object.fromEntries(copy);
}

function mapTexts(value: Json, change: (text: string) => string, except: ReadonlySet<string>): Json {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change, NOTHING));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, except.has(key) ? item : mapTexts(item, change, NOTHING)]),
  );
}

const NOTHING: ReadonlySet<string> = new Set();
