import { Command, InvalidArgumentError, Option } from "commander";
import { addCapture } from "./capture-commands.ts";
import { addCompliance } from "./compliance-commands.ts";
import { addReplay } from "./replay-commands.ts";
import { addRules } from "./rules-commands.ts";
import { packageVersion } from "./version.ts";

const EXAMPLES = `
Examples:
  falco-skills serve --alerts /var/log/falco/alerts.jsonl    what an MCP host starts
  falco -o json_output=true | falco-skills ingest -           keep what Falco prints
  falco-skills ingest alerts.jsonl.gz                         import a file
  falco-skills rules lint /etc/falco/rules.d                  what Falco loads without a word
  falco-skills replay intrusion.scap --rules rules.yaml       Falco's alerts, without Falco
  falco-skills audit verify                                   check the audit trail

Every option of serve can also be set as an environment variable FALCO_SKILLS_<OPTION>.`;

const EXITS = `
Exit codes:
   0 intact                     13 forked by two writers
  10 tampered                   14 key not trusted
  11 truncated                  15 evidence does not match
  12 differs from a known head  16 format not supported
  17 nothing recorded           20 intact but not anchored`;

/** The command line: a command a job, each with its own help; the code of a command is loaded when it runs. */
export function buildProgram(): Command {
  const program = new Command("falco-skills")
    .description(
      "MCP server and command line for Falco alerts: search them, work through a checklist, keep proof of it.",
    )
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand(false)
    .showHelpAfterError("(add --help to see what is understood)")
    .exitOverride()
    .addHelpText("after", EXAMPLES);
  addServe(program);
  addIngest(program);
  addRules(program);
  addReplay(program);
  addCapture(program);
  addStatus(program);
  addSkills(program);
  addCompliance(program);
  addAudit(program);
  return program;
}

function addServe(program: Command): void {
  program
    .command("serve")
    .description("serve MCP on standard input and output, and follow alert sources meanwhile")
    .addOption(home())
    .addOption(
      fromEnvironment("--alerts <file>", "follow this file of Falco's JSON alerts (repeatable)").argParser(collect),
    )
    .addOption(
      fromEnvironment("--alerts-root <folder>", "folder the model may import alert files from (repeatable)").argParser(
        collect,
      ),
    )
    .addOption(
      fromEnvironment(
        "--listen <host:port>",
        "take alerts from Falco's http_output or falcosidekick, as 127.0.0.1:2803",
      ),
    )
    .addOption(
      fromEnvironment(
        "--listen-token <token>",
        "token the webhook asks for; an environment variable keeps it out of ps",
      ),
    )
    .addOption(
      fromEnvironment("--toolsets <names>", "offer only these groups of tools, comma-separated").argParser(names),
    )
    .addOption(fromEnvironment("--exclude-tools <names>", "withhold these tools, comma-separated").argParser(names))
    .option("--read-only", "offer only tools that change nothing; wins over everything else")
    .option(
      "--allow-changes",
      "offer tools that touch the host or a running Falco; each call needs a person's approval",
    )
    .option("--repair", "set damaged files of the alert store aside and go on without them")
    .addOption(
      fromEnvironment("--rules-root <folder>", "folder the model may load rule files from (repeatable)").argParser(
        collect,
      ),
    )
    .addOption(
      fromEnvironment("--captures-root <folder>", "folder the model may read captures from (repeatable)").argParser(
        collect,
      ),
    )
    .addOption(
      fromEnvironment("--falco-bin <file>", "Falco binary to run; default: looked for in PATH and package places"),
    )
    .addOption(fromEnvironment("--falco-url <url>", "webserver of a running Falco, as http://127.0.0.1:8765"))
    .addOption(
      fromEnvironment("--max-result-chars <count>", "longest answer in characters, 4000 to 500000")
        .argParser(resultChars)
        .default(20_000),
    )
    .action(async (flags) => (await import("./serve.ts")).serve(flags));
}

function addIngest(program: Command): void {
  program
    .command("ingest")
    .description("import alerts from files, folders (.gz too) or, with -, from standard input until it ends")
    .argument("<paths...>", "files or folders, or - for standard input")
    .addOption(home())
    .addOption(json())
    .option("--repair", "set damaged files of the alert store aside and go on without them")
    .action(async (paths, flags) => (await import("./ingest.ts")).ingest(paths, flags));
}

function addStatus(program: Command): void {
  program
    .command("status")
    .description("what is stored: alerts with their time span, rejected lines, skills, checklists, audit trail")
    .addOption(home())
    .addOption(json())
    .action(async (flags) => (await import("./status.ts")).status(flags));
}

function addSkills(program: Command): void {
  const skills = program.command("skills").description("list, show, check and add skills").helpCommand(false);
  skills
    .command("list")
    .description("the skills of this installation, and folders that were refused")
    .addOption(home())
    .addOption(json())
    .action(async (flags) => (await import("./skills.ts")).listSkills(flags));
  skills
    .command("show")
    .description("one skill: its files with their digests, or the text of one file")
    .argument("<name>", "skill, as `skills list` shows it")
    .argument("[file]", "a file of the skill, as SKILL.md")
    .addOption(home())
    .addOption(json())
    .action(async (name, file, flags) => (await import("./skills.ts")).showSkill(name, file, flags));
  skills
    .command("check")
    .description("check a skill folder without adding it; exit code 1 when it has faults")
    .argument("<folder>", "folder that holds a SKILL.md")
    .addOption(json())
    .action(async (folder, flags) => (await import("./skills.ts")).checkSkillFolder(folder, flags));
  skills
    .command("add")
    .description("check a skill folder and copy it into home")
    .argument("<folder>", "folder that holds a SKILL.md")
    .addOption(home())
    .option("--replace", "replace a skill of that name that was added before")
    .action(async (folder, flags) => (await import("./skills.ts")).addSkillFolder(folder, flags));
}

function addAudit(program: Command): void {
  const audit = program.command("audit").description("verify the audit trail").helpCommand(false);
  audit
    .command("verify")
    .description("walk the whole trail and name the first record that does not hold")
    .addOption(home())
    .addOption(json())
    .option("--key <vkey>", "public key from outside the trail; without it the trail's own key is used and said so")
    .option("--known-head <head>", 'file with a head kept elsewhere, or "size root" (repeatable)', collect)
    .option("--from-checkpoint", "trust the last signed head and check only what came after it")
    .option("--require-anchor", "exit with 20 unless a known head confirms the trail")
    .addHelpText("after", EXITS)
    .action(async (flags) => (await import("./audit.ts")).verify(flags));
}

const home = (): Option =>
  new Option("--home <folder>", "data folder; default: the platform's place for program data").env("FALCO_SKILLS_HOME");

const json = (): Option => new Option("--json", "print JSON");

/** The option can be set as FALCO_SKILLS_<NAME> too. */
function fromEnvironment(flags: string, description: string): Option {
  const option = new Option(flags, description);
  return option.env(`FALCO_SKILLS_${option.name().toUpperCase().replaceAll("-", "_")}`);
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

const names = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...value
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== ""),
];

function resultChars(value: string): number {
  const count = Number(value);
  if (Number.isInteger(count) && count >= 4_000 && count <= 500_000) return count;
  throw new InvalidArgumentError("expected a whole number from 4000 to 500000");
}
