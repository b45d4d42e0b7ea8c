import { describeError } from "../../errors/describe-error.ts";
import type {
  DeploymentEnd,
  DeploymentOutcome,
  DeploymentPlan,
  DeploymentRecord,
  DeploymentsHome,
  JournalLine,
} from "./deployment.ts";
import { appendStep, readJournal } from "./journal.ts";

/** One deployment on its way. */
export interface Run {
  readonly home: DeploymentsHome;
  readonly plan: DeploymentPlan;
  readonly approvedBy: string;
  /** Writes a step down, or fails: nothing may be changed that the journal does not know of. */
  note(step: JournalLine["step"], note?: string): void;
  /** Writes a step down if that can be done: what was changed already must be finished all the same. */
  tell(step: JournalLine["step"], note?: string): void;
  /** A step that needs no line. */
  step(name: string): void;
  /** Hands what happens to the audit trail, or fails. */
  record(step: DeploymentRecord["step"], why?: string): Promise<void>;
  /** The outcome, written down and recorded. */
  end(state: DeploymentEnd, why?: string): Promise<DeploymentOutcome>;
  /** The outcome, recorded, of what the next start has to try once more. */
  leave(why: string): Promise<DeploymentOutcome>;
}

export function createRun(
  home: DeploymentsHome,
  plan: DeploymentPlan,
  by: { readonly approvedBy: string; readonly approval?: string },
): Run {
  const { ports } = home;
  const journal = readJournal(home.folder, plan.id);
  const files = plan.changes.map(({ name, before, after }) => ({
    name,
    ...(before === undefined ? {} : { before: before.sha256 }),
    ...(after === undefined ? {} : { after: after.sha256 }),
  }));

  function add(step: JournalLine["step"], note: string | undefined): void {
    const line = { at: new Date(ports.nowMs()).toISOString(), step, ...(note === undefined ? {} : { note }) };
    journal.push(line);
    appendStep(home.folder, plan.id, line);
    ports.afterStep?.(step);
  }

  function tell(step: JournalLine["step"], note?: string): void {
    try {
      add(step, note);
    } catch (error) {
      ports.log(`deployment ${plan.id}: ${step} could not be written down: ${describeError(error).message}`);
    }
  }

  const record = (step: DeploymentRecord["step"], why?: string): Promise<void> => {
    const { id: deployment, digest, folder } = plan;
    return ports.record({ deployment, step, digest, folder, files, ...by, ...(why === undefined ? {} : { why }) });
  };

  async function close(state: DeploymentEnd, why: string | undefined): Promise<DeploymentOutcome> {
    await record(state, why).catch((error: unknown) =>
      ports.log(`deployment ${plan.id}: its end could not be recorded: ${describeError(error).message}`),
    );
    return { id: plan.id, state, ...(why === undefined ? {} : { why }), journal };
  }

  return {
    home,
    plan,
    approvedBy: by.approvedBy,
    note: add,
    tell,
    step: (name) => ports.afterStep?.(name),
    record,
    end(state, why) {
      tell(state, why);
      return close(state, why);
    },
    leave: (why) => close("failed", why),
  };
}
