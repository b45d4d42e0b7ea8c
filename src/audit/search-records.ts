import { isUtf8 } from "node:buffer";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import type { Outcome, RecordType } from "./audit-entry.ts";
import { readCanonical } from "./canonical-json.ts";
import { leafHash } from "./merkle-tree.ts";
import type { Line } from "./read-backwards.ts";
import { segmentLinesBackwards } from "./segment-lines.ts";
import { listSegments, type Segment, type TrailFiles } from "./trail-files.ts";

/** All parts must hold. */
export interface AuditFilter {
  readonly types?: readonly RecordType[];
  readonly tool?: string;
  readonly session?: string;
  readonly outcomes?: readonly Outcome[];
  /** Slug of a skill. */
  readonly skill?: string;
  readonly runId?: string;
  /** Inclusive, milliseconds since 1970. */
  readonly fromMs?: number;
  /** Exclusive. */
  readonly toMs?: number;
  /** Part of the record's text as it is written, any case. */
  readonly text?: string;
}

export interface AuditPageRequest {
  /** 1 to 1,000. */
  readonly limit: number;
  /** As the page before gave it. */
  readonly cursor?: string;
  /** Bytes read at most before a page ends early; 64 MiB. */
  readonly maxBytes?: number;
}

/** A record as it stands in the trail: names as on disk. `bad` is set when the line cannot be read as a record. */
export interface FoundRecord {
  readonly seq?: number;
  readonly leaf: string;
  readonly record?: Readonly<Record<string, unknown>>;
  readonly bad?: {
    readonly reason: string;
    readonly segment: string;
    readonly byteOffset: number;
    readonly excerpt: string;
  };
}

export interface AuditPage {
  readonly records: readonly FoundRecord[];
  /** Present while older records remain unread. */
  readonly cursor?: string;
  readonly scannedRecords: number;
  readonly scannedBytes: number;
  /** Lines that cannot be read as records, of those scanned. */
  readonly badLines: number;
  /** Records whose bodies are past their retention, of those scanned: they can match nothing. */
  readonly prunedRecords: number;
}

/** A leaf, or what a cursor from before the pruning left of one. */
const LEAF = /^[0-9a-f]{0,64}$/;

const MAX_LIMIT = 1_000;
const DEFAULT_MAX_BYTES = 67_108_864;

/** Where the next older line ends: a segment, by its first record number, and a byte. */
interface Position {
  readonly first: number;
  readonly end: number;
}

/**
 * A page of the records that the filter lets through, newest first; reads backwards from the end or the cursor and
 * stops at the limit or after `maxBytes`. Lines that are no records come along whatever the filter says. Takes no lock:
 * records that are being written meanwhile may be missing. Fails with INVALID_ARGUMENT for a bad limit or cursor.
 */
export async function searchRecords(
  files: TrailFiles,
  filter: AuditFilter,
  { limit, cursor, maxBytes = DEFAULT_MAX_BYTES }: AuditPageRequest,
): Promise<AuditPage> {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) throw badArgument(`the limit is "${limit}"`);
  const from = cursor === undefined ? undefined : parseCursor(cursor);
  const page = { records: [] as FoundRecord[], scannedRecords: 0, scannedBytes: 0, badLines: 0, prunedRecords: 0 };
  for (const [segment, end] of segmentsBefore(listSegments(files), from)) {
    for await (const line of segmentLinesBackwards(segment, end)) {
      page.scannedRecords += 1;
      page.scannedBytes += line.bytes.length + 1;
      if (segment.form === "leaves" && LEAF.test(line.bytes.toString("latin1", 0, 65))) page.prunedRecords += 1;
      else {
        const found = readFound(line, segment);
        if (found.bad !== undefined) page.badLines += 1;
        if (found.bad !== undefined || matches(filter, found.record ?? {}, line.bytes)) page.records.push(found);
      }
      if (page.records.length >= limit || page.scannedBytes >= maxBytes) {
        const oldest = line.start === 0 && segment.first === 0;
        return oldest ? page : { ...page, cursor: formatCursor({ first: segment.first, end: line.start }) };
      }
    }
  }
  return page;
}

function segmentsBefore(segments: readonly Segment[], from: Position | undefined): Iterable<[Segment, number]> {
  const newestFirst = segments.toReversed();
  const kept = from === undefined ? newestFirst : newestFirst.filter(({ first }) => first <= from.first);
  return kept.map((segment) => [
    segment,
    from?.first === segment.first ? Math.min(from.end, segment.bytes) : segment.bytes,
  ]);
}

function readFound({ bytes, start, tooLong }: Line, segment: Segment): FoundRecord {
  const leaf = leafHash(bytes).toString("hex");
  const text = bytes.toString();
  const read = tooLong ? { reason: "too-long" } : isUtf8(bytes) ? readCanonical(text) : { reason: "not-utf8" };
  if ("reason" in read) {
    const excerpt = text.slice(0, 200).replace(/[\p{Cc}\p{Cf}\p{Surrogate}]/gu, "\ufffd");
    return { leaf, bad: { reason: read.reason, segment: segment.name, byteOffset: start, excerpt } };
  }
  const { seq } = read.value;
  return { leaf, ...(typeof seq === "number" ? { seq } : {}), record: read.value };
}

function matches(filter: AuditFilter, record: Readonly<Record<string, unknown>>, line: Buffer): boolean {
  const { types, tool, session, outcomes, skill, runId, fromMs, toMs, text } = filter;
  const atMs = fromMs === undefined && toMs === undefined ? 0 : Date.parse(String(record.ts));
  return (
    (types === undefined || types.includes(record.type as RecordType)) &&
    (tool === undefined || record.tool === tool) &&
    (session === undefined || record.session === session) &&
    (outcomes === undefined || outcomes.includes(record.outcome as Outcome)) &&
    (skill === undefined || (record.skill as { slug?: unknown } | undefined)?.slug === skill) &&
    (runId === undefined || record.run === runId) &&
    (fromMs === undefined || atMs >= fromMs) &&
    (toMs === undefined || atMs < toMs) &&
    (text === undefined || line.toString().toLowerCase().includes(text.toLowerCase()))
  );
}

function formatCursor({ first, end }: Position): string {
  return `${first}:${end}`;
}

function parseCursor(cursor: string): Position {
  const match = /^(\d{1,15}):(\d{1,15})$/.exec(cursor);
  if (match === null) throw badArgument(`the cursor is "${cursor.slice(0, 64)}"`);
  return { first: Number(match[1]), end: Number(match[2]) };
}

function badArgument(seen: string): FalcoSkillsError {
  return new FalcoSkillsError("INVALID_ARGUMENT", seen, {
    fix: "Call search_audit with a limit of 1 to 1,000 and the cursor of the page before, or none.",
  });
}
