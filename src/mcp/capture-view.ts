import { z } from "zod";
import type { CaptureAnswer } from "../investigate/capture/query-capture.ts";
import type { Detail } from "./alert-view.ts";
import { shorten } from "./answer.ts";

const count = z.int().min(0);

const WHO = {
  pid: z.int(),
  process: z.string(),
  command: z.string(),
  path: z.string().optional().describe("Program file; only with detail full"),
  user: z.string(),
  container: z.string().describe("Container id, or host"),
  lineage: z.string().describe("Those above it, parent first: sh (12) < httpd (9)"),
};
const FIRST = { event: count.describe("Number of the first event"), time: z.string() };

const TREE_ROW = z.strictObject({
  depth: count,
  pid: z.int(),
  ppid: z.int(),
  process: z.string(),
  command: z.string(),
  user: z.string(),
  container: z.string(),
  started: z.string().optional().describe("Absent: lived before the recording"),
  ended: z.string().optional().describe("Absent: outlived the recording"),
  exit: z.string().optional().describe("Exit code, or the signal that ended it"),
  ran: z.array(z.string()).optional().describe("Programs it ran, when more than one"),
  events: count.describe("Events within the filter"),
});

/** The lists that questions about captures fill. */
export const CAPTURE_ROWS = {
  processes: z.array(TREE_ROW),
  lineage: z.array(TREE_ROW).describe("Question process: from the farthest ancestor down to the process itself"),
  children: z.array(TREE_ROW),
  executions: z.array(z.strictObject({ ...FIRST, ...WHO, folder: z.string() })),
  files: z.array(
    z.strictObject({
      ...FIRST,
      file: z.string(),
      kind: z.string().optional().describe("What secret stands there"),
      access: z.string(),
      opens: count,
      failed: count,
      error: z.string().optional(),
      ...WHO,
    }),
  ),
  connections: z.array(
    z.strictObject({
      ...FIRST,
      last: z.string(),
      peer: z.string().describe("The other end's address, or a unix socket's path"),
      port: z.int().optional().describe("The server's port"),
      protocol: z.string(),
      direction: z.string(),
      connections: count,
      failed: count,
      error: z.string().optional(),
      sent: count.describe("Bytes"),
      received: count.describe("Bytes"),
      ...WHO,
    }),
  ),
  users: z.array(
    z.strictObject({
      ...FIRST,
      last: z.string(),
      user: z.string(),
      uid: z.int(),
      container: z.string(),
      logins: z.array(z.int()).describe("uids that had logged in"),
      processes: count,
      executions: count,
      events: count,
    }),
  ),
  changes: z
    .array(
      z.strictObject({
        ...FIRST,
        call: z.string(),
        pid: z.int(),
        process: z.string(),
        command: z.string(),
        from: z.string(),
        to: z.string(),
      }),
    )
    .describe("Processes that went on as another user"),
  containers: z.array(
    z.strictObject({
      ...FIRST,
      last: z.string(),
      container: z.string(),
      name: z.string(),
      image: z.string(),
      type: z.string(),
      privileged: z.boolean().optional(),
      processes: count,
      executions: count,
      events: count,
    }),
  ),
  events: z.array(
    z.strictObject({
      ...FIRST,
      type: z.string(),
      target: z.string().optional(),
      result: z.string().optional(),
      arguments: z.string().optional(),
      fields: z.record(z.string(), z.unknown()).optional(),
      ...WHO,
    }),
  ),
};
export type CaptureList = keyof typeof CAPTURE_ROWS;
export const CAPTURE_LISTS = Object.keys(CAPTURE_ROWS) as CaptureList[];

/** Keys of rows that name what others chose; every list may hold some of them. */
const WRITTEN_BY_OTHERS =
  "process command path lineage file peer target arguments fields ran user folder name image from to".split(" ");

type Row = Record<string, unknown>;
type Rows = Partial<Record<CaptureList, Row[]>>;

const SHORT = { command: 200, arguments: 300, lineage: 300, target: 300, file: 500 } as const;

/** The lists of an answer as they are shown. */
export function shownRows({ rows }: CaptureAnswer, detail: Detail): Rows {
  const all = rows as unknown as Rows;
  if (detail === "full") return all;
  return Object.fromEntries(Object.entries(all).map(([list, items]) => [list, items.map(shortRow)]));
}

function shortRow({ path: _, ...row }: Row): Row {
  const cut = Object.entries(SHORT).flatMap(([key, most]) => {
    const value = row[key];
    return typeof value === "string" && value.length > most ? [[key, shorten(value, most)] as const] : [];
  });
  const ran = Array.isArray(row.ran) ? { ran: row.ran.map((item) => shorten(String(item), SHORT.command)) } : {};
  return { ...row, ...ran, ...Object.fromEntries(cut) };
}

/** The main list without the tail that does not fit, and where the next page begins then. */
export function fitRows(rows: Rows, { rows: { lineage }, next }: CaptureAnswer, after: number, room: number) {
  const [list, items] = Object.entries(rows)[0] ?? [];
  if (list === undefined || items === undefined || lineage !== undefined) return { rows, next };
  let kept = 0;
  for (let size = 0; kept < items.length; kept += 1) {
    size += JSON.stringify(items[kept], (_, value) => (typeof value === "bigint" ? String(value) : value)).length + 1;
    if (size > room && kept > 0) break;
  }
  if (kept === items.length) return { rows, next };
  const last = items[kept - 1]?.event;
  return {
    rows: { ...rows, [list]: items.slice(0, kept) },
    next: list !== "processes" && typeof last === "number" ? last : after + kept,
  };
}

/** Paths of what an attacker may have written. */
export function untrustedInRows(rows: Rows): string[] {
  return Object.entries(rows).flatMap(([list, items]) => {
    const keys = new Set(items.flatMap((item) => Object.keys(item)));
    return WRITTEN_BY_OTHERS.filter((key) => keys.has(key)).map((key) => `${list}[].${key}`);
  });
}
