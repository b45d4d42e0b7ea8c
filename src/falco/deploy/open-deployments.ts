import type { DeploymentEntry, DeploymentState, Deployments, DeploymentsHome, JournalLine } from "./deployment.ts";
import { describePlan } from "./describe-plan.ts";
import { isLocked, withFolderLock } from "./folder-lock.ts";
import { endOf, readJournal } from "./journal.ts";
import { planDeployment } from "./plan-deployment.ts";
import { planIds, readPlan } from "./plan-files.ts";
import { planRollback } from "./plan-rollback.ts";
import { recoverDeployments } from "./recover-deployments.ts";
import { runDeployment } from "./run-deployment.ts";

/**
 * Changes of a Falco's rules, kept in a folder: `<id>/plan.json`, the old and new bytes in `before/` and `after/`, and
 * `journal.jsonl` once somebody approved. Nothing is opened or made before it is first used.
 */
export function openDeployments(home: DeploymentsHome): Deployments {
  return {
    plan: (request, signal) => planDeployment(home, request, signal),
    planRollback: (id, request, signal) => planRollback(home, id, request, signal),
    describe: async (plan) => describePlan(home.folder, plan),
    async deploy(id, approval, signal) {
      // What was cut off comes first: a plan is measured against a folder that holds one set whole.
      await recoverDeployments(home, signal);
      const plan = readPlan(home.folder, id);
      return withFolderLock(plan.folder, () => runDeployment(home, plan, approval, signal));
    },
    recover: (signal) => recoverDeployments(home, signal),
    get: async (id) => readPlan(home.folder, id),
    async list() {
      const entries: DeploymentEntry[] = [];
      for (const id of planIds(home.folder)) {
        try {
          entries.push(await readEntry(home.folder, id));
        } catch {
          home.ports.log(`deployment ${id} cannot be read`);
        }
      }
      return entries;
    },
  };
}

async function readEntry(home: string, id: string): Promise<DeploymentEntry> {
  const { plannedAt, rollbackOf, reason, folder, changes, digest } = readPlan(home, id);
  const journal = readJournal(home, id);
  const state = await stateOf(folder, journal);
  return { id, plannedAt, ...(rollbackOf && { rollbackOf }), reason, folder, changes, state, digest, journal };
}

async function stateOf(folder: string, journal: readonly JournalLine[]): Promise<DeploymentState> {
  if (journal.length === 0) return "planned";
  return endOf(journal) ?? ((await isLocked(folder)) ? "running" : "interrupted");
}
