import { Command } from "commander";
import { addRetention } from "../../src/cli/retention-commands.ts";
import { describeError, renderError } from "../../src/errors/describe-error.ts";

/** `falco-skills retention …` alone, as a process of its own. */
const program = new Command("falco-skills");
addRetention(program);
program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${renderError(describeError(error))}\n`);
  process.exitCode = 1;
});
