import { type Command, InvalidArgumentError } from "commander";
import { collect, home, json } from "./options.ts";

const EXITS = `
Exit codes:
   0 intact                     13 forked by two writers
  10 tampered                   14 key not trusted
  11 truncated                  15 evidence does not match
  12 differs from a known head  16 format not supported
  17 nothing recorded           20 intact but not anchored`;

/** Commands of the audit trail; the code of each is loaded when it runs. */
export function addAudit(program: Command): void {
  const audit = program
    .command("audit")
    .description("verify the audit trail, prove records, keep its heads elsewhere, erase what may be erased")
    .helpCommand(false);
  audit
    .command("verify")
    .description("check the whole trail, and name what does not hold")
    .addOption(home())
    .addOption(json())
    .option("--key <vkey>", "public key from outside the trail; without it the trail's own key is used and said so")
    .option("--known-head <head>", 'file with a head kept elsewhere, or "size root" (repeatable)', collect)
    .option("--from-checkpoint", "trust the last signed head and check only what came after it")
    .option("--require-anchor", "exit with 20 unless a known head confirms the trail")
    .option("--evidence", "compare the bytes of recorded evidence, too")
    .option("--workers <count>", "threads that read beside this one, 1 to 64", count)
    .addHelpText("after", EXITS)
    .action(async (flags) => (await import("./audit.ts")).verify(flags));
  audit
    .command("key")
    .description("print the trail's public key, to be kept elsewhere")
    .addOption(home())
    .action(async (flags) => (await import("./audit-proofs.ts")).showKey(flags));
  audit
    .command("proof")
    .description("write a proof that a record stands in the trail")
    .argument("<seq>", "record number", wholeNumber)
    .addOption(home())
    .option("--out <file>", "file for the proof; default <seq>.tlog-proof. The record goes beside it, as <file>.record")
    .action(async (seq, flags) => (await import("./audit-proofs.ts")).writeProof(seq, flags));
  audit
    .command("consistency")
    .description("prove that the trail at one size begins the later one")
    .argument("<older>", "number of records", wholeNumber)
    .argument("[newer]", "number of records; default the newest signed size", wholeNumber)
    .addOption(home())
    .addOption(json())
    .action(async (older, newer, flags) => (await import("./audit-proofs.ts")).showConsistency(older, newer, flags));
  audit
    .command("heads")
    .description("copy the signed heads to a folder or git repository")
    .requiredOption("--to <folder>", "folder, made when it is missing; each copy is a commit in a git repository")
    .addOption(home())
    .action(async (flags) => (await import("./audit-heads.ts")).keepHeads(flags));
  audit
    .command("erase")
    .description("delete what a record withheld; every proof still holds")
    .argument("<seq>", "record number", wholeNumber)
    .requiredOption("--reason <text>", "why; kept in the trail")
    .addOption(home())
    .action(async (seq, flags) => (await import("./audit-proofs.ts")).erase(seq, flags));
}

function wholeNumber(value: string): number {
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new InvalidArgumentError("expected a whole number");
}

function count(value: string): number {
  const threads = Number(value);
  if (Number.isInteger(threads) && threads >= 1 && threads <= 64) return threads;
  throw new InvalidArgumentError("expected a whole number from 1 to 64");
}
