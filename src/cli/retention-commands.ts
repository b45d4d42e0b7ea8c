import { type Command, InvalidArgumentError, Option } from "commander";
import { PRESETS } from "../retention/retention-settings.ts";
import { home, json } from "./options.ts";

const EXAMPLES = `
Examples:
  falco-skills retention set --preset pci
  falco-skills retention set --alerts 12/30 --evidence 36
  falco-skills retention apply --dry-run

Presets:
${Object.entries(PRESETS)
  .map(([name, { reason }]) => `  ${name.padEnd(10)} ${reason}`)
  .join("\n")}`;

/** Commands of how long things are kept; no tool changes it. */
export function addRetention(program: Command): void {
  const retention = program
    .command("retention")
    .description("how long alerts, audit records and evidence are kept")
    .helpCommand(false);
  retention
    .command("show")
    .description("the limits, and what lies in the archive")
    .addOption(home())
    .addOption(json())
    .action(async (flags) => (await import("./retention.ts")).showRetention(flags));
  retention
    .command("set")
    .description("change the limits; the change is recorded in the audit trail")
    .addOption(home())
    .addOption(json())
    .addOption(new Option("--preset <name>", "take all limits from a preset").choices(Object.keys(PRESETS)))
    .option("--alerts <months>", "months at hand and months in all, as 12/30", span)
    .option("--records <months>", "the same for records of the audit trail", span)
    .option("--evidence <months>", "months that the bytes of evidence are kept", months)
    .addHelpText("after", EXAMPLES)
    .action(async (flags) => (await import("./retention.ts")).setRetention(flags));
  retention
    .command("apply")
    .description("move old alerts into the archive, and delete what is past its time")
    .addOption(home())
    .addOption(json())
    .option("--dry-run", "say what would be done, and do nothing")
    .action(async (flags) => (await import("./retention.ts")).applyRetentionNow(flags));
}

function span(text: string): { readonly atHandMonths: number; readonly inAllMonths: number } {
  const [, atHand, inAll] = /^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? [];
  if (atHand === undefined || inAll === undefined) throw new InvalidArgumentError("expected two numbers, as 12/30");
  return { atHandMonths: Number(atHand), inAllMonths: Number(inAll) };
}

function months(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("expected a number of months");
}
