import { describeError } from "../../errors/describe-error.ts";
import { askHealth } from "./confirm-loaded.ts";
import type { DeploymentOutcome, DeploymentPlan, DeploymentsHome, FalcoHealth } from "./deployment.ts";
import { sha256 } from "./durable-files.ts";
import * as wrong from "./errors.ts";
import { endOf, readJournal } from "./journal.ts";
import { type LoadedFiles, readLoadedFiles } from "./loaded-files.ts";
import { readBytes } from "./plan-files.ts";
import { checkRulesFolder } from "./rules-folder.ts";
import { createRun, type Run } from "./run.ts";
import { confirmOrRollBack, rollBack } from "./settle.ts";
import { stageFiles, switchFiles, unstage, whatIsThere } from "./switch-files.ts";

const BASELINE_MS = 3_000;

/**
 * Carries a plan out; the caller holds the folder's lock. Every look that can fail without harm comes first; the approval
 * is used up only when nothing but the writing is left. A failure before the switch leaves everything as it was and is
 * thrown; from the switch on the outcome tells, and a set that does not prove itself is taken back.
 */
export async function runDeployment(
  home: DeploymentsHome,
  plan: DeploymentPlan,
  approval: string,
  signal?: AbortSignal,
): Promise<DeploymentOutcome> {
  const earlier = readJournal(home.folder, plan.id);
  if (earlier.length > 0) throw wrong.done(plan.id, endOf(earlier) ?? "interrupted");
  const loaded = await checkUnchanged(plan);
  await checkFit(home, plan, loaded, signal);
  const baseline = await askBaseline(home, signal);
  const { decided } = await home.approvals.take(approval, plan.digest);
  const run = createRun(home, plan, { approval, approvedBy: decided?.name ?? "somebody" });
  let staging: string;
  try {
    staging = await prepare(run);
  } catch (error) {
    await giveUp(run, error);
    throw error;
  }
  return switchAndSettle(run, staging, baseline, signal);
}

/** How Falco is before: asked twice, since what it counts only becomes a rate between two answers. */
async function askBaseline({ ports }: DeploymentsHome, signal: AbortSignal | undefined) {
  if (ports.health === undefined) return undefined;
  await askHealth(ports, signal);
  await ports.sleep(BASELINE_MS, signal);
  return askHealth(ports, signal);
}

/** Everything that can fail without harm; where the new files wait comes back. */
async function prepare(run: Run): Promise<string> {
  const { plan, home } = run;
  run.note("approved", `by ${run.approvedBy}`);
  run.note("validated");
  // Read back what the plan kept: a set that could not be brought back is not replaced.
  for (const change of plan.changes) if (change.before !== undefined) readBytes(home.folder, plan.id, "before", change);
  run.note("backed-up");
  await run.record("writing");
  const files = plan.changes
    .filter(({ after }) => after !== undefined)
    .map((change) => ({ change, bytes: readBytes(home.folder, plan.id, "after", change) }));
  checkRulesFolder(plan.folder);
  const staging = stageFiles(plan.folder, plan.id, files);
  run.step("staged");
  await checkUnchanged(plan);
  return staging;
}

/** From the last look to the end of the switch nothing waits: what was looked at is what is replaced. */
async function switchAndSettle(run: Run, staging: string, baseline: FalcoHealth | undefined, signal?: AbortSignal) {
  const { plan } = run;
  try {
    run.note("switching");
    checkRulesFolder(plan.folder);
    checkStillOld(plan);
  } catch (error) {
    await giveUp(run, error);
    throw error;
  }
  try {
    const moves = plan.changes.map(({ name, after }) => ({ name, to: after ? "staged" : "gone" }) as const);
    switchFiles(plan.folder, staging, moves, (name) => run.step(`switched ${name}`));
    unstage(plan.folder, plan.id);
  } catch (error) {
    return rollBack(run, `the switch failed: ${wrong.folderNotWritten(plan.folder, error).message}`);
  }
  run.tell("written");
  return confirmOrRollBack(run, baseline, signal);
}

/** Ends a deployment before its first rename: the folder is as it was. */
async function giveUp(run: Run, error: unknown): Promise<void> {
  const { code, message } = describeError(error);
  unstage(run.plan.folder, run.plan.id);
  try {
    await run.end("failed", `nothing was changed: ${code}: ${message}`);
  } catch {
    // Where not even the journal can be written, what stopped us matters more.
  }
}

/** Fails with DEPLOY_CHANGED unless Falco would load, byte for byte, what it would have loaded when the plan was made. */
async function checkUnchanged(plan: DeploymentPlan): Promise<LoadedFiles> {
  checkRulesFolder(plan.folder);
  const loaded = await readLoadedFiles(plan.folder, plan.rulesFiles);
  const now = new Map(loaded.with(new Map()).map(({ name, text }) => [name, sha256(Buffer.from(text))]));
  const then = new Map(plan.loads.before.map(({ path, sha256 }) => [path, sha256]));
  for (const [path, hash] of then) {
    if (!now.has(path)) throw wrong.changed(plan.folder, `${JSON.stringify(path)} is gone`);
    if (now.get(path) !== hash) throw wrong.changed(plan.folder, `${JSON.stringify(path)} was changed`);
  }
  for (const path of now.keys()) {
    if (!then.has(path)) throw wrong.changed(plan.folder, `${JSON.stringify(path)} was added`);
  }
  checkStillOld(plan);
  return loaded;
}

function checkStillOld({ folder, changes }: DeploymentPlan): void {
  const { holding, foreign, toRestore } = whatIsThere(folder, changes);
  if (holding === "old") return;
  const names = [...foreign, ...toRestore.map(({ name }) => name)].map((name) => JSON.stringify(name));
  throw wrong.changed(folder, `${names.join(", ")} was changed`);
}

/** Fails with DEPLOY_RULES_BROKEN unless the new set loads: in the embedded engine when planned, in the real Falco now. */
async function checkFit(
  { folder, ports }: DeploymentsHome,
  plan: DeploymentPlan,
  loaded: LoadedFiles,
  signal: AbortSignal | undefined,
): Promise<void> {
  const [planned] = plan.verdicts;
  if (!plan.fit || planned === undefined) throw wrong.rulesBroken(planned?.engine ?? "nobody", planned?.errors ?? []);
  const texts = plan.changes.map((change): [string, string | undefined] => [
    change.name,
    change.after === undefined ? undefined : readBytes(folder, plan.id, "after", change).toString("utf8"),
  ]);
  const verdict = await ports.validate?.(loaded.with(new Map(texts)), signal);
  if (verdict !== undefined && !verdict.ok) throw wrong.rulesBroken(verdict.engine, verdict.errors);
}
