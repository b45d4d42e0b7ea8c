import { isUtf8 } from "node:buffer";
import type { DeploymentPlan, DeploymentRequest, DeploymentsHome, RollbackRequest } from "./deployment.ts";
import * as wrong from "./errors.ts";
import { endOf, readJournal } from "./journal.ts";
import { planDeployment } from "./plan-deployment.ts";
import { planIds, readBytes, readPlan } from "./plan-files.ts";

/**
 * The plan of a deployment that brings back what the named one replaced, removed or added to: a new deployment like any
 * other, measured against the rules as they are now. Fails as planDeployment does; with DEPLOY_NOTHING_TO_DO when the
 * former bytes are in place.
 */
export async function planRollback(
  home: DeploymentsHome,
  id: string,
  request: RollbackRequest,
  signal?: AbortSignal,
): Promise<DeploymentPlan> {
  const former = readPlan(home.folder, id);
  const write = former.changes
    .filter(({ before }) => before !== undefined)
    .map((change) => ({ name: change.name, text: textOf(change.name, readBytes(home.folder, id, "before", change)) }));
  const remove = former.changes.filter(({ action }) => action === "add").map(({ name }) => name);
  const wanted: DeploymentRequest = {
    ...request,
    folder: former.folder,
    rulesFiles: request.rulesFiles ?? former.rulesFiles,
    write,
    remove,
  };
  return planDeployment(home, { ...wanted, rollbackOf: id, warnings: laterChanges(home, former) }, signal);
}

/** Fails with DEPLOY_FILE_NAME for bytes that are no text: what came back would not be what was there. */
function textOf(name: string, bytes: Buffer): string {
  if (!isUtf8(bytes)) throw wrong.fileName(name, "its former bytes are no UTF-8 text");
  return bytes.toString("utf8");
}

/** What was deployed since that this takes back, too. */
function laterChanges(home: DeploymentsHome, former: DeploymentPlan): string[] {
  const names = new Set(former.changes.map(({ name }) => name));
  return planIds(home.folder)
    .filter((id) => id > former.id)
    .flatMap((id) => {
      const end = endOf(readJournal(home.folder, id));
      if (end !== "confirmed" && end !== "unconfirmed") return [];
      const later = readPlan(home.folder, id);
      const touched = later.changes.filter(({ name }) => later.folder === former.folder && names.has(name));
      return touched.map(({ name }) => `${JSON.stringify(name)} was deployed again since, by ${id}: that goes, too`);
    });
}
