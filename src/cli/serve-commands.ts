import { type Command, InvalidArgumentError, Option } from "commander";
import { collect, collectList, fromEnvironment } from "./options.ts";

/** `serve`: what an MCP host starts; every option that names something can be set in the environment, too. */
export function addServe(program: Command): void {
  const serve = program
    .command("serve")
    .description("serve MCP on standard input and output, and follow alert sources meanwhile")
    .addOption(
      new Option("--home <folder>", "data folder; default: the platform's place for program data").env(
        "FALCO_SKILLS_HOME",
      ),
    );
  addSources(serve);
  addLimits(serve);
  addFalcoOptions(serve);
  serve.action(async (flags) => (await import("./serve.ts")).serve(flags));
}

/** Where alerts come from, and what the model may read. */
function addSources(serve: Command): void {
  serve
    .addOption(
      fromEnvironment("--alerts <file>", "follow this file of Falco's JSON alerts (repeatable)").argParser(collect),
    )
    .addOption(
      fromEnvironment("--alerts-root <folder>", "folder the model may import alert files from (repeatable)").argParser(
        collect,
      ),
    )
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
    .option("--repair", "set damaged files of the alert store aside and go on without them");
}

/** Which tools are offered, how long answers are, and who else keeps the trail's heads. */
function addLimits(serve: Command): void {
  serve
    .addOption(
      fromEnvironment("--toolsets <names>", "offer only these groups of tools, comma-separated").argParser(collectList),
    )
    .addOption(
      fromEnvironment("--exclude-tools <names>", "withhold these tools, comma-separated").argParser(collectList),
    )
    .option("--read-only", "offer only tools that change nothing; wins over everything else")
    .option(
      "--allow-changes",
      "offer tools that touch the host or a running Falco; each call needs a person's approval",
    )
    .addOption(
      fromEnvironment(
        "--heads-folder <folder>",
        "copy each signed head of the audit trail there; in a git repository as a commit",
      ),
    )
    .addOption(
      fromEnvironment("--max-result-chars <count>", "longest answer in characters, 4000 to 500000")
        .argParser(resultChars)
        .default(20_000),
    );
}

/** The real Falco: the binary that runs rules, the one that runs on this host, the folder its rules are changed in. */
function addFalcoOptions(serve: Command): void {
  serve
    .addOption(
      fromEnvironment("--falco-bin <file>", "Falco binary to run; default: looked for in PATH and package places"),
    )
    .addOption(fromEnvironment("--falco-url <url>", "webserver of a running Falco, as http://127.0.0.1:8765"))
    .addOption(
      fromEnvironment("--falco-config <file>", "falco.yaml of the running Falco; default: what its process was given"),
    )
    .addOption(
      fromEnvironment(
        "--deploy-into <folder>",
        "rules folder of Falco that deploy_rules may write; default: the one the running Falco loads",
      ),
    );
}

function resultChars(value: string): number {
  const count = Number(value);
  if (Number.isInteger(count) && count >= 4_000 && count <= 500_000) return count;
  throw new InvalidArgumentError("expected a whole number from 4000 to 500000");
}
