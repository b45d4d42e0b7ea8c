import { createInterface } from "node:readline/promises";
import type { AttestableState } from "../compliance/checklist.ts";
import { findItem } from "../compliance/open-checklists.ts";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { visible } from "../text/visible.ts";
import { buildCompliance } from "./build-compliance.ts";
import { buildServices } from "./build-services.ts";
import { colors, printLine } from "./print.ts";
import { homeFolder } from "./settings.ts";

interface AttestFlags {
  readonly home?: string;
  readonly state: AttestableState;
}

/**
 * Takes a person's word for an item. Everything is asked for at the terminal: a name given as an option could be typed by
 * a program that has no right to it.
 */
export async function attest(checklistId: string, itemId: string, flags: AttestFlags): Promise<void> {
  if (process.stdin.isTTY !== true || process.stdout.isTTY !== true) {
    throw new FalcoSkillsError("ATTEST_NOT_A_PERSON", "standard input or output is no terminal", {
      fix: "Run falco-skills attest at a terminal, by yourself.",
    });
  }
  const { services, close } = await buildServices({ home: homeFolder(flags.home, process.env), alertRoots: undefined });
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const checklist = await services.checklists.get(checklistId);
    const template = findItem(checklist, itemId);
    printLine(`${colors.bold(`${template.id} ${visible(template.title)}`)} of ${visible(checklist.title)}`);
    printLine(visible(template.text));
    printLine(`You vouch that this is ${flags.state}.`);
    const name = await terminal.question("Your name: ");
    const role = await terminal.question("Your role (may be empty): ");
    const statement = await terminal.question("What you vouch for, in your words: ");
    const sign = await terminal.question(`Type ${template.id} to sign: `);
    if (sign.trim() !== template.id) {
      throw new FalcoSkillsError("CANCELLED", "nothing was attested", {
        fix: "Run falco-skills attest again and type the item's id.",
      });
    }
    const { item, warnings } = await buildCompliance(services, undefined).attest(
      checklistId,
      {
        item: itemId,
        state: flags.state,
        name,
        statement,
        method: "terminal",
        ...(role.trim() === "" ? {} : { role }),
      },
      "command-line",
    );
    for (const warning of warnings) printLine(colors.red(`warning: ${visible(warning)}`));
    printLine(`${colors.green("attested")} ${item.template.id}: ${item.state}, by ${visible(name.trim())}`);
  } finally {
    terminal.close();
    await close();
  }
}
