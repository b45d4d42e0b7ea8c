import { redactText } from "./redact-text.ts";
import { secretName } from "./secret-names.ts";

/** Bounds of what is looked at; beyond them a value is replaced by a word that says so. */
const MAX_DEPTH = 32;
const MAX_NODES = 20_000;
const MAX_TEXT = 1_048_576;
const MAX_PATHS = 16;

export interface Redaction {
  /** Plain JSON: whole numbers stay numbers, other numbers are texts, half characters are U+FFFD. */
  readonly value: unknown;
  /** JSON pointers of what was taken out, at most sixteen. */
  readonly paths: readonly string[];
}

interface Walk {
  readonly paths: string[];
  nodes: number;
}

/** The value as plain JSON without its secrets; never throws, whatever the value holds (cycles are cut by depth). */
export function redactValue(value: unknown): Redaction {
  const walk: Walk = { paths: [], nodes: 0 };
  return { value: redactNode(value, "", 0, walk), paths: walk.paths };
}

/** A short text of a record: redacted, whole characters only, control characters replaced, at most `max` characters. */
export function shortText(text: string, max: number): string {
  return plainText(redactText(text.slice(0, max * 4)), max);
}

/** The same for an id that a server made: random as it may look, it is no secret. */
export function plainText(text: string, max: number): string {
  const clean = text.slice(0, max * 4).replace(/[\p{Surrogate}\p{Cc}]/gu, "\ufffd");
  return clean.length <= max ? clean : `${wholeCharacters(clean.slice(0, max - 1))}…`;
}

/** The text without a half character at its end, as slicing may leave one. */
export function wholeCharacters(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff ? text.slice(0, -1) : text;
}

function redactNode(value: unknown, path: string, depth: number, walk: Walk): unknown {
  walk.nodes += 1;
  if (walk.nodes > MAX_NODES) return "[more than 20000 values]";
  if (typeof value === "string") return redactLeaf(value, path, walk);
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : String(value);
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object") return `[${typeof value}]`;
  if (depth >= MAX_DEPTH) return "[nested deeper than 32]";
  if (Array.isArray(value)) {
    return boundedItems(value).map((item, index) => redactNode(item, `${path}/${index}`, depth + 1, walk));
  }
  return redactMembers(value as Record<string, unknown>, path, depth, walk);
}

function redactMembers(members: Record<string, unknown>, path: string, depth: number, walk: Walk): unknown {
  const clean: Record<string, unknown> = Object.create(null);
  for (const [name, value] of boundedItems(Object.entries(members))) {
    if (value === undefined) continue;
    const key = shortText(name, 256);
    const below = `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    clean[key] =
      secretName(name) === undefined ? redactNode(value, below, depth + 1, walk) : hide(value, name, below, walk);
  }
  return clean;
}

function boundedItems<T>(items: readonly T[]): readonly T[] {
  return items.length > MAX_NODES ? items.slice(0, MAX_NODES) : items;
}

function redactLeaf(text: string, path: string, walk: Walk): string {
  const bounded = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}[${text.length} characters]` : text;
  const clean = redactText(bounded);
  if (clean !== bounded) notePath(path, walk);
  return clean.replace(/\p{Surrogate}/gu, "\ufffd");
}

// A flag such as requirePassword and a count such as max_tokens say nothing secret.
function hide(value: unknown, name: string, path: string, walk: Walk): unknown {
  if (value === null || typeof value === "boolean" || value === "") return value;
  if (typeof value === "number" && secretName(name)?.plural === true)
    return Number.isSafeInteger(value) ? value : String(value);
  notePath(path, walk);
  return "[redacted:named]";
}

function notePath(path: string, walk: Walk): void {
  if (walk.paths.length < MAX_PATHS)
    walk.paths.push(path.length > 96 ? `${wholeCharacters(path.slice(0, 95))}…` : path);
}
