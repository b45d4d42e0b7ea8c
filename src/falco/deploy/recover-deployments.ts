import { describeError } from "../../errors/describe-error.ts";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { DeploymentOutcome, DeploymentPlan, DeploymentsHome, JournalLine } from "./deployment.ts";
import { withFolderLock } from "./folder-lock.ts";
import { endOf, readJournal } from "./journal.ts";
import { planIds, readPlan } from "./plan-files.ts";
import { createRun } from "./run.ts";
import { confirmOrRollBack, confirmRestored, rollBack } from "./settle.ts";
import { unstage, whatIsThere } from "./switch-files.ts";

/**
 * Settles what was cut off, by what the journal says and the folder holds: nothing changed yet: ended as failed; part of
 * the new set there: the old one is put back; all of it there: confirmed as if nothing had happened, or taken back. One
 * that another process is carrying out is left alone.
 */
export async function recoverDeployments(home: DeploymentsHome, signal?: AbortSignal): Promise<DeploymentOutcome[]> {
  const outcomes: DeploymentOutcome[] = [];
  for (const id of planIds(home.folder)) {
    try {
      const found = readJournal(home.folder, id);
      if (found.length === 0 || endOf(found) !== undefined) continue;
      const plan = readPlan(home.folder, id);
      await withFolderLock(plan.folder, async () => {
        // Read again under the lock: whoever held it may have come to an end meanwhile.
        const journal = readJournal(home.folder, id);
        if (endOf(journal) === undefined) outcomes.push(await recover(home, plan, journal, signal));
      });
    } catch (error) {
      if (error instanceof FalcoSkillsError && error.code === "DEPLOY_BUSY") continue;
      home.ports.log(`deployment ${id} could not be settled: ${describeError(error).message}`);
    }
  }
  return outcomes;
}

async function recover(
  home: DeploymentsHome,
  plan: DeploymentPlan,
  journal: readonly JournalLine[],
  signal: AbortSignal | undefined,
): Promise<DeploymentOutcome> {
  const approvedBy = journal.find(({ step }) => step === "approved")?.note?.replace(/^by /, "") ?? "somebody";
  const run = createRun(home, plan, { approvedBy });
  const untouched = () => {
    unstage(plan.folder, plan.id);
    return run.end("failed", "cut off before anything was changed");
  };
  switch (journal.at(-1)?.step) {
    case "switching": {
      const { holding } = whatIsThere(plan.folder, plan.changes);
      if (holding === "old") return untouched();
      if (holding === "mixed") return rollBack(run, "cut off in the middle of the switch");
      unstage(plan.folder, plan.id);
      run.tell("written", "found so after it was cut off");
      return confirmOrRollBack(run, undefined, signal);
    }
    case "written":
    case "reloaded":
      unstage(plan.folder, plan.id);
      return confirmOrRollBack(run, undefined, signal);
    case "rolling-back":
      return rollBack(run, whyOf(journal, "rolling-back"));
    case "restored": {
      const { foreign } = whatIsThere(plan.folder, plan.changes);
      return confirmRestored(run, whyOf(journal, "rolling-back"), foreign);
    }
    default:
      return untouched();
  }
}

function whyOf(journal: readonly JournalLine[], step: JournalLine["step"]): string {
  return journal.findLast((line) => line.step === step)?.note ?? "cut off";
}
