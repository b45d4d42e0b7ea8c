import { describeError } from "../../errors/describe-error.ts";
import { confirmLoaded } from "./confirm-loaded.ts";
import type { DeploymentOutcome, FalcoHealth } from "./deployment.ts";
import { readBytes } from "./plan-files.ts";
import { checkRulesFolder } from "./rules-folder.ts";
import type { Run } from "./run.ts";
import { makeLook, stageFiles, switchFiles, unstage, whatIsThere } from "./switch-files.ts";

/** With the new files in place: makes Falco load them, watches it, and takes them back when it does not do well. */
export async function confirmOrRollBack(
  run: Run,
  baseline: FalcoHealth | undefined,
  signal: AbortSignal | undefined,
): Promise<DeploymentOutcome> {
  const failure = await reload(run);
  if (failure !== undefined) return rollBack(run, failure);
  run.tell("reloaded");
  const { watchSeconds } = run.plan;
  const lookAgain = () => look(run);
  const options = { side: "after", baseline, watchSeconds, lookAgain, signal } as const;
  const confirmation = await confirmLoaded(run.plan, run.home.ports, options);
  if (confirmation.kind === "worse") return rollBack(run, confirmation.why);
  if (confirmation.kind === "unconfirmed") return run.end("unconfirmed", confirmation.why);
  return run.end("confirmed");
}

/**
 * Puts the old files back, whatever part of the new ones is there, and makes Falco load them. Files that are neither old
 * nor new are somebody else's work by now and stay. When the folder cannot be written the journal is left open: the next
 * start tries again.
 */
export async function rollBack(run: Run, why: string): Promise<DeploymentOutcome> {
  run.tell("rolling-back", why);
  let foreign: readonly string[];
  try {
    foreign = restore(run);
  } catch (error) {
    return run.leave(`${why}; the old files could not be put back yet: ${describeError(error).message}`);
  }
  run.tell("restored");
  return confirmRestored(run, why, foreign);
}

/** With the old files back: makes Falco load them again, and says whether it did. */
export async function confirmRestored(run: Run, why: string, foreign: readonly string[]): Promise<DeploymentOutcome> {
  const failure = await reload(run);
  const options = { side: "before", baseline: undefined, watchSeconds: 0, signal: undefined } as const;
  const confirmation = await confirmLoaded(run.plan, run.home.ports, { ...options, lookAgain: () => look(run) });
  const doubt = failure ?? (confirmation.kind === "confirmed" ? undefined : confirmation.why);
  const back = doubt === undefined ? "Falco has loaded the old files again" : `the old files are back, but ${doubt}`;
  if (foreign.length === 0) return run.end("rolled-back", `${why}; ${back}`);
  const names = foreign.map((name) => JSON.stringify(name)).join(", ");
  return run.end("failed", `${why}; ${back}; ${names} was changed by somebody else meanwhile and stays as it is`);
}

/** Names of the files that somebody else changed. */
function restore({ plan, home, step }: Run): readonly string[] {
  checkRulesFolder(plan.folder);
  const { foreign, toRestore } = whatIsThere(plan.folder, plan.changes);
  const backwards = [...toRestore].reverse();
  const files = backwards
    .filter(({ before }) => before !== undefined)
    .map((change) => ({ change, bytes: readBytes(home.folder, plan.id, "before", change) }));
  if (backwards.length > 0) {
    const staging = stageFiles(plan.folder, plan.id, files);
    step("staged back");
    const moves = backwards.map(({ name, before }) => ({ name, to: before ? "staged" : "gone" }) as const);
    switchFiles(plan.folder, staging, moves, (name) => step(`switched back ${name}`));
  }
  unstage(plan.folder, plan.id);
  return foreign;
}

/** Why Falco could not be made to load its rules; undefined when it could, or when it watches the folder by itself. */
async function reload(run: Run): Promise<string | undefined> {
  // For a Falco that notices what is made and removed, but not what is renamed.
  look(run);
  try {
    await run.home.ports.reload?.();
    return undefined;
  } catch (error) {
    return `Falco could not be made to load its rules: ${describeError(error).message}`;
  }
}

function look({ plan, home: { ports } }: Run): void {
  if (ports.reload !== undefined) return;
  try {
    makeLook(plan.folder, plan.id);
  } catch (error) {
    ports.log(`deployment ${plan.id}: the rules folder could not be touched: ${describeError(error).message}`);
  }
}
