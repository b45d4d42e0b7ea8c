import { createHash } from "node:crypto";
import { z } from "zod";
import { formatTimeNs } from "../../alert/time.ts";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { CAPTURE_QUESTIONS } from "../../investigate/capture/capture-questions.ts";
import type { StoredAlert } from "../../store/alert-store.ts";
import { DETAIL } from "../alert-view.ts";
import { aroundOf, CAPTURE_FILTER, checkArguments, filterOf, processOf } from "../capture-input.ts";
import { CAPTURE_LISTS, CAPTURE_ROWS, type CaptureList, fitRows, shownRows, untrustedInRows } from "../capture-view.ts";
import type { Services } from "../services.ts";
import { defineTool } from "../tool.ts";
import { SET } from "./load-rules.ts";

const text = z.string().min(1).max(1_000);
const count = z.int().min(0);

export const queryCaptureTool = defineTool({
  name: "query_capture",
  title: "Ask a capture",
  description:
    "Answers one question about a capture (.scap) without Falco: sensitive_reads (which process read shadow, keys, tokens, /proc/*/environ), process (one process's life: ancestors, programs, files, connections, children, exit), " +
    "connections (by peer and process, with bytes), process_tree, executions, files, files_written, users, containers, events (by Falco condition, with chosen fields), around (what happened around a time or a stored alert). " +
    "Begin with sensitive_reads or process_tree, then process with a pid from there. Filters narrow every question. A damaged capture answers up to the damage and says so. Use export_capture to keep a part.",
  effect: "reads",
  toolset: "captures",
  input: z.strictObject({
    capture: text.describe("Path of the .scap file, inside the folders the server may read"),
    question: z.enum(CAPTURE_QUESTIONS).describe("What to find out"),
    ...CAPTURE_FILTER,
    condition: z
      .string()
      .min(1)
      .max(10_000)
      .optional()
      .describe("Question events: a Falco condition, as evt.type=openat and fd.name startswith /etc"),
    rules: SET.optional().describe("Question events: loaded rule set whose macros and lists the condition may use"),
    fields: z
      .array(z.string().min(1).max(200))
      .max(30)
      .optional()
      .describe("Questions events and around: Falco fields to show in place of arguments, as proc.aname[2]"),
    at: text.optional().describe("Question around: the time, RFC 3339 or nanoseconds since 1970"),
    alert: z.string().max(100).optional().describe("Questions around and process: id of a stored alert to start from"),
    seconds: z.number().min(0.000_001).max(3_600).default(1).describe("Question around: how far before and after"),
    everything: z.boolean().optional().describe("Question around: also reads, writes and waits"),
    limit: z.int().min(1).max(500).default(50).describe("Rows on a page"),
    cursor: z.string().max(60).optional().describe("next_cursor of the page before, with the same arguments"),
    detail: DETAIL.describe("concise: long texts shortened; full: whole texts and the program's path"),
  }),
  output: z.strictObject({
    question: z.string(),
    matched: count.describe("Rows in all, before paging"),
    capture: z.strictObject({
      path: z.string(),
      hostname: z.string().describe("Machine that was recorded"),
      first: z.string().optional(),
      last: z.string().optional(),
      events: count,
      processes: count,
      damaged: z.boolean().describe("True when reading ended at a fault; warnings say where"),
    }),
    alert: z.strictObject({ id: z.string(), rule: z.string(), time: z.string() }).optional(),
    ...(Object.fromEntries(CAPTURE_LISTS.map((list) => [list, CAPTURE_ROWS[list].optional()])) as {
      [Key in CaptureList]: z.ZodOptional<(typeof CAPTURE_ROWS)[Key]>;
    }),
  }),
  cuttable: ["files", "connections", "executions", "children", "changes", "processes", "events", "lineage"],

  async run(input, { services, signal, progress, room }) {
    const { question, limit, cursor, detail } = input;
    checkArguments(input);
    const path = await services.captures.locate(input.capture);
    const alert = input.alert === undefined ? undefined : await storedAlert(input.alert, services);
    const { cursor: _, limit: __, detail: ___, ...asked } = input;
    const mark = createHash("sha256").update(JSON.stringify(asked)).digest("hex").slice(0, 12);
    const after = cursor === undefined ? 0 : openCursor(cursor, mark);
    // The engine is loaded when it is first used: most sessions never open a capture.
    const { queryCapture } = await import("../../investigate/capture/query-capture.ts");
    const answer = await queryCapture(path, {
      question,
      ...filterOf(input, services.nowNs()),
      ...(question === "around" ? aroundOf(input, alert) : {}),
      ...(question === "process" && alert ? { process: input.process ?? processOf(alert) } : {}),
      condition: input.condition,
      rules: input.rules === undefined ? undefined : await macrosOf(input.rules, services),
      fields: input.fields,
      isEverything: input.everything,
      after,
      limit,
      signal,
      onProgress: ({ bytes, events }) => progress(bytes, undefined, `${events} events read`),
    });
    const { rows, next } = fitRows(shownRows(answer, detail), answer, after, room);
    const { coverage } = answer;
    const { firstNs, lastNs, hostname, events, processes, fault, considered } = coverage;
    const span = spanOf(firstNs, lastNs);
    return {
      data: {
        question,
        matched: answer.matched,
        capture: { path, hostname, ...span, events, processes, damaged: fault !== undefined },
        ...(alert === undefined ? {} : { alert: { id: alert.id, rule: alert.rule, time: alert.time } }),
        ...(rows as object),
      },
      source: {
        kind: "capture",
        looked_at: considered,
        ...(span.first === undefined || span.last === undefined ? {} : { from: span.first, to: span.last }),
      },
      warnings: [...answer.notices],
      ...(next === undefined ? {} : { nextCursor: `${next}.${mark}` }),
      untrusted: ["capture.hostname", ...(alert ? ["alert.rule"] : []), ...untrustedInRows(rows)],
    };
  },
});

async function macrosOf(name: string, { rules }: Services) {
  const { files, options } = await rules.get(name);
  return { files, options };
}

function spanOf(firstNs: bigint | undefined, lastNs: bigint | undefined): { first?: string; last?: string } {
  if (firstNs === undefined || lastNs === undefined) return {};
  return { first: formatTimeNs(firstNs), last: formatTimeNs(lastNs) };
}

async function storedAlert(id: string, { alerts }: Services): Promise<StoredAlert> {
  const alert = await alerts.get(id);
  if (alert !== undefined) return alert;
  throw new FalcoSkillsError("ALERT_NOT_FOUND", `no stored alert has id ${JSON.stringify(id)}`, {
    fix: "Call search_alerts and pass an id it returned.",
  });
}

function openCursor(cursor: string, mark: string): number {
  const [, digits, given] = /^(\d{1,15})\.([0-9a-f]{12})$/.exec(cursor) ?? [];
  if (digits !== undefined && given === mark) return Number(digits);
  throw new FalcoSkillsError("CURSOR_MISMATCH", "the cursor belongs to other arguments", {
    fix: "Leave cursor out to begin with the first page.",
  });
}
