import { z } from "zod";
import type { DeploymentEntry, DeploymentPlan } from "../falco/deploy/deployment.ts";

const FILE = z.strictObject({
  action: z.enum(["add", "replace", "remove"]),
  name: z.string(),
  before: z.string().optional().describe("SHA-256"),
  after: z.string().optional().describe("SHA-256"),
});
const COUNT = z.strictObject({ rule: z.string(), count: z.int() });

/** A plan as tools show it. */
export const PLAN = z.strictObject({
  id: z.string().describe("Pass as deployment"),
  digest: z.string().describe("SHA-256 of exactly what would be done: what a person approves"),
  rollback_of: z.string().optional(),
  reason: z.string(),
  folder: z.string(),
  fit: z.boolean().describe("False: the new rule set would not load, and is not deployed"),
  files: z.array(FILE).describe("In the order in which they are switched"),
  rules: z
    .array(
      z.strictObject({
        rule: z.string(),
        change: z.string().describe("added, removed, weakened, strengthened, changed, cosmetic"),
        details: z.array(z.string()),
        lost: z.array(z.string()).optional().describe("Examples of what is no longer caught"),
        gained: z.array(z.string()).optional().describe("Examples of what is caught now"),
      }),
    )
    .describe("Difference by meaning; the first 30"),
  rules_changed: z.int(),
  verdicts: z.array(z.strictObject({ engine: z.string(), ok: z.boolean(), errors: z.array(z.string()) })),
  new_lints: z.array(
    z.strictObject({ code: z.string(), severity: z.string(), message: z.string(), where: z.string() }),
  ),
  impact: z
    .strictObject({ on: z.string(), gained: z.array(COUNT), lost: z.array(COUNT), notes: z.array(z.string()) })
    .optional()
    .describe("Alerts gained and lost on what was looked at"),
  watch_seconds: z.int(),
});

export const STEP = z.strictObject({ at: z.string(), step: z.string(), note: z.string().optional() });

/** A deployment as lists show it. */
export const DEPLOYMENT = z.strictObject({
  id: z.string(),
  planned: z.string(),
  state: z.string().describe("planned, running, interrupted, confirmed, unconfirmed, rolled-back, failed"),
  reason: z.string(),
  folder: z.string(),
  files: z.array(FILE),
  rollback_of: z.string().optional(),
});

export function planView(plan: DeploymentPlan): z.input<typeof PLAN> {
  const { id, digest, rollbackOf, reason, folder, fit, diff, verdicts, newLints, impact, watchSeconds } = plan;
  return {
    id,
    digest,
    ...(rollbackOf === undefined ? {} : { rollback_of: rollbackOf }),
    reason,
    folder,
    fit,
    files: plan.changes.map(fileView),
    rules: diff.rules.slice(0, 30).map(({ rule, change, details, lost, gained }) => ({
      rule,
      change,
      details: [...details],
      ...(lost.length === 0 ? {} : { lost: [...lost] }),
      ...(gained.length === 0 ? {} : { gained: [...gained] }),
    })),
    rules_changed: diff.rules.length,
    verdicts: verdicts.map(({ engine, ok, errors }) => ({ engine, ok, errors: [...errors] })),
    new_lints: newLints.slice(0, 30).map(({ code, severity, message, where }) => ({ code, severity, message, where })),
    ...(impact === undefined
      ? {}
      : {
          impact: {
            on: impact.basis,
            gained: impact.gained.slice(0, 30).map((row) => ({ ...row })),
            lost: impact.lost.slice(0, 30).map((row) => ({ ...row })),
            notes: [...impact.notes],
          },
        }),
    watch_seconds: watchSeconds,
  };
}

export function deploymentRow(entry: DeploymentEntry): z.input<typeof DEPLOYMENT> {
  const { id, plannedAt, state, reason, folder, changes, rollbackOf } = entry;
  return {
    id,
    planned: plannedAt,
    state,
    reason,
    folder,
    files: changes.map(fileView),
    ...(rollbackOf === undefined ? {} : { rollback_of: rollbackOf }),
  };
}

function fileView({ action, name, before, after }: DeploymentPlan["changes"][number]): z.input<typeof FILE> {
  return {
    action,
    name,
    ...(before === undefined ? {} : { before: before.sha256 }),
    ...(after === undefined ? {} : { after: after.sha256 }),
  };
}
