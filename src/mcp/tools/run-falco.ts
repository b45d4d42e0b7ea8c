import { z } from "zod";
import { PRIORITIES } from "../../alert/alert.ts";
import { formatTimeNs } from "../../alert/time.ts";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { KeptRun, ReplayServices, RunInput } from "../../replay/runs/run.ts";
import type { KeptOutcome } from "../../replay/runs/run-and-keep.ts";
import type { StoredRuleSet } from "../../rules/library/rule-library.ts";
import type { StoredAlert } from "../../store/alert-store.ts";
import { ALERT_ROW, alertRow, untrustedIn } from "../alert-view.ts";
import type { Services } from "../services.ts";
import { defineTool, type ToolContext } from "../tool.ts";
import { FINDING, findingPaths, SET, showFinding } from "./load-rules.ts";

const COUNTS = z.record(z.string(), z.int());

const FAULT = z.strictObject({
  code: z.string(),
  message: z.string(),
  fix: z.string().optional(),
  where: z.string().optional(),
});

const LIMITS = z
  .strictObject({
    events: z.int().min(1).max(1_000_000_000).optional().describe("Events that rules may see"),
    seconds: z
      .number()
      .positive()
      .max(1e9)
      .optional()
      .describe("Seconds of the input's own time, from its first event"),
    alerts: z.int().min(1).max(1_000_000).default(100_000).describe("Alerts after which the run ends"),
  })
  .prefault({});

const RUN = z.strictObject({
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

export const runFalco = defineTool({
  name: "run_falco",
  title: "Run Falco's rules",
  description:
    "Run a loaded rule set. mode replay runs it over a capture (.scap) or a file of JSON audit events (Kubernetes audit, CloudTrail, GCP audit, Okta, GitHub) and stores the alerts under the run's id, for search_alerts and summarize_alerts with run_id; " +
    "mode validate says whether Falco would start with the set; mode list shows the runs that were made, newest first. " +
    "The embedded engine does the work on any system. Load rules with load_rules first; use test_rules to check expectations instead of looking at alerts.",
  effect: "records",
  idempotent: false,
  toolset: "captures",
  input: z.strictObject({
    mode: z.enum(["validate", "replay", "list"]).describe("What to do"),
    rules: SET.optional().describe("Name of a loaded rule set, as load_rules keeps it; needed but for list"),
    capture: z.string().min(1).max(4_096).optional().describe("Capture inside the server's capture folders"),
    events: z
      .string()
      .min(1)
      .max(4_096)
      .optional()
      .describe("JSON or JSONL file of audit events, instead of a capture"),
    event_source: z
      .enum(["k8s_audit", "aws_cloudtrail", "gcp_auditlog", "okta", "github"])
      .optional()
      .describe("Source of the events; found out from the first one when left out"),
    matching: z
      .enum(["first", "all"])
      .default("first")
      .describe("first: the first rule that matches an event gives its only alert, Falco's default; all: each does"),
    engine: z.enum(["auto", "embedded", "falco"]).default("auto").describe("auto takes the embedded engine"),
    min_priority: z.enum(PRIORITIES).optional().describe("Rules less urgent than this do not run"),
    limits: LIMITS.describe("Where the run ends before its input does"),
    limit: z.int().min(1).max(100).default(10).describe("Alerts shown, or runs listed"),
  }),
  output: z.strictObject({
    run_id: z.string().optional().describe("Pass as run_id to search_alerts and summarize_alerts"),
    engine: z.string().optional().describe("Engine that gave the result, with the engine version it follows"),
    state: z.string().optional(),
    ok: z.boolean().optional().describe("Of validate: whether Falco would start with the set"),
    problems: z.array(FINDING).optional().describe("Of validate: errors and warnings as Falco raises them"),
    rules_digest: z.string().optional(),
    input_sha256: z.string().optional(),
    event_source: z.string().optional(),
    rules_run: z.int().optional().describe("Rules that could have fired on this input"),
    events: z.int().optional().describe("Events that rules saw"),
    first_event: z.string().optional(),
    last_event: z.string().optional(),
    seconds: z.number().optional().describe("Time from first to last event"),
    ended_by: z.string().optional(),
    fault: FAULT.optional().describe("What stopped the reading; alerts from before it stand"),
    alerts: z.int().optional(),
    added: z.int().optional().describe("Alerts that are new in the store; the others it held already"),
    by_rule: COUNTS.optional(),
    by_priority: COUNTS.optional(),
    first_alerts: z.array(ALERT_ROW).optional(),
    runs: z.array(RUN).optional(),
    runs_kept: z.int().optional().describe("Runs kept in all"),
  }),
  cuttable: ["first_alerts", "problems", "runs"],

  async run(input, context) {
    if (input.mode === "list") return listRuns(input.limit, context);
    if (input.engine === "falco") {
      throw new FalcoSkillsError("REPLAY_NO_FALCO", "this version drives no Falco binary", {
        fix: "Call run_falco with engine embedded or auto.",
      });
    }
    if (input.rules === undefined)
      throw missing("rules", "Pass the name of a rule set that load_rules loaded as rules.");
    const set = await context.services.rules.get(input.rules);
    if (input.mode === "validate") return validate(set, context);
    const { captures, hostname } = context.services;
    const where = await inputOf(input, captures);
    // The engine is large: it is loaded by the first run, not by the start of the server.
    const { runAndKeep } = await import("../../replay/runs/run-and-keep.ts");
    const kept = await runAndKeep(keepServices(context.services), {
      set,
      input: where,
      caller: context.caller,
      show: input.limit,
      options: {
        matching: input.matching,
        hostname,
        limits: definedOnly(input.limits),
        signal: context.signal,
        onProgress: ({ bytes, events }) => context.progress(bytes, undefined, `${events} events read`),
        ...(input.min_priority === undefined ? {} : { minPriority: input.min_priority }),
      },
    });
    const first = await Promise.all(kept.firstIds.map((id) => context.services.alerts.get(id)));
    return replayAnswer(
      set,
      kept,
      first.filter((alert) => alert !== undefined),
    );
  },
});

const keepServices = (services: Services) => ({
  alerts: services.alerts,
  runs: services.runs,
  nowMs: () => Number(services.nowNs() / 1_000_000n),
});

async function inputOf(
  input: { capture?: string | undefined; events?: string | undefined; event_source?: string | undefined },
  captures: ReplayServices["captures"],
): Promise<RunInput> {
  const { capture, events, event_source: source } = input;
  if ((capture === undefined) === (events === undefined)) {
    throw missing("capture", "Pass either capture or events, not both.");
  }
  if (capture !== undefined) return { kind: "capture", path: await captures.locate(capture) };
  const path = await captures.locate(events ?? "");
  return { kind: "events", path, ...(source === undefined ? {} : { source }) };
}

async function validate(set: StoredRuleSet, { services, caller }: ToolContext) {
  const { runs } = services;
  const { ruleSet, digest, ok, diagnostics } = set;
  const begun = await runs.begin({
    mode: "validate",
    engine: "embedded",
    caller,
    rules: { set: set.name, digest, engineVersion: ruleSet.engineVersion },
  });
  const run = await runs.end(begun, { state: "finished", ok });
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const others = diagnostics.filter(({ severity }) => severity !== "error");
  return {
    data: {
      run_id: run.id,
      engine: engineOf(set),
      state: "finished",
      ok,
      rules_digest: digest,
      rules_run: ruleSet.rules.filter(({ active }) => active).length,
      problems: [...errors, ...others].map(showFinding),
    },
    source: { kind: "rule set", looked_at: ruleSet.rules.length },
    warnings: ok ? [] : [`Falco would not start with this set: ${errors.length} errors`],
    untrusted: findingPaths("problems"),
  };
}

const engineOf = (set: StoredRuleSet): string => `embedded ${set.ruleSet.engineVersion}`;

function replayAnswer(set: StoredRuleSet, kept: KeptOutcome, first: readonly StoredAlert[]) {
  const { run, outcome, added } = kept;
  const { firstNs, lastNs, fault } = outcome;
  return {
    data: {
      run_id: run.id,
      engine: engineOf(set),
      state: run.result?.state ?? "unfinished",
      rules_digest: set.digest,
      ...(run.input === undefined ? {} : { input_sha256: run.input.sha256 }),
      event_source: outcome.source,
      rules_run: outcome.rulesRun,
      events: outcome.events,
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
      kind: "replay",
      looked_at: outcome.events,
      ...(firstNs === undefined || lastNs === undefined
        ? {}
        : { from: formatTimeNs(firstNs), to: formatTimeNs(lastNs) }),
    },
    warnings: warningsOf(kept),
    untrusted: ["by_rule", "fault.message", ...untrustedIn(first, "first_alerts[]", "concise")],
  };
}

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

async function listRuns(limit: number, { services }: ToolContext) {
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

function missing(name: string, fix: string): FalcoSkillsError {
  return new FalcoSkillsError("INVALID_ARGUMENT", `argument ${JSON.stringify(name)} is missing or one too many`, {
    fix,
  });
}

/** The entries that have a value. */
function definedOnly<Value extends object>(value: Value): { [Key in keyof Value]: Exclude<Value[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as {
    [Key in keyof Value]: Exclude<Value[Key], undefined>;
  };
}
