import { type Command, InvalidArgumentError, Option } from "commander";
import { addDeployments } from "./deploy-commands.ts";
import { collectList, home } from "./options.ts";

const EXITS = `
Exit codes: 0 nothing that fails, 1 something that fails or cannot be read, 2 the command line was
not understood.`;

const SOURCES = `
A path is a rule file or a folder, read as Falco reads them. set:NAME or set:NAME@DIGEST is a
rule set kept in home.`;

/** `rules …`: the commands over rule files; their code is loaded when one of them runs. */
export function addRules(program: Command): void {
  const rules = program.command("rules").description("check, lint, explain and compare Falco rules").helpCommand(false);
  addChecks(rules);
  addViews(rules);
  addDiff(rules);
  addDeployments(rules);
}

function addChecks(rules: Command): void {
  rules
    .command("validate")
    .description("every error and warning that Falco would raise when it loads these files, each at its place")
    .argument("<paths...>", "rule files or folders, in load order")
    .addOption(engine())
    .addOption(format("text", "json", "sarif"))
    .addOption(home())
    .option("--strict", "fail on warnings too")
    .addHelpText("after", SOURCES + EXITS)
    .action(async (paths, flags) => (await import("./rules/validate.ts")).validateRules(paths, flags));
  rules
    .command("lint")
    .description("what Falco loads without a word although it does not do what it says, beside its own findings")
    .argument("[paths...]", "rule files or folders, in load order")
    .addOption(engine())
    .addOption(format("text", "json", "sarif"))
    .addOption(home())
    .addOption(new Option("--off <codes>", "lints to leave out, comma-separated").argParser(collectList))
    .option("--strict", "fail on warnings too")
    .option("--codes", "list every lint with its reason, an example and the same mended")
    .addHelpText("after", SOURCES + EXITS)
    .action(async (paths, flags) => (await import("./rules/lint.ts")).lintRules(paths, flags));
}

function addViews(rules: Command): void {
  rules
    .command("list")
    .description("the rules in these files, or without paths the rule sets kept in home")
    .argument("[paths...]", "rule files or folders, in load order")
    .addOption(engine())
    .addOption(format("text", "json"))
    .addOption(home())
    .addHelpText("after", SOURCES)
    .action(async (paths, flags) => (await import("./rules/list.ts")).listRules(paths, flags));
  rules
    .command("explain")
    .description("one rule in words: clauses with macros and lists expanded and where each comes from")
    .argument("<rule>", "name of the rule")
    .argument("[paths...]", "rule files or folders; without them the rule sets kept in home")
    .addOption(engine())
    .addOption(format("text", "json"))
    .addOption(home())
    .option("--full", "open every macro")
    .addHelpText("after", SOURCES)
    .action(async (rule, paths, flags) => (await import("./rules/explain.ts")).explainOneRule(rule, paths, flags));
  rules
    .command("coverage")
    .description("ATT&CK techniques and tactics, event types and controls that the rules' tags claim, and gaps")
    .argument("<paths...>", "rule files or folders, in load order")
    .addOption(engine())
    .addOption(format("text", "json"))
    .addOption(home())
    .option("--layer <file>", "write a layer for the ATT&CK Navigator to this file")
    .addHelpText("after", SOURCES)
    .action(async (paths, flags) => (await import("./rules/coverage.ts")).showCoverage(paths, flags));
}

function addDiff(rules: Command): void {
  rules
    .command("diff")
    .description("two rule sets compared by what they catch: added, removed, weakened, strengthened, changed, cosmetic")
    .argument("<old>", "rule file or folder; several are joined by commas")
    .argument("<new>", "rule file or folder; several are joined by commas")
    .addOption(engine())
    .addOption(format("text", "json"))
    .addOption(home())
    .option("--fail-on-loss", "exit with 1 when a rule was removed, weakened or changed")
    .addHelpText("after", SOURCES + EXITS)
    .action(async (before, after, flags) => (await import("./rules/diff.ts")).diffRuleFiles(before, after, flags));
}

const format = (...choices: string[]): Option =>
  new Option("--format <form>", "form of the output").choices(choices).default("text");

const engine = (): Option =>
  new Option("--engine <version>", "Falco engine to check against, 0.57 to 0.63; the newest by default").argParser(
    version,
  );

function version(value: string): string {
  const [, minor, patch = "0"] = /^0\.(\d{1,3})(?:\.(\d{1,3}))?$/.exec(value) ?? [];
  if (minor === undefined) throw new InvalidArgumentError("expected a version as 0.57 or 0.63.0");
  return `0.${minor}.${patch}`;
}
