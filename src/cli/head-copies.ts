import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import type { AuditTrailOptions } from "../audit/trail-interface.ts";
import { log } from "./ambient.ts";

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

/** Whether a folder lies in a git repository. */
export async function isRepository(folder: string): Promise<boolean> {
  try {
    const { stdout } = await git(folder, ["rev-parse", "--is-inside-work-tree"]);
    return stdout.trim() === "true";
  } catch {
    // No repository, or no git: the files themselves are the copy.
    return false;
  }
}

/** What is new of a trail's heads in a repository, as one commit. */
export async function commit(folder: string, trail: string, text: string): Promise<void> {
  const paths = [`${trail}.heads`, `${trail}.note`];
  await git(folder, ["add", "--", ...paths]);
  await git(folder, ["commit", "--quiet", "--allow-empty", "--message", text, "--", ...paths]);
}

function git(folder: string, words: readonly string[]) {
  // A caller's GIT_DIR or GIT_INDEX_FILE would lead elsewhere.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")));
  return run("git", ["-C", folder, ...GIT, ...words], { timeout: MOST_MS, env });
}
