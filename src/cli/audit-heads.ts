import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { copyHeads } from "../audit/copy-heads.ts";
import type { AuditTrailOptions } from "../audit/trail-interface.ts";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { log } from "./ambient.ts";
import { printLine } from "./print.ts";
import { homeFolder } from "./settings.ts";

const run = promisify(execFile);
const MOST_MS = 30_000;

/** Nobody's configuration, hooks or signing has a part in these commits. */
const GIT = [
  "-c",
  "user.name=falco-skills",
  "-c",
  "user.email=falco-skills@localhost",
  "-c",
  "commit.gpgSign=false",
  "-c",
  "core.hooksPath=/dev/null",
  "-c",
  "core.autocrlf=false",
];

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

export interface HeadCopies extends Pick<AuditTrailOptions, "headsFolder" | "onHead"> {
  /** Resolves when every head that was signed so far is committed. */
  settled(): Promise<void>;
}

/** What the trail of `serve` needs to copy each head to a folder; in a git repository each becomes a commit. */
export function headCopies(headsFolder: string | undefined): HeadCopies {
  if (headsFolder === undefined) return { settled: async () => {} };
  const folder = resolve(headsFolder);
  let done: Promise<void> = Promise.resolve();
  let repository: Promise<boolean> | undefined;
  let failed = false;
  const keep = async (trail: string, text: string): Promise<void> => {
    repository ??= isRepository(folder);
    if (await repository) await commit(folder, trail, text);
  };
  return {
    headsFolder: folder,
    onHead({ log: trail, size, root }) {
      done = done
        .then(() => keep(trail, `head ${size} ${root}`))
        .catch((error: Error) => {
          if (!failed) log(`a head could not be committed to ${folder}: ${error.message.split("\n", 1)[0]}`);
          failed = true;
        });
    },
    settled: () => done,
  };
}

async function isRepository(folder: string): Promise<boolean> {
  try {
    const { stdout } = await git(folder, ["rev-parse", "--is-inside-work-tree"]);
    return stdout.trim() === "true";
  } catch {
    // No repository, or no git: the files themselves are the copy.
    return false;
  }
}

async function commit(folder: string, trail: string, text: string): Promise<void> {
  const paths = [`${trail}.heads`, `${trail}.note`];
  await git(folder, ["add", "--", ...paths]);
  await git(folder, ["commit", "--quiet", "--allow-empty", "--message", text, "--", ...paths]);
}

function git(folder: string, words: readonly string[]) {
  // A caller's GIT_DIR or GIT_INDEX_FILE would lead elsewhere.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")));
  return run("git", ["-C", folder, ...GIT, ...words], { timeout: MOST_MS, env });
}
