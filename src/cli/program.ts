import { Command } from "commander";
import { addAudit } from "./audit-commands.ts";
import { addCapture } from "./capture-commands.ts";
import { addCompliance } from "./compliance-commands.ts";
import { addApprove } from "./deploy-commands.ts";
import { addFalco } from "./falco-commands.ts";
import { home, json } from "./options.ts";
import { addReplay } from "./replay-commands.ts";
import { addRetention } from "./retention-commands.ts";
import { addRules } from "./rules-commands.ts";
import { addServe } from "./serve-commands.ts";
import { packageVersion } from "./version.ts";

const EXAMPLES = `
Examples (what each does, below it):
  falco-skills serve --alerts /var/log/falco/alerts.jsonl
      what an MCP host starts
  falco -o json_output=true | falco-skills ingest -
      keep what Falco prints
  falco-skills rules lint /etc/falco/rules.d
      what Falco loads without a word
  falco-skills replay intrusion.scap --rules rules.yaml
      Falco's alerts, without Falco
  falco-skills falco status
      whether the Falco of this host works, and what hides attacks from it
  falco-skills audit verify
      check the audit trail

Options of serve can be set in the environment, as FALCO_SKILLS_<OPTION>.`;

/** The command line: a command a job, each with its own help; the code of a command is loaded when it runs. */
export function buildProgram(): Command {
  const program = new Command("falco-skills")
    .description(
      "MCP server and command line for Falco: rules, captures, alerts, and proof of what was done with them.",
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
  addFalco(program);
  addApprove(program);
  addStatus(program);
  addSkills(program);
  addCompliance(program);
  addAudit(program);
  addRetention(program);
  return program;
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
