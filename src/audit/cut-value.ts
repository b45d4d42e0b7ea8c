import { wholeCharacters } from "./redact-value.ts";

const MAX_TEXT = 1024;
const MAX_ITEMS = 64;
const MAX_DEPTH = 8;
const MAX_PATHS = 16;

export interface Cut {
  readonly value: unknown;
  /** JSON pointers of what was shortened, at most sixteen; empty when nothing was. */
  readonly paths: readonly string[];
}

/** Redacted data small enough to stand in a record: texts of 1,024 characters, 64 items or members, 8 levels. */
export function cutValue(value: unknown): Cut {
  const paths: string[] = [];
  return { value: cutNode(value, "", 0, paths), paths };
}

function cutNode(value: unknown, path: string, depth: number, paths: string[]): unknown {
  if (typeof value === "string") {
    if (value.length <= MAX_TEXT) return value;
    note(path, paths);
    return `${wholeCharacters(value.slice(0, MAX_TEXT))}…[${value.length} characters]`;
  }
  if (typeof value !== "object" || value === null) return value;
  const names = Object.keys(value);
  if (depth >= MAX_DEPTH) {
    note(path, paths);
    return `[${names.length} ${Array.isArray(value) ? "items" : "members"}]`;
  }
  if (names.length > MAX_ITEMS) note(path, paths);
  const kept = names.slice(0, MAX_ITEMS);
  const members = value as Record<string, unknown>;
  const cut = (name: string) => cutNode(members[name], `${path}/${name}`, depth + 1, paths);
  if (Array.isArray(value)) return kept.map(cut);
  const clean: Record<string, unknown> = Object.create(null);
  for (const name of kept) clean[name] = cut(name);
  return clean;
}

function note(path: string, paths: string[]): void {
  if (paths.length < MAX_PATHS) paths.push(path.length > 96 ? `${wholeCharacters(path.slice(0, 95))}…` : path);
}
