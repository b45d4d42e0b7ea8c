import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { type Json, listAt } from "./json-value.ts";

/** A line, or a whole document that is no line, may have so many bytes. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Deeper values could not be written out again without running out of stack. */
const MAX_DEPTH = 256;

/** What stands in a file of events: an event, or a part that is none. */
export type JsonPart =
  | { readonly value: Json; readonly bytes: number }
  | { readonly fault: string; readonly bytes: number };

/**
 * The JSON events of a file, one by one: a line an event, or one document that is an event, a list of events, or an object
 * that holds them (`Records` of CloudTrail, `items` of a Kubernetes event list); packed with gzip or not. Lines that are no
 * JSON are told and passed over. Fails with FILE_NOT_FOUND, FILE_UNREADABLE, FILE_NOT_REGULAR, FILE_TOO_LARGE for a document
 * of more than 64 MiB, and REPLAY_EVENTS_UNREADABLE where the file holds no JSON at all.
 */
export async function* readJsonEvents(path: string): AsyncGenerator<JsonPart> {
  await requirePlainFile(path);
  const held: string[] = [];
  let heldBytes = 0;
  let isLines: boolean | undefined;
  for await (const line of readLines(path)) {
    if (isLines === undefined) {
      const first = line.text.trim();
      if (first === "" && held.length === 0) continue;
      const value = held.length === 0 ? parse(first) : undefined;
      // A first line that is an event by itself: the rest are lines too. Else all of the file is one document.
      if (value !== undefined && !isHolder(value)) isLines = true;
      else {
        held.push(line.text);
        heldBytes += line.bytes;
        if (heldBytes > MAX_BYTES || line.isCut) throw tooLarge(path);
        continue;
      }
    }
    if (line.text.trim() === "") continue;
    const value = line.isCut ? undefined : parse(line.text);
    if (value !== undefined) yield { value, bytes: line.bytes };
    else yield { fault: line.isCut ? `longer than ${MAX_BYTES} bytes` : "no JSON", bytes: line.bytes };
  }
  if (isLines === true) return;
  yield* eventsOfDocument(held, heldBytes, path);
}

function* eventsOfDocument(lines: readonly string[], bytes: number, path: string): Generator<JsonPart> {
  if (lines.length === 0) return;
  const document = parse(lines.join("\n"));
  if (document !== undefined) {
    const events = eventsIn(document);
    const share = Math.ceil(bytes / Math.max(1, events.length));
    for (const value of events) yield { value, bytes: share };
    return;
  }
  // Lines of which the first is broken are still lines.
  const values = lines
    .filter((line) => line.trim() !== "")
    .map((line) => ({ value: parse(line), bytes: line.length + 1 }));
  if (values.every(({ value }) => value === undefined)) throw notJson(path);
  for (const { value, bytes: length } of values) {
    if (value === undefined) yield { fault: "no JSON", bytes: length };
    else for (const event of eventsIn(value)) yield { value: event, bytes: length };
  }
}

const isHolder = (value: Json): boolean => Array.isArray(value) || eventsIn(value)[0] !== value;

function eventsIn(document: Json): readonly Json[] {
  if (Array.isArray(document)) return document as readonly Json[];
  return listAt(document, "Records") ?? listAt(document, "items") ?? [document];
}

function parse(text: string): Json | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return typeof value === "object" && value !== null && !isDeeper(value, MAX_DEPTH) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isDeeper(value: Json, limit: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return limit === 0 || Object.values(value).some((inner) => isDeeper(inner as Json, limit - 1));
}

interface Line {
  readonly text: string;
  readonly bytes: number;
  /** Longer than an event may be: `text` is its beginning. */
  readonly isCut: boolean;
}

async function* readLines(path: string): AsyncGenerator<Line> {
  const limit = MAX_BYTES;
  let parts: Buffer[] = [];
  let bytes = 0;
  const take = (): Line => {
    const isCut = bytes > limit;
    const text = isCut
      ? ""
      : Buffer.concat(parts)
          .toString("utf8")
          .replace(/^\ufeff/, "");
    const line = { text, bytes: bytes + 1, isCut };
    parts = [];
    bytes = 0;
    return line;
  };
  for await (const chunk of openText(path)) {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      parts.push(chunk.subarray(from, end));
      bytes += end - from;
      from = end + 1;
      yield take();
    }
    bytes += chunk.length - from;
    if (bytes <= limit) parts.push(chunk.subarray(from));
    else parts = [];
  }
  if (bytes > 0) yield take();
}

async function* openText(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path);
  const stream = path.endsWith(".gz") ? file.pipe(createGunzip()) : file;
  file.on("error", (error) => stream.destroy(error));
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (cause) {
    throw new FalcoSkillsError("FILE_UNREADABLE", `events ${JSON.stringify(path)} cannot be read to their end`, {
      fix: "Check the file and the right to read it, then try again.",
      where: path,
      cause,
    });
  } finally {
    file.destroy();
  }
}

async function requirePlainFile(path: string): Promise<void> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const isMissing = cause.code === "ENOENT" || cause.code === "ENOTDIR";
    throw new FalcoSkillsError(
      isMissing ? "FILE_NOT_FOUND" : "FILE_UNREADABLE",
      `events ${JSON.stringify(path)} ${isMissing ? "do not exist" : "cannot be opened"}`,
      { fix: "Pass the path of a JSON or JSONL file of audit events.", where: path, cause },
    );
  });
  if (found.isFile()) return;
  throw new FalcoSkillsError("FILE_NOT_REGULAR", `events ${JSON.stringify(path)} are no plain file`, {
    fix: "Pass the path of a JSON or JSONL file of audit events.",
    where: path,
  });
}

function tooLarge(path: string): FalcoSkillsError {
  return new FalcoSkillsError("FILE_TOO_LARGE", `${JSON.stringify(path)} is one document of more than 64 MiB`, {
    fix: "Write one event a line, for example with jq -c '.items[]'.",
    where: path,
  });
}

function notJson(path: string): FalcoSkillsError {
  return new FalcoSkillsError("REPLAY_EVENTS_UNREADABLE", `${JSON.stringify(path)} holds no JSON events`, {
    fix: "Pass a file with one JSON event a line, or a list of them.",
    where: path,
  });
}
