import { Command } from "commander";
import { addAudit } from "../../src/cli/audit-commands.ts";
import { addCompliance } from "../../src/cli/compliance-commands.ts";
import { describeError, renderError } from "../../src/errors/describe-error.ts";

/** The commands of this part alone, as the program runs them. */
const program = new Command("falco-skills");
addCompliance(program);
addAudit(program);
try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${renderError(describeError(error))}\n`);
  process.exitCode = 1;
}
