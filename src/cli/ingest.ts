import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import type { FileReport } from "../ingest/import-files.ts";
import type { IngestCounts } from "../ingest/ingest-counts.ts";
import { ingestStream } from "../ingest/read-stream.ts";
import { COMMAND_LINE, nowMs } from "./ambient.ts";
import { type Built, buildServices } from "./build-services.ts";
import { colors, printJson, printLine } from "./print.ts";
import { printTable } from "./print-table.ts";
import { progressLine } from "./progress-line.ts";
import { homeFolder } from "./settings.ts";

interface IngestFlags {
  readonly home?: string;
  readonly json?: boolean;
  readonly repair?: boolean;
}

/** Imports files or standard input and prints what became of every line. A file that could not be read whole ends with 1. */
export async function ingest(paths: readonly string[], flags: IngestFlags): Promise<void> {
  if (paths.includes("-") && paths.length > 1) {
    throw new FalcoSkillsError("INVALID_ARGUMENT", "- stands for standard input and cannot be mixed with files", {
      fix: "Run it once with - and once with the files.",
    });
  }
  const built = await buildServices({
    home: homeFolder(flags.home, process.env),
    alertRoots: undefined,
    repair: flags.repair === true,
  });
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  try {
    const { lines, added, known } =
      paths[0] === "-" ? await fromStdin(built, flags, stop.signal) : await fromFiles(built, paths, flags, stop.signal);
    const details = { command: "ingest", paths, lines, added, known };
    await built.services.audit.append({ type: "command.run", session: COMMAND_LINE, details });
  } finally {
    await built.close();
  }
}

async function fromStdin(
  { services, quarantine }: Built,
  flags: IngestFlags,
  signal: AbortSignal,
): Promise<IngestCounts> {
  const line = progressLine();
  const { counts } = await ingestStream(process.stdin, {
    store: services.alerts,
    quarantine,
    nowMs,
    signal,
    onProgress: ({ lines, added }) => line.show(`${lines} lines read, ${added} alerts added`),
  });
  line.clear();
  if (flags.json === true) printJson(counts);
  else printCounts(counts);
  return counts;
}

async function fromFiles(
  { services }: Built,
  paths: readonly string[],
  flags: IngestFlags,
  signal: AbortSignal,
): Promise<IngestCounts> {
  const line = progressLine();
  const report = await services.importAlerts(paths, {
    signal,
    onProgress: (_done, _total, message) => line.show(message),
  });
  line.clear();
  const faulty = report.files.filter((file) => file.fault !== undefined);
  if (flags.json === true) printJson(report);
  else {
    printCounts(report.totals);
    for (const file of faulty) printFault(file);
    if (report.skipped.length > 0) {
      printTable(
        ["passed over", "why"],
        report.skipped.map(({ path, reason }) => [path, reason]),
      );
    }
  }
  if (faulty.length > 0) process.exitCode = 1;
  return report.totals;
}

function printCounts({ lines, added, known, ignored, rejected }: IngestCounts): void {
  const rows = [
    ["alerts added", String(added), ""],
    ["alerts known already", String(known), ""],
    ...Object.entries(ignored).map(([reason, count]) => ["ignored", String(count), reason]),
    ...Object.entries(rejected).map(([reason, count]) => ["set aside", String(count), reason]),
    ["lines read", String(lines), ""],
  ];
  printTable(["what", "count", "why"], rows);
}

function printFault({ path, fault }: FileReport): void {
  if (fault === undefined) return;
  printLine(`${colors.red(fault.code)}: ${path}: ${fault.message}`);
  printLine(fault.fix);
}
