import { type Command, Option } from "commander";
import { home, json } from "./options.ts";

/** Commands of evidence and checklists; the code of each is loaded when it runs. */
export function addCompliance(program: Command): void {
  program
    .command("controls")
    .description("which evidence is held for controls, and how fresh it is")
    .argument("[names...]", "controls, as CC7.2 or soc2-tsc:CC7.2; none: all that have evidence")
    .addOption(home())
    .addOption(json())
    .option("--since <time>", "only evidence taken since: 2026-10-01, or -30d")
    .option("--framework <name>", "only this framework, as soc2-tsc, nist-800-53 or iso-27001")
    .action(async (names, flags) => (await import("./controls.ts")).showControls(names, flags));
  program
    .command("attest")
    .description("vouch for a manual item of a checklist, as a person at a terminal")
    .argument("<checklist>", "id of the checklist")
    .argument("<item>", "item, as P1")
    .addOption(home())
    .addOption(
      new Option("--state <state>", "what you vouch for").choices(["done", "failed", "not-applicable"]).default("done"),
    )
    .action(async (checklist, item, flags) => (await import("./attest.ts")).attest(checklist, item, flags));
  const evidence = program.command("evidence").description("kept artefacts").helpCommand(false);
  evidence
    .command("copy")
    .description("copy the bytes of an artefact to a new file; the audit trail records who read it")
    .argument("<id>", "artefact, as ev-0123456789abcdef")
    .argument("<file>", "file to make")
    .addOption(home())
    .action(async (id, file, flags) => (await import("./export.ts")).copyEvidence(id, file, flags));
  program
    .command("export")
    .description("make an evidence package that can be verified without this program")
    .addOption(home())
    .addOption(json())
    .option("--out <path>", "folder to make, or a zip when it ends with .zip; default: a folder below exports in home")
    .option("--checklist <id>", "everything about a checklist")
    .option("--run <id>", "everything about a run")
    .option("--from <time>", "records since: RFC 3339, or -24h")
    .option("--to <time>", "records before; default now")
    .action(async (flags) => (await import("./export.ts")).exportEvidence(flags));
  program
    .command("verify-export")
    .description("verify an evidence package offline; exit code 1 when it does not hold")
    .argument("<package>", "the package, a folder or a zip")
    .addOption(json())
    .option("--key <vkey>", "public key from elsewhere; without it the package's own key is used and said so")
    .action(async (folder, flags) => (await import("./export.ts")).verifyExport(folder, flags));
}
