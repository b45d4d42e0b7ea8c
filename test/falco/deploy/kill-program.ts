import { writeSync } from "node:fs";
import { openApprovals } from "../../../src/falco/approvals/open-approvals.ts";
import { withFolderLock } from "../../../src/falco/deploy/folder-lock.ts";
import { readPlan } from "../../../src/falco/deploy/plan-files.ts";
import { runDeployment } from "../../../src/falco/deploy/run-deployment.ts";
import { hashes } from "./watched-falco.ts";

/**
 * Deploys and stands still after the named step, to be killed there: `kill-program.ts <deployments> <approvals> <plan>
 * <approval> <step> <good|bad>`; with "bad" Falco falls ill and the old files are put back.
 */
const [home = "", waiting = "", id = "", approval = "", stopAt = "", fate = ""] = process.argv.slice(2);
const plan = readPlan(home, id);
const startMs = Date.now();
let made = 0;
const newId = () => `${process.pid}x${made++}`;
const nowMs = () => startMs;
let polls = 0;
let loaded = hashes(plan.folder);

const ports = {
  reload: async () => {
    loaded = hashes(plan.folder);
  },
  health: async () => {
    polls += 1;
    return fate === "bad" && polls > 3 ? { healthy: false, problem: "ill" } : { healthy: true, loadedFiles: loaded };
  },
  record: async () => {},
  log: () => {},
  nowMs,
  newId,
  sleep: async () => {},
  afterStep: (step: string) => {
    if (step !== stopAt) return;
    writeSync(1, "standing still\n");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
};
const approvals = openApprovals({ folder: waiting, nowMs, newId });
await withFolderLock(plan.folder, () => runDeployment({ folder: home, approvals, ports }, plan, approval));
