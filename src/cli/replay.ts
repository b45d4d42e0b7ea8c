import { once } from "node:events";
import { hostname } from "node:os";
import type { Priority } from "../alert/alert.ts";
import { formatTimeNs } from "../alert/time.ts";
import type { RunAlert, RunInput, RunOutcome } from "../replay/runs/run.ts";
import { runRules } from "../replay/runs/run-rules.ts";
import { visible } from "../text/visible.ts";
import { namedRules } from "./named-rules.ts";
import { progressLine } from "./progress-line.ts";

export interface ReplayFlags {
  readonly rules: readonly string[];
  readonly all?: boolean;
  readonly minPriority?: Priority;
  readonly eventSource?: string;
  readonly maxEvents?: number;
  readonly maxAlerts?: number;
  readonly json?: boolean;
  readonly home?: string;
}

const ALERTS = 3;
const FAULTY = 4;

/** Prints the alerts that rules give over an input on standard output, and a summary on standard error. */
export async function replay(path: string, flags: ReplayFlags): Promise<void> {
  const input = inputOf(path, flags);
  const ruleSet = await namedRules(flags.rules, [input.kind], flags.home);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  const printer = alertPrinter(flags.json === true, () => stop.abort());
  const line = progressLine();
  const outcome = await runRules(input, ruleSet, printer.print, {
    matching: flags.all === true ? "all" : "first",
    hostname: process.env.FALCO_HOSTNAME ?? hostname(),
    limits: {
      ...(flags.maxEvents === undefined ? {} : { events: flags.maxEvents }),
      ...(flags.maxAlerts === undefined ? {} : { alerts: flags.maxAlerts }),
    },
    ...(flags.minPriority === undefined ? {} : { minPriority: flags.minPriority }),
    signal: stop.signal,
    settle: printer.settle,
    onProgress: ({ events }) => line.show(`${events} events read`),
  });
  line.clear();
  if (flags.json === true) process.stderr.write(`${JSON.stringify(outcome, plain)}\n`);
  else process.stderr.write(summaryOf(outcome));
  process.exitCode = outcome.fault !== undefined ? FAULTY : outcome.alerts > 0 ? ALERTS : 0;
}

function inputOf(path: string, { eventSource }: ReplayFlags): RunInput {
  const isJson = eventSource !== undefined || /\.(?:json|jsonl|ndjson)(?:\.gz)?$/i.test(path);
  if (!isJson) return { kind: "capture", path };
  return { kind: "events", path, ...(eventSource === undefined ? {} : { source: eventSource }) };
}

/** Prints as fast as the reader takes it: what waits is written out before more of the input is read. */
function alertPrinter(isJson: boolean, onClosed: () => void) {
  const { stdout } = process;
  let isFull = false;
  // A reader that has seen enough, as head does, ends the run and is no failure.
  stdout.on("error", onClosed);
  return {
    print({ line }: RunAlert): void {
      const text = isJson ? line : visible((JSON.parse(line) as { output: string }).output);
      if (!stdout.write(`${text}\n`)) isFull = true;
    },
    async settle(): Promise<void> {
      if (isFull && stdout.writable) await Promise.race([once(stdout, "drain"), once(stdout, "close")]);
      isFull = false;
    },
  };
}

const plain = (_key: string, value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value);

function summaryOf({ source, events, alerts, alertsByRule, rulesRun, firstNs, lastNs, ...rest }: RunOutcome): string {
  const lines = [
    `${events} events of ${source}, ${rulesRun} rules, ${alerts} alerts${rest.endedBy === "end of input" ? "" : `; ended by ${rest.endedBy}`}`,
    ...(firstNs === undefined || lastNs === undefined
      ? []
      : [`from ${formatTimeNs(firstNs)} to ${formatTimeNs(lastNs)}`]),
    ...Object.entries(alertsByRule)
      .sort(([, left], [, right]) => right - left)
      .map(([rule, count]) => `${String(count).padStart(7)}  ${visible(rule)}`),
    ...(rest.skippedCount === 0
      ? []
      : [`${rest.skippedCount} parts passed over, first: ${visible(rest.skipped[0]?.message ?? "")}`]),
    ...(rest.fault === undefined
      ? []
      : [
          `${rest.fault.code}: ${visible(rest.fault.message)}`,
          visible(rest.fault.where ?? ""),
          visible(rest.fault.fix ?? ""),
        ]),
  ];
  return `${lines.filter((text) => text !== "").join("\n")}\n`;
}
