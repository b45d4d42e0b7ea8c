import { Command } from "commander";
import { addCapture } from "../../src/cli/capture-commands.ts";
import { describeError, renderError } from "../../src/errors/describe-error.ts";

/** `falco-skills capture …` alone, as a process of its own. */
const program = new Command("falco-skills");
addCapture(program);
program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${renderError(describeError(error))}\n`);
  process.exitCode = 1;
});
