import { type Command, InvalidArgumentError, Option } from "commander";
import { CAPTURE_QUESTIONS } from "../investigate/capture/capture-questions.ts";
import { collectList } from "./options.ts";

const QUESTIONS = `
Questions:
  process_tree      what ran, children below their parent
  process           one process's life: --process PID or NAME
  executions        every program that was started
  sensitive_reads   which process read shadow, keys, tokens, /proc/*/environ and the like
  files, files_written
  connections       peers by process, with bytes
  users, containers
  events            single events; --condition takes a Falco condition, --fields what to show
  around            what happened around --at TIME
  export            write the chosen events as a capture of their own into home

Exit codes: 0 answered, 1 the capture or an argument cannot be used, 2 the command line was not
understood, 3 the capture is damaged and the answer ends where the damage begins.`;

/** `capture …`: questions to a capture; the code is loaded when it runs. */
export function addCapture(program: Command): void {
  program
    .command("capture")
    .description("ask a capture (.scap) what happened, without Falco")
    .addArgument(question(program))
    .argument("<file>", "the capture, packed with gzip or not")
    .option("--process <who>", "only this process: pid or tid, name or path of a program")
    .option("--descendants", "with --process: also everything it started")
    .option("--container <id>", "only this container: id, beginning of one, name, or host")
    .option("--from <time>", "earliest time: RFC 3339 or nanoseconds since 1970")
    .option("--to <time>", "latest time, exclusive")
    .option("--condition <text>", "question events: a Falco condition")
    .option("--rules <paths>", "question events: rules whose macros and lists it may use (repeatable)", collectList)
    .option("--fields <names>", "questions events and around: Falco fields, comma-separated", fieldNames)
    .option("--at <time>", "question around: the time")
    .addOption(new Option("--seconds <count>", "question around: how far").argParser(seconds).default(1))
    .option("--everything", "question around: also reads, writes and waits")
    .addOption(new Option("--limit <count>", "rows to show").argParser(rows).default(200))
    .addOption(new Option("--after <number>", "go on behind this row or event").argParser(rows).default(0))
    .addOption(new Option("--home <folder>", "data folder; export writes below it").env("FALCO_SKILLS_HOME"))
    .option("--json", "print JSON")
    .addHelpText("after", QUESTIONS)
    .action(async (asked, file, flags) => (await import("./capture.ts")).askCapture(asked, file, flags));
}

function question(program: Command) {
  const argument = program.createArgument("<question>", "what to find out");
  return argument.choices([...CAPTURE_QUESTIONS, "export"]);
}

const fieldNames = (value: string): readonly string[] =>
  value
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");

function seconds(value: string): number {
  const count = Number(value);
  if (count > 0 && count <= 3_600) return count;
  throw new InvalidArgumentError("expected seconds up to 3600");
}

function rows(value: string): number {
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new InvalidArgumentError("expected a whole number");
}
