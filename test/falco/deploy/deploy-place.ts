import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Approvals } from "../../../src/falco/approvals/approval.ts";
import { openApprovals } from "../../../src/falco/approvals/open-approvals.ts";
import type {
  DeploymentOutcome,
  DeploymentPlan,
  DeploymentPorts,
  DeploymentRecord,
  DeploymentRequest,
  Deployments,
} from "../../../src/falco/deploy/deployment.ts";
import { openDeployments } from "../../../src/falco/deploy/open-deployments.ts";
import { textsIn, WatchedFalco } from "./watched-falco.ts";

/** A rule that catches one program; another program gives another file, one without a name a file that does not load. */
export const rule = (name: string, program = "bash", more = ""): string =>
  `- rule: ${name}\n  desc: a test\n  condition: evt.type = execve and proc.name = ${program}${more}\n  output: seen %proc.name\n  priority: WARNING\n`;

export const macroFile = (name: string): string => `- macro: ${name}\n  condition: proc.name = zsh\n`;

export interface DeployPlace {
  readonly place: string;
  readonly folder: string;
  readonly home: string;
  readonly falco: WatchedFalco;
  readonly approvals: Approvals;
  readonly records: DeploymentRecord[];
  readonly log: string[];
  readonly ports: DeploymentPorts;
  readonly deployments: Deployments;
  with(ports: Partial<DeploymentPorts>): Deployments;
  without(...ports: (keyof DeploymentPorts)[]): Deployments;
  plan(request: Partial<DeploymentRequest>): Promise<DeploymentPlan>;
  /** Plans, has a person approve it, deploys. */
  deploy(request: Partial<DeploymentRequest>, deployments?: Deployments): Promise<DeploymentOutcome>;
  approve(plan: DeploymentPlan): Promise<string>;
  /** Rule files in the folder with their texts. */
  files(): Record<string, string>;
  /** Everything in the folder, hidden things too, and what was left beside it. */
  names(): string[];
  close(): void;
}

/** A rules folder with these files, a home, and a Falco that reads the folder; the clock runs as fast as it is asked. */
export function deployPlace(files: Record<string, string>): DeployPlace {
  const place = realpathSync(mkdtempSync(join(tmpdir(), "deploy-")));
  const folder = join(place, "rules.d");
  const home = join(place, "home", "deployments");
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const falco = new WatchedFalco(folder);
  const [records, log]: [DeploymentRecord[], string[]] = [[], []];
  let atMs = Date.parse("2026-11-25T03:00:00Z");
  const nowMs = () => atMs;
  const newId = () => randomUUID().slice(0, 8);
  const approvals = openApprovals({ folder: join(place, "home", "approvals"), nowMs, newId });
  const ports: DeploymentPorts = {
    reload: async () => falco.reload(),
    health: async () => falco.health(),
    record: async (entry) => void records.push(entry),
    log: (line) => log.push(line),
    nowMs,
    newId,
    sleep: async (ms) => {
      atMs += ms;
    },
  };
  const open = (own: Partial<DeploymentPorts>) =>
    openDeployments({ folder: home, approvals, ports: { ...ports, ...own } });
  const deployments = open({});
  const plan = (request: Partial<DeploymentRequest>, on = deployments) =>
    on.plan({ folder, write: [], reason: "a test", ...request });
  const approve = async (wanted: DeploymentPlan): Promise<string> => {
    const { title, lines } = await deployments.describe(wanted);
    const { id, digest } = await approvals.ask({ kind: "deploy_rules", title, lines, digest: wanted.digest });
    await approvals.approve(id, digest, { name: "anna", method: "terminal" });
    return id;
  };
  return {
    place,
    folder,
    home,
    falco,
    approvals,
    records,
    log,
    ports,
    deployments,
    with: open,
    without(...names) {
      const left = Object.entries(ports).filter(([name]) => !names.includes(name as keyof DeploymentPorts));
      return openDeployments({
        folder: home,
        approvals,
        ports: Object.fromEntries(left) as unknown as DeploymentPorts,
      });
    },
    plan,
    approve,
    async deploy(request, on = deployments) {
      atMs += 1;
      const wanted = await plan(request, on);
      return on.deploy(wanted.id, await approve(wanted));
    },
    files: () => textsIn(folder),
    names: () => [...readdirSync(folder).sort(), ...readdirSync(place).filter((name) => name.includes("falco-skills"))],
    close: () => rmSync(place, { recursive: true, force: true }),
  };
}
