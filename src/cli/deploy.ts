import { basename, resolve } from "node:path";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import type { DeploymentEntry, DeploymentOutcome, DeploymentPlan, Deployments } from "../falco/deploy/deployment.ts";
import type { DeploymentPlace } from "../mcp/services.ts";
import { readRuleFiles } from "../rules/library/read-rule-files.ts";
import { visible } from "../text/visible.ts";
import { COMMAND_LINE } from "./ambient.ts";
import { decideAtTerminal, hasTerminal } from "./approve.ts";
import { buildDeployments } from "./build-deployments.ts";
import { type Built, buildServices } from "./build-services.ts";
import { colors, printJson, printLine } from "./print.ts";
import { printTable } from "./print-table.ts";
import { homeFolder } from "./settings.ts";

interface PlanFlags {
  readonly home?: string;
  readonly reason: string;
  readonly rulesFile?: readonly string[];
  readonly watch: number;
  readonly falcoBin?: string;
  readonly falcoUrl?: string;
}

export interface DeployFlags extends PlanFlags {
  readonly into: string;
  readonly remove?: readonly string[];
  readonly approval?: string;
}

export interface DeploymentsFlags {
  readonly home?: string;
  readonly falcoUrl?: string;
  readonly settle?: boolean;
  readonly json?: boolean;
}

/** The plan waits for somebody else's approval: neither done nor failed. */
const WAITING = 3;

/** Plans a change of the rules in a folder, has it approved, carries it out. */
export async function deployRules(paths: readonly string[], flags: DeployFlags): Promise<void> {
  const folder = resolve(flags.into);
  await withDeployments(flags, folder, async (built, { deployments, loading }, signal) => {
    if (flags.approval !== undefined) return carryOut(built, deployments, flags.approval, signal);
    const read = paths.length === 0 ? [] : (await readRuleFiles(paths)).files;
    const request = {
      folder,
      write: read.map(({ name, text }) => ({ name: basename(name), text })),
      remove: flags.remove ?? [],
      ...settingsOf(flags, loading),
    };
    await approveAndDeploy(built, deployments, await deployments.plan(request, signal), signal);
  });
}

/** Plans what undoes a deployment, has it approved, carries it out. */
export async function rollBackRules(id: string, flags: PlanFlags): Promise<void> {
  const folder = await withDeployments(
    flags,
    undefined,
    async (_, { deployments }) => (await deployments.get(id)).folder,
  );
  await withDeployments(flags, folder, async (built, { deployments, loading }, signal) => {
    const plan = await deployments.planRollback(id, settingsOf(flags, loading), signal);
    await approveAndDeploy(built, deployments, plan, signal);
  });
}

/** Lists deployments, or shows one. */
export async function showDeployments(id: string | undefined, flags: DeploymentsFlags): Promise<void> {
  await withDeployments(flags, undefined, async (_, { deployments }, signal) => {
    if (flags.settle === true) for (const outcome of await deployments.recover(signal)) printOutcome(outcome);
    if (id !== undefined) return showOne(deployments, id, flags);
    const entries = await deployments.list();
    if (flags.json === true) return printJson(entries);
    if (entries.length === 0) return printLine("nothing was deployed");
    printTable(
      ["id", "state", "files", "reason"],
      entries.map(({ id: own, state, changes, reason }) => [own, state, String(changes.length), reason]),
    );
    if (entries.some(({ state }) => state === "interrupted")) {
      printLine(colors.yellow("something was cut off: run falco-skills rules deployments --settle"));
    }
  });
}

async function showOne(deployments: Deployments, id: string, { json }: DeploymentsFlags): Promise<void> {
  const plan = await deployments.get(id);
  const entry = (await deployments.list()).find((one) => one.id === id);
  if (json === true) return printJson({ plan, journal: entry?.journal ?? [], state: entry?.state });
  await printPlan(deployments, plan);
  printLine();
  printJournal(entry);
}

function printJournal(entry: DeploymentEntry | undefined): void {
  printLine(colors.bold(entry?.state ?? "planned"));
  for (const { at, step, note } of entry?.journal ?? []) {
    printLine(`  ${at}  ${step}${note === undefined ? "" : `: ${visible(note)}`}`);
  }
}

async function withDeployments<T>(
  flags: Pick<PlanFlags, "home" | "falcoBin" | "falcoUrl">,
  folder: string | undefined,
  work: (built: Built, deployments: DeploymentPlace, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { falcoBin, falcoUrl } = flags;
  const built = await buildServices({
    home: homeFolder(flags.home, process.env),
    alertRoots: undefined,
    falcoBin,
    falcoUrl,
  });
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  try {
    const deployments = await buildDeployments({
      services: built.services,
      session: COMMAND_LINE,
      onStep: (step) => printLine(colors.dim(`  ${visible(step)}`)),
      folder,
    });
    return await work(built, deployments, stop.signal);
  } finally {
    await built.close();
  }
}

function settingsOf({ reason, watch, rulesFile }: PlanFlags, { rulesFiles, load }: DeploymentPlace["loading"]) {
  const entries = rulesFile?.map((path) => resolve(path)) ?? rulesFiles;
  return { reason, watchSeconds: watch, load, ...(entries === undefined ? {} : { rulesFiles: entries }) };
}

async function approveAndDeploy(
  built: Built,
  deployments: Deployments,
  plan: DeploymentPlan,
  signal: AbortSignal,
): Promise<void> {
  const { title, lines } = await deployments.describe(plan);
  if (!plan.fit) {
    await printPlan(deployments, plan);
    const [verdict] = plan.verdicts;
    throw new FalcoSkillsError("DEPLOY_RULES_BROKEN", `${verdict?.engine ?? "nobody"} refuses the new rule set`, {
      fix: "Mend the rules, run falco-skills rules validate over them, and deploy again.",
    });
  }
  const { id } = await built.services.approvals.ask({ kind: "deploy_rules", title, lines, digest: plan.digest });
  if (!hasTerminal()) {
    await printPlan(deployments, plan);
    printLine();
    printLine(`It waits for approval: run falco-skills approve ${id} at a terminal, then the same command`);
    printLine(`once more with --approval ${id}.`);
    process.exitCode = WAITING;
    return;
  }
  const { state } = await decideAtTerminal(built, id);
  if (state === "refused") process.exitCode = 1;
  else printOutcome(await deployments.deploy(plan.id, id, signal));
}

/** Carries out the plan whose digest was approved. */
async function carryOut(built: Built, deployments: Deployments, approval: string, signal: AbortSignal): Promise<void> {
  const { digest } = await built.services.approvals.get(approval);
  const found = (await deployments.list()).find((entry) => entry.digest === digest);
  if (found === undefined) {
    throw new FalcoSkillsError(
      "DEPLOY_NOT_FOUND",
      `the approval ${JSON.stringify(visible(approval))} is for no plan that is kept`,
      {
        fix: "Run falco-skills rules deploy without --approval to make a plan.",
      },
    );
  }
  printOutcome(await deployments.deploy(found.id, approval, signal));
}

async function printPlan(deployments: Deployments, plan: DeploymentPlan): Promise<void> {
  const { title, lines } = await deployments.describe(plan);
  printLine(colors.bold(visible(title)));
  for (const line of lines) printLine(visible(line));
}

function printOutcome({ id, state, why }: DeploymentOutcome): void {
  const color = state === "confirmed" ? colors.green : state === "unconfirmed" ? colors.yellow : colors.red;
  printLine(`${color(state)} ${id}${why === undefined ? "" : `: ${visible(why)}`}`);
  if (state === "rolled-back" || state === "failed") process.exitCode = 1;
}
