import { z } from "zod";
import { parseTimeBound } from "../../alert/time.ts";
import type { Outcome, RecordType } from "../../audit/audit-entry.ts";
import { RECORD_TYPES } from "../../audit/audit-entry.ts";
import type { FoundRecord } from "../../audit/search-records.ts";
import { fitPage } from "../fit-page.ts";
import { defineTool } from "../tool.ts";

const text = z.string().min(1).max(500);

const OUTCOMES = [
  "ok",
  "tool_error",
  "rpc_error",
  "denied",
  "cancelled",
  "closed",
  "input_required",
] as const satisfies readonly Outcome[];

export const searchAudit = defineTool({
  name: "search_audit",
  title: "Search the audit trail",
  description:
    "Find records of what was called through this server: by tool, type, outcome, session, time or text; newest first. " +
    "Use it to see what was done in an investigation and by which client; use verify_audit to learn whether the trail itself can be believed.",
  effect: "reads",
  toolset: "audit",
  input: z.strictObject({
    tool: text.optional().describe("Tool name, as search_alerts"),
    type: z.array(z.enum(RECORD_TYPES)).max(30).optional().describe("Record types, as tool.intent or tool.result"),
    outcome: z.array(z.enum(OUTCOMES)).max(10).optional().describe("How calls ended"),
    session: text.optional().describe("One session's records"),
    from: text.optional().describe("Earliest time, inclusive: RFC 3339, Unix seconds, or relative as -24h"),
    to: text.optional().describe("Latest time, exclusive"),
    text: text.optional().describe("Part of the record's text, any case"),
    limit: z.int().min(1).max(200).default(20),
    cursor: z.string().max(500).optional().describe("next_cursor of the page before, with the same filters"),
  }),
  output: z.strictObject({
    records: z.array(
      z.strictObject({
        seq: z.int().optional().describe("The record's number; absent on lines that cannot be read"),
        leaf: z.string().describe("SHA-256 leaf of the line: what the next record's prev must be"),
        record: z.record(z.string(), z.unknown()).optional(),
        bad: z.string().optional().describe("Why the line cannot be read as a record, and where it is"),
      }),
    ),
    bad_lines: z.int().describe("Unreadable lines among those scanned"),
  }),

  async run({ tool, type, outcome, session, from, to, text: wanted, limit, cursor }, { services, room }) {
    const nowNs = services.nowNs();
    const ms = (bound: string) => Number(parseTimeBound(bound, nowNs) / 1_000_000n);
    const filter = {
      ...(tool === undefined ? {} : { tool }),
      ...(type === undefined ? {} : { types: type as RecordType[] }),
      ...(outcome === undefined ? {} : { outcomes: outcome as Outcome[] }),
      ...(session === undefined ? {} : { session }),
      ...(from === undefined ? {} : { fromMs: ms(from) }),
      ...(to === undefined ? {} : { toMs: ms(to) }),
      ...(wanted === undefined ? {} : { text: wanted }),
    };
    const page = await fitPage(
      limit,
      room,
      (count) => services.audit.search(filter, { limit: count, ...(cursor === undefined ? {} : { cursor }) }),
      (found) => found.records.map(row),
    );
    return {
      data: { records: page.records.map(row), bad_lines: page.badLines },
      source: {
        kind: "audit trail",
        looked_at: page.scannedRecords,
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      },
      warnings: [
        ...(page.badLines > 0 ? ["the trail holds lines that cannot be read: call verify_audit"] : []),
        ...(page.prunedRecords > 0
          ? [`${page.prunedRecords} records were pruned when their time was over: only their leaves are left`]
          : []),
      ],
      ...(page.cursor === undefined ? {} : { nextCursor: page.cursor }),
      untrusted: page.records.length === 0 ? [] : ["records[].record.args", "records[].record.client", "records[].bad"],
    };
  },
});

function row({ seq, leaf, record, bad }: FoundRecord) {
  return {
    ...(seq === undefined ? {} : { seq }),
    leaf,
    ...(record === undefined ? {} : { record: { ...record } }),
    ...(bad === undefined ? {} : { bad: `${bad.reason} (${bad.segment}, byte ${bad.byteOffset}): ${bad.excerpt}` }),
  };
}
