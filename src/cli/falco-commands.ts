import { type Command, Option } from "commander";
import { collect, fromEnvironment } from "./options.ts";

const CONFIG = `
Without --check the fragment is printed, for the Falco that runs here where
there is one, else for the newest known. It is whole blocks of falco.yaml, fit
for a file of its own in /etc/falco/config.d.

Exit codes: 0 nothing to mend, 1 something to mend or not to be read, 2 the
command line was not understood.`;

const STATUS = `
Nothing is changed, started or signalled. To see everything, run it as root:
Falco's files and process belong to root as a rule.

Exit codes: 0 healthy and nothing lost, 1 not healthy or something of severity
error, 2 the command line was not understood.`;

/** `falco …`: the commands about a Falco on this host; their code is loaded when one of them runs. */
export function addFalco(program: Command): void {
  const falco = program
    .command("falco")
    .description("see how a Falco on this host is doing, and set it up")
    .helpCommand(false);
  falco
    .command("status")
    .description("process, loaded rules and configuration, losses, outputs, and what is wrong with them")
    .addOption(fromEnvironment("--falco-url <url>", "address of Falco's webserver, as http://127.0.0.1:8765"))
    .option("--config <file>", "this falco.yaml instead of the running Falco's")
    .addOption(
      fromEnvironment("--alerts <file>", "file of alerts that `serve` follows (repeatable)").argParser(collect),
    )
    .addOption(fromEnvironment("--listen <host:port>", "where the webhook of `serve` listens"))
    .option("--json", "print JSON")
    .addHelpText("after", STATUS)
    .action(async (flags) => (await import("./falco.ts")).showFalcoStatus(flags));
  falco
    .command("config")
    .description("a falco.yaml fragment for forensics, or with --check what an existing file lacks")
    .option("--for <version>", "version of Falco, as 0.44.0")
    .option("--check <file>", "check this falco.yaml")
    .option("--webhook <url>", "post alerts to this address, as http://127.0.0.1:2803/")
    .option("--file <path>", "write alerts to this file")
    .addOption(
      new Option("--capture <mode>", "record after alerts of rules that say so, or after all alerts")
        .choices(["rules", "all_rules"])
        .default("rules"),
    )
    .option("--json", "with --check: print JSON")
    .addHelpText("after", CONFIG)
    .action(async (flags) => (await import("./falco.ts")).showFalcoConfig(flags));
}
