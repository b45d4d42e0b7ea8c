import { type Command, InvalidArgumentError, Option } from "commander";
import { PRIORITIES } from "../alert/alert.ts";
import { parsePriority } from "../alert/priority.ts";
import { collectList, home } from "./options.ts";

const REPLAY_HELP = `
A path of rules is a file or a folder, read as Falco reads them; set:NAME is a set kept in home.
An input that ends in .json, .jsonl or .ndjson (.gz too) is read as audit events of a plugin source.

Exit codes: 0 replayed, no alert   3 replayed, alerts   4 the input is faulty: alerts from before
the fault are printed   1 failed   2 the command line was not understood`;

const TEST_HELP = `
The form of the file is told in docs/rule-tests.md. Paths in it are relative to it.

Exit codes: 0 all cases hold   1 a case does not hold, or something failed   2 the command line was
not understood`;

/** `replay` and `test`: rules run over captures and events; their code is loaded when one of them runs. */
export function addReplay(program: Command): void {
  addReplayCommand(program);
  addTestCommand(program);
}

function addReplayCommand(program: Command): void {
  program
    .command("replay")
    .description("run rules over a capture or a file of JSON audit events and print the alerts they give")
    .argument("<input>", "capture (.scap), or JSON events of a plugin source")
    .requiredOption("--rules <paths>", "rule files or folders, comma-separated, or set:NAME (repeatable)", collectList)
    .option("--all", "each rule that matches an event gives an alert, not only the first")
    .addOption(new Option("--min-priority <priority>", "leave out rules less urgent than this").argParser(priority))
    .addOption(new Option("--event-source <name>", "source of JSON events; found out when left out"))
    .addOption(new Option("--max-events <count>", "end after so many events").argParser(count))
    .addOption(new Option("--max-alerts <count>", "end after so many alerts").argParser(count))
    .option("--json", "print alerts as Falco's JSON lines, and the summary as JSON")
    .addOption(home())
    .addHelpText("after", REPLAY_HELP)
    .action(async (input, flags) => (await import("./replay.ts")).replay(input, flags));
}

function addTestCommand(program: Command): void {
  program
    .command("test")
    .description("check what rules must and must not catch, as a file of cases says")
    .argument("<file>", "YAML file of cases")
    .option("--rules <paths>", "rules instead of those that the file names (repeatable)", collectList)
    .option("--against <paths>", "compare with these rules: alerts lost and gained (repeatable)", collectList)
    .option("--json", "print the results as JSON")
    .option("--junit <file>", "write the results as JUnit XML to this file")
    .addOption(home())
    .addHelpText("after", TEST_HELP)
    .action(async (file, flags) => (await import("./test.ts")).testRules(file, flags));
}

function priority(value: string): string {
  const known = parsePriority(value);
  if (known !== undefined) return known;
  throw new InvalidArgumentError(`expected one of ${PRIORITIES.join(", ")}`);
}

function count(value: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new InvalidArgumentError("expected a whole number from 1");
}
