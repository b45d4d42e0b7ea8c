import { z } from "zod";
import { formatTimeNs } from "../alert/time.ts";
import type { KeptRun } from "../runs/kept-run.ts";
import type { KeptOutcome } from "../runs/run-and-keep.ts";
import type { StoredAlert } from "../store/alert-store.ts";
import { ALERT_ROW, alertRow, untrustedIn } from "./alert-view.ts";
import type { ToolContext } from "./tool.ts";

const COUNTS = z.record(z.string(), z.int());

const FAULT = z.strictObject({
  code: z.string(),
  message: z.string(),
  fix: z.string().optional(),
  where: z.string().optional(),
});

/** A run as lists show it. */
export const RUN = z.strictObject({
  id: z.string(),
  mode: z.string(),
  state: z.string().describe("finished, faulty (the input was), cancelled, failed, or unfinished"),
  started: z.string(),
  ended: z.string().optional(),
  session: z.string(),
  client: z.string().optional(),
  rules: z.string().describe("Name and digest of the rule set"),
  input: z.strictObject({ path: z.string(), bytes: z.int(), sha256: z.string() }).optional(),
  events: z.int().optional(),
  alerts: z.int().optional(),
});

/** What came of a run, in run_falco's answer. */
export const OUTCOME = {
  run_id: z.string().optional().describe("Pass as run_id to search_alerts and summarize_alerts"),
  engine: z.string().optional().describe("Engine that gave the result, with its version"),
  state: z.string().optional(),
  rules_digest: z.string().optional(),
  input_sha256: z.string().optional(),
  event_source: z.string().optional(),
  rules_run: z.int().optional().describe("Rules that could have fired on this input"),
  events: z.int().optional().describe("Events that rules saw; Falco itself does not tell"),
  first_event: z.string().optional(),
  last_event: z.string().optional(),
  seconds: z.number().optional().describe("Time from first to last event, or alert where Falco ran"),
  ended_by: z.string().optional(),
  fault: FAULT.optional().describe("What stopped the reading; alerts from before it stand"),
  alerts: z.int().optional(),
  added: z.int().optional().describe("Alerts that are new in the store; the others it held already"),
  by_rule: COUNTS.optional(),
  by_priority: COUNTS.optional(),
  first_alerts: z.array(ALERT_ROW).optional(),
};

/** The answer to a replay or a live run, with the first alerts it stored. */
export function outcomeAnswer(kept: KeptOutcome, first: readonly StoredAlert[], notes: readonly string[] = []) {
  const { run, outcome, added } = kept;
  const { firstNs, lastNs, fault } = outcome;
  return {
    data: {
      run_id: run.id,
      engine: engineOf(run),
      state: run.result?.state ?? "unfinished",
      rules_digest: run.rules.digest,
      ...(run.input === undefined ? {} : { input_sha256: run.input.sha256 }),
      event_source: outcome.source,
      rules_run: outcome.rulesRun,
      ...(outcome.events === undefined ? {} : { events: outcome.events }),
      ...(firstNs === undefined || lastNs === undefined
        ? {}
        : {
            first_event: formatTimeNs(firstNs),
            last_event: formatTimeNs(lastNs),
            seconds: Number(lastNs - firstNs) / 1e9,
          }),
      ended_by: outcome.endedBy,
      ...(fault === undefined ? {} : { fault: definedOnly(fault) }),
      alerts: outcome.alerts,
      added,
      by_rule: { ...outcome.alertsByRule },
      by_priority: { ...outcome.alertsByPriority },
      first_alerts: first.map((alert) => alertRow(alert, "concise")),
    },
    source: {
      kind: run.mode === "live" ? "this host" : "replay",
      ...(outcome.events === undefined ? {} : { looked_at: outcome.events }),
      ...(firstNs === undefined || lastNs === undefined
        ? {}
        : { from: formatTimeNs(firstNs), to: formatTimeNs(lastNs) }),
    },
    warnings: [...notes, ...warningsOf(kept)],
    untrusted: ["by_rule", "fault.message", ...untrustedIn(first, "first_alerts[]", "concise")],
  };
}

/** "embedded 0.63.0", "falco 0.44.0 (engine 0.63.0)" */
export const engineOf = ({ engine, falcoVersion, rules }: KeptRun): string =>
  falcoVersion === undefined
    ? `${engine} ${rules.engineVersion}`
    : `${engine} ${falcoVersion} (engine ${rules.engineVersion})`;

function warningsOf({ outcome, refused }: KeptOutcome): string[] {
  const { fault, rulesRun, source, endedBy, skippedCount, skipped } = outcome;
  const unstored = Object.entries(refused).map(([reason, count]) => `${count} (${reason})`);
  return [
    ...(fault === undefined
      ? []
      : [
          `${fault.code}: the input could not be read to its end, so nothing after ${fault.where ?? "the fault"} was seen`,
        ]),
    ...(endedBy.startsWith("limit") ? [`the run ended at its ${endedBy}; what follows in the input was not seen`] : []),
    ...(rulesRun === 0 ? [`no active rule of the set is of source ${source}, so nothing could fire`] : []),
    ...(skippedCount === 0 ? [] : [passedOver(skippedCount, skipped[0]?.message ?? "")]),
    ...(unstored.length === 0 ? [] : [`alerts that the store does not take: ${unstored.join(", ")}`]),
  ];
}

function passedOver(count: number, first: string): string {
  return `${count} ${count === 1 ? "part of the input was" : "parts of the input were"} passed over, first: ${first}`;
}

/** The runs of this home, newest first. */
export async function listRuns(limit: number, { services }: ToolContext) {
  const { runs, total, unreadable } = await services.runs.list(limit);
  return {
    data: { runs: runs.map(runRow), runs_kept: total },
    source: { kind: "runs", looked_at: runs.length },
    warnings: [
      ...(total > runs.length + unreadable ? [`${total - runs.length - unreadable} older runs are not shown`] : []),
      ...(unreadable === 0 ? [] : [`${unreadable} files in the folder of runs cannot be read`]),
    ],
    untrusted: ["runs[].rules", "runs[].input.path", "runs[].client"],
  };
}

function runRow({ id, mode, startedAt, endedAt, caller, rules, input, result }: KeptRun): z.input<typeof RUN> {
  const { events, alerts } = result ?? {};
  return {
    id,
    mode,
    state: result?.state ?? "unfinished",
    started: startedAt,
    ...(endedAt === undefined ? {} : { ended: endedAt }),
    session: caller.session,
    ...(caller.client === undefined ? {} : { client: `${caller.client.name} ${caller.client.version}` }),
    rules: `${rules.set} ${rules.digest}`,
    ...(input === undefined ? {} : { input: { path: input.path, bytes: input.bytes, sha256: input.sha256 } }),
    ...(events === undefined ? {} : { events }),
    ...(alerts === undefined ? {} : { alerts }),
  };
}

/** The entries that have a value. */
export function definedOnly<Value extends object>(
  value: Value,
): { [Key in keyof Value]: Exclude<Value[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as {
    [Key in keyof Value]: Exclude<Value[Key], undefined>;
  };
}
