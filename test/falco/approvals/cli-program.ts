import { Command } from "commander";
import { addApprove, addDeployments } from "../../../src/cli/deploy-commands.ts";
import { describeError, renderError } from "../../../src/errors/describe-error.ts";

/** The commands that need a person, as the command line has them. */
const program = new Command("falco-skills").exitOverride();
addApprove(program);
addDeployments(program.command("rules"));
try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${renderError(describeError(error))}\n${(error as Error).stack}\n`);
  process.exitCode = 1;
}
