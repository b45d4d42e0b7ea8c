import { basename } from "node:path";
import { z } from "zod";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { DeploymentEntry, DeploymentOutcome, DeploymentPlan } from "../../falco/deploy/deployment.ts";
import { rulesBroken } from "../../falco/deploy/errors.ts";
import type { StoredRuleSet } from "../../rules/library/rule-library.ts";
import { askApproval } from "../ask-approval.ts";
import { DEPLOYMENT, deploymentRow, PLAN, planView, STEP } from "../deployment-view.ts";
import type { DeploymentPlace } from "../services.ts";
import { defineTool, type ToolContext } from "../tool.ts";
import { SET } from "./load-rules.ts";

const INPUT = z.strictObject({
  action: z
    .enum(["plan", "plan_rollback", "deploy", "list"])
    .describe("plan: what would change; plan_rollback: the same for undoing a deployment; deploy: carry a plan out"),
  rules: SET.optional().describe("plan: loaded rule set whose files are to be deployed"),
  files: z
    .array(z.string().min(1).max(255))
    .min(1)
    .max(100)
    .optional()
    .describe("plan: only these of the set's files; all of them when left out"),
  remove: z.array(z.string().min(1).max(255)).max(100).default([]).describe("plan: names of files to remove"),
  reason: z
    .string()
    .min(1)
    .max(1_000)
    .optional()
    .describe("plan, plan_rollback: why; the person who approves reads it"),
  captures: z
    .array(z.string().min(1).max(4_096))
    .max(20)
    .default([])
    .describe("plan: captures to tell the alerts gained and lost on"),
  stored_days: z
    .int()
    .min(1)
    .max(365)
    .optional()
    .describe("plan: also tell the stored alerts of so many days that are lost"),
  watch_seconds: z
    .int()
    .min(5)
    .max(3_600)
    .default(30)
    .describe("How long Falco's health is watched afterwards before the deployment stands"),
  deployment: z.string().min(1).max(100).optional().describe("deploy, plan_rollback: id of a plan or deployment"),
  approval: z.string().min(1).max(100).optional().describe("deploy: id that a person approved at a terminal"),
  limit: z.int().min(1).max(100).default(10).describe("list: how many, newest first"),
});
type Input = z.output<typeof INPUT>;

export const deployRulesTool = defineTool({
  name: "deploy_rules",
  title: "Deploy rules",
  description:
    "Change the rule files of the running Falco, in its configured rules folder only. First plan: the files, the difference by meaning, verdicts of the engines, new lints, alerts gained and lost on captures or stored alerts. " +
    "Then deploy with the plan's id: a person is asked to approve exactly this plan, in the client or at a terminal (falco-skills approve); no argument of yours can do that. " +
    "The files are validated, backed up, switched at once, confirmed by hash and watched for health; when Falco does worse, the old files come back by themselves. plan_rollback undoes any former deployment the same way.",
  effect: "changes",
  idempotent: false,
  toolset: "rules",
  input: INPUT,
  output: z.strictObject({
    plan: PLAN.optional(),
    state: z
      .enum(["confirmed", "unconfirmed", "rolled-back", "failed"])
      .optional()
      .describe("How the deployment ended"),
    why: z.string().optional(),
    steps: z.array(STEP).optional().describe("What was done, in order"),
    deployments: z.array(DEPLOYMENT).optional(),
    kept: z.int().optional().describe("Deployments and plans kept in all"),
  }),
  cuttable: ["deployments", "steps"],

  async run(input, context) {
    const { services, caller } = context;
    const place = await services.deployments({ session: caller.session, ...basisOf(input, context) });
    if (input.action === "list") return list(await place.deployments.list(), input.limit);
    if (input.action === "deploy") return deploy(place, input, context);
    const plan = await (input.action === "plan" ? planOf : rollbackOf)(place, input, context);
    return {
      data: { plan: planView(plan) },
      source: { kind: "rules folder", looked_at: plan.loads.after.length },
      warnings: [
        ...plan.warnings,
        plan.fit
          ? `nothing was changed: call deploy_rules with action deploy and deployment ${plan.id}, and a person is asked`
          : "nothing was changed, and this plan cannot be deployed: the new rule set would not load",
      ],
      untrusted: UNTRUSTED,
    };
  },
});

const UNTRUSTED = [
  "plan.rules[].rule",
  "plan.rules[].details",
  "plan.new_lints[].message",
  "plan.verdicts[].errors",
  "plan.reason",
  "why",
];

/** What the plan is tried on: captures inside the roots, and the time from which stored alerts count. */
function basisOf({ captures, stored_days }: Input, { services, signal }: ToolContext) {
  if (captures.length === 0 && stored_days === undefined) return {};
  return {
    async impact(load: DeploymentPlace["loading"]["load"]) {
      const { rulesImpact } = await import("../../runs/rules-impact.ts");
      const inputs = await Promise.all(
        captures.map(async (path) => ({ kind: "capture" as const, path: await services.captures.locate(path) })),
      );
      const from = stored_days === undefined ? {} : { storedFromNs: services.nowNs() - BigInt(stored_days) * DAY_NS };
      return (before: StoredRuleSet["files"], after: StoredRuleSet["files"]) =>
        rulesImpact(before, after, { inputs, ...from }, { alerts: services.alerts, load, signal });
    },
  };
}

const DAY_NS = 86_400_000_000_000n;

async function planOf(
  place: DeploymentPlace,
  input: Input,
  { services, signal }: ToolContext,
): Promise<DeploymentPlan> {
  const { deployments, loading, folder } = place;
  if (folder === undefined) throw noFolder();
  if (input.rules === undefined && input.remove.length === 0) throw missing("rules", "the name of a loaded rule set");
  const set = input.rules === undefined ? undefined : await services.rules.get(input.rules);
  const chosen = set === undefined ? [] : filesOf(set, input.files);
  return deployments.plan(
    {
      ...commonOf(input, loading),
      folder,
      write: chosen.map(({ name, text }) => ({ name: basename(name), text })),
      remove: input.remove,
    },
    signal,
  );
}

async function rollbackOf({ deployments, loading, folder }: DeploymentPlace, input: Input, { signal }: ToolContext) {
  const former = await deployments.get(deploymentOf(input));
  if (folder === undefined) throw noFolder();
  if (former.folder !== folder) throw elsewhere(former, folder);
  return deployments.planRollback(deploymentOf(input), commonOf(input, loading), signal);
}

function commonOf({ reason, watch_seconds: watchSeconds }: Input, { load, rulesFiles }: DeploymentPlace["loading"]) {
  if (reason === undefined) throw missing("reason", "why the rules are to be changed");
  return { reason, watchSeconds, load, ...(rulesFiles === undefined ? {} : { rulesFiles }) };
}

function filesOf(set: StoredRuleSet, names: readonly string[] | undefined): StoredRuleSet["files"] {
  if (names === undefined) return set.files;
  return names.map((wanted) => {
    const file = set.files.find(({ name }) => name === wanted || basename(name) === wanted);
    if (file !== undefined) return file;
    throw new FalcoSkillsError("INVALID_ARGUMENT", `rule set ${set.name} has no file ${JSON.stringify(wanted)}`, {
      fix: `Name files of the set: ${set.files.map(({ name }) => basename(name)).join(", ")}.`,
    });
  });
}

async function deploy({ deployments, folder }: DeploymentPlace, input: Input, context: ToolContext) {
  const plan = await deployments.get(deploymentOf(input));
  if (plan.folder !== folder) throw elsewhere(plan, folder ?? "none");
  if (!plan.fit)
    throw rulesBroken(
      "the plan",
      plan.verdicts.flatMap(({ errors }) => errors),
    );
  const { title, lines } = await deployments.describe(plan);
  const approval = await askApproval(
    context,
    { kind: "deploy_rules", title, lines, digest: plan.digest },
    input.approval,
  );
  if (typeof approval !== "string") return approval;
  return outcomeAnswer(
    plan,
    await withHeartbeat(plan, context, () => deployments.deploy(plan.id, approval, context.signal)),
  );
}

/** Clients give up on calls that say nothing, and giving up puts the old rules back. */
async function withHeartbeat<T>(plan: DeploymentPlan, { progress }: ToolContext, work: () => Promise<T>): Promise<T> {
  let seconds = 0;
  const beat = setInterval(() => {
    seconds += HEARTBEAT_SECONDS;
    progress(seconds, undefined, `deployment ${plan.id}: ${seconds} s; Falco is watched for ${plan.watchSeconds} s`);
  }, HEARTBEAT_SECONDS * 1_000);
  try {
    return await work();
  } finally {
    clearInterval(beat);
  }
}

const HEARTBEAT_SECONDS = 5;

function outcomeAnswer(plan: DeploymentPlan, { state, why, journal }: DeploymentOutcome) {
  return {
    data: {
      plan: planView(plan),
      state,
      ...(why === undefined ? {} : { why }),
      steps: journal.map(({ at, step, note }) => ({ at, step, ...(note === undefined ? {} : { note }) })),
    },
    source: { kind: "rules folder", looked_at: plan.loads.after.length },
    warnings: [
      ...(state === "rolled-back" ? ["the old files are in place again"] : []),
      ...(state === "unconfirmed" ? ["the new files are in place, but nobody could say that Falco loaded them"] : []),
      ...plan.warnings,
    ],
    untrusted: [...UNTRUSTED, "steps[].note"],
  };
}

function list(entries: readonly DeploymentEntry[], limit: number) {
  return {
    data: { deployments: entries.slice(0, limit).map(deploymentRow), kept: entries.length },
    source: { kind: "deployments", looked_at: entries.length },
    warnings: entries.some(({ state }) => state === "interrupted")
      ? [
          "a deployment was cut off: the server settles it when it starts; a person can with falco-skills rules deployments --settle",
        ]
      : [],
    untrusted: ["deployments[].reason"],
  };
}

function deploymentOf({ deployment }: Input): string {
  if (deployment === undefined) throw missing("deployment", "the id of a plan or deployment");
  return deployment;
}

function missing(name: string, what: string): FalcoSkillsError {
  return new FalcoSkillsError("INVALID_ARGUMENT", `argument ${JSON.stringify(name)} is missing`, {
    fix: `Pass ${what} as ${name}.`,
  });
}

function noFolder(): FalcoSkillsError {
  return new FalcoSkillsError(
    "DEPLOY_FOLDER_UNKNOWN",
    "no rules folder is configured, and no running Falco names one",
    {
      fix: "Start the server with --deploy-into and the rules folder of Falco, as /etc/falco/rules.d.",
    },
  );
}

/** Plans made at a terminal may be about any folder; the model's are about the configured one. */
function elsewhere({ id, folder }: DeploymentPlan, configured: string): FalcoSkillsError {
  return new FalcoSkillsError(
    "DEPLOY_FOLDER_UNKNOWN",
    `deployment ${id} is about ${JSON.stringify(folder)}, and the configured rules folder is ${JSON.stringify(configured)}`,
    { fix: "Have a person run falco-skills rules rollback or falco-skills rules deploy at a terminal." },
  );
}
