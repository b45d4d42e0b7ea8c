import { type Command, InvalidArgumentError, Option } from "commander";
import { collect, collectList, home } from "./options.ts";

const DEPLOY = `
Everything is shown first: what changes, in files and in meaning. At a terminal
you are asked for your yes; without one the plan waits, and falco-skills approve
shows it to whoever runs it. Afterwards Falco is watched, and the old files are
put back when it does not load the new ones or does badly.

Exit codes: 0 in place, 1 failed, refused or put back, 2 the command line was
not understood, 3 the plan waits for approval.`;

/** `approve`: a person's yes or no to what a server asked for; its code is loaded when it runs. */
export function addApprove(program: Command): void {
  program
    .command("approve")
    .description("decide on what waits for a person's yes; without an id list what waits")
    .argument("[id]", "id of what waits")
    .addOption(home())
    .option("--json", "print the list as JSON")
    .action(async (id, flags) => (await import("./approve.ts")).approve(id, flags));
}

/** Commands below `rules` that change a Falco's rules; the code of each is loaded when it runs. */
export function addDeployments(rules: Command): void {
  changing(rules.command("deploy"))
    .description("change the rule files of a Falco: plan, approval, switch, confirmation, or the old files again")
    .argument("[paths...]", "rule files, or folders of them, to add or replace under their own names")
    .requiredOption("--into <folder>", "the rules folder of Falco, as /etc/falco/rules.d")
    .addOption(new Option("--remove <names>", "rule files to remove, comma-separated").argParser(collectList))
    .option("--approval <id>", "carry the plan out that was approved under this id")
    .action(async (paths, flags) => (await import("./deploy.ts")).deployRules(paths, flags));
  changing(rules.command("rollback"))
    .description("bring back what a deployment replaced, removed or added: a new deployment with the former bytes")
    .argument("<id>", "deployment, as `rules deployments` shows it")
    .action(async (id, flags) => (await import("./deploy.ts")).rollBackRules(id, flags));
  rules
    .command("deployments")
    .description("what was planned and deployed, the newest first")
    .argument("[id]", "show this one whole")
    .option("--settle", "first settle what was cut off: the old or the new files whole")
    .addOption(falcoUrl())
    .addOption(home())
    .option("--json", "print JSON")
    .action(async (id, flags) => (await import("./deploy.ts")).showDeployments(id, flags));
}

/** What every command that changes rules understands. */
const changing = (command: Command): Command =>
  command
    .requiredOption("--reason <text>", "why; shown to whoever approves")
    .addOption(rulesFile())
    .addOption(watch())
    .addOption(falcoBin())
    .addOption(falcoUrl())
    .addOption(home())
    .addHelpText("after", DEPLOY);

const falcoBin = (): Option =>
  new Option("--falco-bin <file>", "Falco binary to validate with; default: looked for").env("FALCO_SKILLS_FALCO_BIN");

const falcoUrl = (): Option =>
  new Option("--falco-url <url>", "webserver of the running Falco, as http://127.0.0.1:8765").env(
    "FALCO_SKILLS_FALCO_URL",
  );

const rulesFile = (): Option =>
  new Option(
    "--rules-file <path>",
    "entry of rules_files in load order (repeatable); default: as the running Falco has them",
  ).argParser(collect);

const watch = (): Option =>
  new Option("--watch <seconds>", "how long Falco is watched afterwards").argParser(seconds).default(30);

function seconds(value: string): number {
  const count = Number(value);
  if (Number.isInteger(count) && count >= 5 && count <= 3_600) return count;
  throw new InvalidArgumentError("expected a whole number from 5 to 3600");
}
