import { join } from "node:path";
import type { CaptureQuestion } from "../investigate/capture/capture-questions.ts";
import { exportCapture } from "../investigate/capture/export-capture.ts";
import type { FileUse } from "../investigate/capture/list-files.ts";
import type { TreeRow } from "../investigate/capture/process-tree.ts";
import { type CaptureAnswer, type CaptureRows, queryCapture } from "../investigate/capture/query-capture.ts";
import { aroundOf, checkArguments, filterOf } from "../mcp/capture-input.ts";
import { visible } from "../text/visible.ts";
import { nowNs } from "./ambient.ts";
import { namedRuleFiles } from "./named-rules.ts";
import { colors, printJson, printLine } from "./print.ts";
import { printTable } from "./print-table.ts";
import { progressLine } from "./progress-line.ts";
import { homeFolder } from "./settings.ts";

export interface CaptureFlags {
  readonly process?: string;
  readonly descendants?: boolean;
  readonly container?: string;
  readonly from?: string;
  readonly to?: string;
  readonly condition?: string;
  readonly rules?: readonly string[];
  readonly fields?: readonly string[];
  readonly at?: string;
  readonly seconds: number;
  readonly everything?: boolean;
  readonly limit: number;
  readonly after: number;
  readonly home?: string;
  readonly json?: boolean;
}

/** Damage is told by the exit code too, so that a script does not take half an answer for a whole one. */
const DAMAGED = 3;

/** Prints the answer to one question about a capture, or what an export wrote. */
export async function askCapture(
  question: CaptureQuestion | "export",
  file: string,
  flags: CaptureFlags,
): Promise<void> {
  const line = progressLine();
  const onProgress = ({ events }: { readonly events: number }) => line.show(`${events} events read`);
  const abort = new AbortController();
  const onInterrupt = () => abort.abort();
  process.once("SIGINT", onInterrupt);
  try {
    if (question === "export") await writePart(file, flags, { signal: abort.signal, onProgress });
    else await answer(question, file, flags, { signal: abort.signal, onProgress });
  } finally {
    line.clear();
    process.off("SIGINT", onInterrupt);
  }
}

interface Work {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly bytes: number; readonly events: number }) => void;
}

async function answer(question: CaptureQuestion, file: string, flags: CaptureFlags, work: Work): Promise<void> {
  const { condition, rules, fields, at, everything, limit, after } = flags;
  checkArguments({ question, condition, rules, fields, at, everything });
  const given = await queryCapture(file, {
    question,
    ...filterOf(flags, nowNs()),
    ...(question === "around" ? aroundOf(flags, undefined) : {}),
    condition,
    rules: rules === undefined ? undefined : await namedRuleFiles(rules, flags.home),
    fields,
    isEverything: everything,
    limit,
    after,
    ...work,
  });
  const { rows, matched, next, notices, coverage } = given;
  if (coverage.fault) process.exitCode = DAMAGED;
  if (flags.json === true) {
    return printJson({ question, matched, ...(next === undefined ? {} : { next }), notices, coverage, ...rows });
  }
  printRows(given);
  for (const notice of notices) printLine(colors.yellow(visible(notice)));
  if (next !== undefined) printLine(colors.dim(`${matched} rows in all; go on with --after ${next}`));
}

async function writePart(file: string, flags: CaptureFlags, work: Work): Promise<void> {
  const folder = join(homeFolder(flags.home, process.env), "captures");
  const part = await exportCapture(file, { ...filterOf(flags, nowNs()), folder, ...work });
  if (part.fault) process.exitCode = DAMAGED;
  if (flags.json === true) return printJson(part);
  printTable(
    ["", "sha256", "bytes", "path"],
    [
      ["written", part.file.sha256, String(part.file.bytes), part.file.path],
      ["from", part.source.sha256, String(part.source.bytes), part.source.path],
    ],
  );
  printLine(`${part.events} events chosen, ${part.contextEvents} kept for context, of ${part.sourceEvents}`);
  if (part.isCut) printLine(colors.yellow("the file is cut at its size limit: choose fewer events"));
  if (part.sourceChanged) printLine(colors.yellow("the source changed while it was read"));
  if (part.fault) printLine(colors.yellow(visible(`${part.fault.code}: ${part.fault.message} (${part.fault.where})`)));
}

function printRows({ rows }: CaptureAnswer): void {
  const titled = Object.values(rows).filter((list) => list.length > 0).length > 1;
  for (const [name, list] of Object.entries(rows) as [keyof CaptureRows, readonly never[]][]) {
    if (list.length === 0) continue;
    if (titled) printLine(colors.bold(name));
    PRINTERS[name](list);
    if (titled) printLine();
  }
}

const time = (text: string): string => text.slice(11, 23);
const who = ({ pid, command }: { readonly pid: number; readonly command: string }): string => `${command} (${pid})`;
const how = ({ access, opens, failed, error }: FileUse): string =>
  `${access} ${opens}${failed > 0 ? `, ${failed} failed (${error})` : ""}`;

const PRINTERS: { readonly [Name in keyof CaptureRows]-?: (rows: NonNullable<CaptureRows[Name]>) => void } = {
  processes: printTree,
  lineage: printTree,
  children: printTree,
  executions: (rows) =>
    printTable(
      ["event", "time", "user", "container", "program"],
      rows.map((row) => [String(row.event), time(row.time), row.user, row.container, `${who(row)} < ${row.lineage}`]),
    ),
  files: (rows) =>
    printTable(
      ["event", "time", "kind", "opened", "file and process"],
      rows.map((row) => [
        String(row.event),
        time(row.time),
        row.kind ?? "",
        how(row),
        `${row.file} by ${who(row)} < ${row.lineage}`,
      ]),
    ),
  connections: (rows) =>
    printTable(
      ["event", "time", "way", "peer", "sent", "received", "process"],
      rows.map((row) => [
        String(row.event),
        time(row.time),
        row.direction,
        `${row.peer}${row.port === undefined ? "" : ` ${row.port}`}/${row.protocol}${row.error ? ` ${row.error}` : ""}`,
        String(row.sent),
        String(row.received),
        `${who(row)} < ${row.lineage}`,
      ]),
    ),
  users: (rows) =>
    printTable(
      ["user", "uid", "container", "processes", "programs", "first", "last"],
      rows.map((row) => [
        row.user,
        String(row.uid),
        row.container,
        String(row.processes),
        String(row.executions),
        time(row.time),
        time(row.last),
      ]),
    ),
  changes: (rows) =>
    printTable(
      ["event", "time", "call", "from", "to", "process"],
      rows.map((row) => [String(row.event), time(row.time), row.call, row.from, row.to, who(row)]),
    ),
  containers: (rows) =>
    printTable(
      ["container", "name", "type", "processes", "programs", "image"],
      rows.map((row) => [
        row.container,
        row.name,
        `${row.type}${row.privileged === true ? " privileged" : ""}`,
        String(row.processes),
        String(row.executions),
        row.image,
      ]),
    ),
  events: (rows) =>
    printTable(
      ["event", "time", "type", "process", "what"],
      rows.map((row) => [
        String(row.event),
        time(row.time),
        row.type,
        `${row.process} (${row.pid})`,
        row.fields ? fieldText(row.fields) : [row.target, row.result, row.arguments].filter(Boolean).join(" "),
      ]),
    ),
};

const fieldText = (fields: Readonly<Record<string, unknown>>): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name}=${value ?? "<NA>"}`)
    .join(" ");

function printTree(rows: readonly TreeRow[]): void {
  for (const { depth, pid, process: name, command, user, container, started, exit } of rows) {
    const about = [user, container, ...(started ? [time(started)] : []), ...(exit ? [`exit ${exit}`] : [])].join(" ");
    printLine(
      `${"  ".repeat(depth)}${visible(command === "" ? name : command)} (${pid}) ${colors.dim(visible(about))}`,
    );
  }
}
