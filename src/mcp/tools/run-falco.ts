import { createHash } from "node:crypto";
import { z } from "zod";
import { PRIORITIES } from "../../alert/alert.ts";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { RunInput } from "../../replay/runs/run.ts";
import type { StoredRuleSet } from "../../rules/library/rule-library.ts";
import type { KeptOutcome } from "../../runs/run-and-keep.ts";
import { askApproval } from "../ask-approval.ts";
import { alertsCompared, COMPARED } from "../compare-view.ts";
import { definedOnly, listRuns, OUTCOME, outcomeAnswer, RUN } from "../run-view.ts";
import type { Services } from "../services.ts";
import { defineTool, type ToolContext } from "../tool.ts";
import { validateSet } from "../validate-set.ts";
import { FINDING, SET } from "./load-rules.ts";

const LIMITS = z
  .strictObject({
    events: z.int().min(1).max(1_000_000_000).optional().describe("Events that rules may see; embedded engine only"),
    seconds: z
      .number()
      .positive()
      .max(1e9)
      .optional()
      .describe("Seconds of the input's own time, from its first event; embedded engine only"),
    alerts: z.int().min(1).max(1_000_000).default(100_000).describe("Alerts after which the run ends"),
  })
  .prefault({});

const INPUT = z.strictObject({
  mode: z.enum(["validate", "replay", "live", "list"]).describe("What to do"),
  rules: SET.optional().describe("Name of a loaded rule set, as load_rules keeps it; needed but for list"),
  capture: z.string().min(1).max(4_096).optional().describe("Capture inside the server's capture folders"),
  events: z.string().min(1).max(4_096).optional().describe("JSON or JSONL file of audit events, instead of a capture"),
  event_source: z
    .enum(["k8s_audit", "aws_cloudtrail", "gcp_auditlog", "okta", "github"])
    .optional()
    .describe("Source of the events; found out from the first one when left out"),
  matching: z
    .enum(["first", "all"])
    .default("first")
    .describe("first: the first rule that matches an event gives its only alert, Falco's default; all: each does"),
  engine: z
    .enum(["auto", "embedded", "falco"])
    .default("auto")
    .describe(
      "auto takes the Falco binary where there is one that can do it, else the embedded engine, and says which",
    ),
  compare: z
    .boolean()
    .default(false)
    .describe("validate and replay, where a Falco is: run both engines and tell every difference in verdict or alerts"),
  seconds: z.int().min(1).max(3_600).optional().describe("live: how long this host is watched"),
  approval: z.string().min(1).max(100).optional().describe("live: id that a person approved at a terminal"),
  min_priority: z.enum(PRIORITIES).optional().describe("Rules less urgent than this do not run"),
  limits: LIMITS.describe("Where the run ends before its input does"),
  limit: z.int().min(1).max(100).default(10).describe("Alerts shown, or runs listed"),
});
type Input = z.output<typeof INPUT>;

export const runFalco = defineTool({
  name: "run_falco",
  title: "Run Falco's rules",
  description:
    "Run a loaded rule set. mode replay runs it over a capture (.scap) or a file of JSON audit events (Kubernetes audit, CloudTrail, GCP audit, Okta, GitHub) and stores the alerts under the run's id, for search_alerts and summarize_alerts with run_id; " +
    "mode validate says whether Falco would start with the set; mode live watches this host with the real Falco for some seconds (server started with --allow-changes, and a person approves each run); mode list shows the runs that were made, newest first. " +
    "The real Falco does the work where it is installed, the embedded engine anywhere else; compare runs both and tells where they differ. Load rules with load_rules first; use test_rules to check expectations instead of looking at alerts.",
  effect: "records",
  idempotent: false,
  toolset: "captures",
  input: INPUT,
  output: z.strictObject({
    ...OUTCOME,
    ok: z.boolean().optional().describe("Of validate: whether Falco would start with the set"),
    problems: z.array(FINDING).optional().describe("Of validate: errors and warnings as Falco raises them"),
    compared: COMPARED.optional(),
    runs: z.array(RUN).optional(),
    runs_kept: z.int().optional().describe("Runs kept in all"),
  }),
  cuttable: ["first_alerts", "problems", "runs"],

  async run(input, context) {
    if (input.mode === "list") return listRuns(input.limit, context);
    if (input.rules === undefined)
      throw missing("rules", "Pass the name of a rule set that load_rules loaded as rules.");
    const set = await context.services.rules.get(input.rules);
    if (input.mode === "validate") return validateSet(set, input, context);
    return input.mode === "live" ? watch(set, input, context) : replay(set, input, context);
  },
});

/** What a run needs, however it runs. Engines are large: they are loaded by the first run, not at the start. */
async function prepare(input: Input, { services, caller, signal, progress }: ToolContext) {
  return {
    keep: keepServices(services),
    request: {
      caller,
      show: input.limit,
      options: {
        matching: input.matching,
        limits: definedOnly(input.limits),
        signal,
        onProgress: progress,
        ...(input.min_priority === undefined ? {} : { minPriority: input.min_priority }),
      },
    },
    engines: await services.engines(),
    ...(await import("../../runs/run-and-keep.ts")),
    ...(await import("../../runs/choose-engine.ts")),
    ...(await import("../../runs/compare-replays.ts")),
  };
}

async function replay(set: StoredRuleSet, input: Input, context: ToolContext) {
  const where = await inputOf(input, context.services.captures);
  if (input.compare) return compare(set, where, input, context);
  const { keep, request, engines, chooseEngine, runAndKeep } = await prepare(input, context);
  const { engine, note } = chooseEngine(engines, input.engine, set.ruleSet.engineVersion, (falco) =>
    falco.cannotReplay(where, request.options),
  );
  const kept = await runAndKeep(keep, { ...request, engine, set, input: where });
  return answer(kept, context, note === undefined ? [] : [note]);
}

/** Falco's run is kept; the embedded engine's alerts are only held against it. */
async function compare(set: StoredRuleSet, where: RunInput, input: Input, context: ToolContext) {
  const prepared = await prepare(input, context);
  const { keep, request, engines, chooseEngine, runAndKeep, gatherAlerts, compareWithEmbedded } = prepared;
  const { engine } = chooseEngine(engines, "falco", "", (falco) => falco.cannotReplay(where, request.options));
  const embedded = engines.embedded(set.ruleSet.engineVersion);
  const falco = gatherAlerts();
  const kept = await runAndKeep(keep, { ...request, engine, set, input: where, onLine: falco.take });
  const comparison = await compareWithEmbedded(falco.alerts, embedded, set, where, request.options);
  const given = await answer(kept, context, comparison.same ? [] : ["the two engines do not give the same alerts"]);
  const compared = alertsCompared(comparison, `embedded ${embedded.engineVersion}`);
  return { ...given, data: { ...given.data, compared }, untrusted: [...given.untrusted, "compared.differences"] };
}

/** Watching a host reads all that goes on there: a person says yes to each run. */
async function watch(set: StoredRuleSet, input: Input, context: ToolContext) {
  const { services } = context;
  const { seconds } = input;
  if (!services.changesAllowed) throw changesNotAllowed();
  if (seconds === undefined) throw missing("seconds", "Pass how many seconds this host is to be watched as seconds.");
  const { keep, request, engines, requireFalco, watchAndKeep } = await prepare(input, context);
  const engine = requireFalco(engines);
  const plan = livePlan(set, seconds, input, engine.falcoVersion);
  const approval = await askApproval(context, plan, input.approval);
  if (typeof approval !== "string") return approval;
  await services.approvals.take(approval, plan.digest);
  return answer(await watchAndKeep(keep, { ...request, engine, set, seconds }), context, []);
}

function livePlan(set: StoredRuleSet, seconds: number, { matching, min_priority, limits }: Input, falco: string) {
  const lines = [
    `Falco ${falco} watches every system call of this host for ${seconds} seconds, with root's rights.`,
    `Rules: ${set.name}, digest ${set.digest}`,
    `Matching ${matching}; rules from priority ${min_priority ?? "Debug"} up; at most ${limits.alerts} alerts, kept in home.`,
  ];
  const digest = createHash("sha256").update(lines.join("\n")).digest("hex");
  return { kind: "run_falco", title: `Watch this host for ${seconds} seconds`, lines, digest };
}

async function answer(kept: KeptOutcome, { services }: ToolContext, notes: readonly string[]) {
  const first = await Promise.all(kept.firstIds.map((id) => services.alerts.get(id)));
  return outcomeAnswer(
    kept,
    first.filter((alert) => alert !== undefined),
    notes,
  );
}

const keepServices = (services: Services) => ({
  alerts: services.alerts,
  runs: services.runs,
  nowMs: () => Number(services.nowNs() / 1_000_000n),
});

async function inputOf(
  input: { capture?: string | undefined; events?: string | undefined; event_source?: string | undefined },
  captures: Services["captures"],
): Promise<RunInput> {
  const { capture, events, event_source: source } = input;
  if ((capture === undefined) === (events === undefined)) {
    throw missing("capture", "Pass either capture or events, not both.");
  }
  if (capture !== undefined) return { kind: "capture", path: await captures.locate(capture) };
  const path = await captures.locate(events ?? "");
  return { kind: "events", path, ...(source === undefined ? {} : { source }) };
}

function missing(name: string, fix: string): FalcoSkillsError {
  return new FalcoSkillsError("INVALID_ARGUMENT", `argument ${JSON.stringify(name)} is missing or one too many`, {
    fix,
  });
}

function changesNotAllowed(): FalcoSkillsError {
  return new FalcoSkillsError("TOOL_WITHHELD", "mode live is withheld by the server's start (no --allow-changes)", {
    fix: "Ask the person who runs the server to start it with --allow-changes, or use mode replay over a capture.",
  });
}
