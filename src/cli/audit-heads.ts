import { join, resolve } from "node:path";
import { copyHeads } from "../audit/copy-heads.ts";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { commit, isRepository } from "./head-copies.ts";
import { printLine } from "./print.ts";
import { homeFolder } from "./settings.ts";

/** Copies every signed head of a home's trail; in a git repository, what is new becomes a commit. */
export async function keepHeads(flags: { readonly home?: string; readonly to: string }): Promise<void> {
  const folder = resolve(flags.to);
  const copied = copyHeads(join(homeFolder(flags.home, process.env), "audit"), folder);
  if (copied === undefined) {
    throw new FalcoSkillsError("INVALID_ARGUMENT", "nothing was recorded yet, so there is no signed head", {
      fix: "Start falco-skills serve and make a call, then copy its heads.",
    });
  }
  const { log: trail, added, verifierKey } = copied;
  const newest = added.at(-1);
  const committed = newest !== undefined && (await isRepository(folder));
  if (committed) await commit(folder, trail, `head ${newest.size} ${newest.root}`);
  printLine(`${folder}: ${added.length} heads added${committed ? ", as a commit" : ""}`);
  printLine(`key of the trail: ${verifierKey}`);
}
