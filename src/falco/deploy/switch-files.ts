import { mkdirSync, readFileSync, renameSync, rmSync, unlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { syncFolder } from "../../paths/write-file.ts";
import type { FileChange, FileFacts } from "./deployment.ts";
import { writeNew } from "./durable-files.ts";
import * as wrong from "./errors.ts";
import { factsIn } from "./rules-folder.ts";

/** Beside the rules folder: Falco, which watches that, does not notice it. */
const besideOf = (folder: string, id: string): string =>
  join(dirname(folder), `.${basename(folder)}.falco-skills-${id}`);

/** Inside the rules folder, where Falco loads no folders, but notices that it comes and goes. */
const insideOf = (folder: string, id: string): string => join(folder, `.falco-skills-${id}`);

/**
 * Puts bytes near the rules, durable and with their final permissions, so that a rename is all that is left to do. The
 * folder they wait in, on the same filesystem as the rules, comes back.
 */
export function stageFiles(
  folder: string,
  id: string,
  files: readonly { readonly change: FileChange; readonly bytes: Uint8Array }[],
): string {
  try {
    unstage(folder, id);
    const staging = makeStaging(folder, id);
    for (const { change, bytes } of files) {
      writeNew(join(staging, change.name), bytes, change.permissions ?? { mode: 0o644 });
    }
    syncFolder(staging);
    return staging;
  } catch (error) {
    unstage(folder, id);
    throw wrong.folderNotWritten(folder, error);
  }
}

function makeStaging(folder: string, id: string): string {
  // A rename cannot leave its mount, even where both sides are of one filesystem.
  if (!isMountPoint(folder)) {
    try {
      mkdirSync(besideOf(folder, id), { mode: 0o700 });
      return besideOf(folder, id);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EACCES" && code !== "EPERM" && code !== "EROFS") throw error;
    }
  }
  mkdirSync(insideOf(folder, id), { mode: 0o700 });
  return insideOf(folder, id);
}

/** By the fifth column of mountinfo, in which blanks and the like are written as octal numbers. */
function isMountPoint(folder: string): boolean {
  const places = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return places.some((line) => {
    const place = line.split(" ")[4] ?? "";
    return place.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))) === folder;
  });
}

/** Removes what was staged; what cannot be removed is passed over by Falco and does no harm. */
export function unstage(folder: string, id: string): void {
  for (const staging of [besideOf(folder, id), insideOf(folder, id)]) {
    try {
      rmSync(staging, { recursive: true, force: true });
    } catch {
      // The folder went away or may not be written.
    }
  }
}

/**
 * Switches from the staged files to the rules: one rename or removal a file, in the order of the plan, without a pause in
 * between. Falco, which waits for 100 ms of quiet before it reads anything, sees them as one change.
 */
export function switchFiles(
  folder: string,
  staging: string,
  moves: readonly { readonly name: string; readonly to: "staged" | "gone" }[],
  afterEach: (name: string) => void,
): void {
  for (const { name, to } of moves) {
    if (to === "gone") unlinkSync(join(folder, name));
    else renameSync(join(staging, name), join(folder, name));
    afterEach(name);
  }
  syncFolder(folder);
}

/** Makes a Falco that watches the folder look at it again: older ones notice what is made and removed, not what is renamed. */
export function makeLook(folder: string, id: string): void {
  const sign = insideOf(folder, id);
  mkdirSync(sign, { mode: 0o700 });
  rmSync(sign, { recursive: true });
}

export type Holding = "old" | "new" | "mixed";

/** Which of the two sets the changed files are; `foreign` are those that are neither: somebody else's. */
export function whatIsThere(
  folder: string,
  changes: readonly FileChange[],
): { readonly holding: Holding; readonly foreign: readonly string[]; readonly toRestore: readonly FileChange[] } {
  const facts = factsIn(
    folder,
    changes.map(({ name }) => name),
  );
  const isOld = changes.filter(({ name, before }) => same(facts.get(name), before));
  const isNew = changes.filter(({ name, after }) => same(facts.get(name), after));
  const holding = isOld.length === changes.length ? "old" : isNew.length === changes.length ? "new" : "mixed";
  const foreign = changes.filter((change) => !isOld.includes(change) && !isNew.includes(change));
  return { holding, foreign: foreign.map(({ name }) => name), toRestore: isNew };
}

const same = (now: FileFacts | "special" | undefined, wanted: FileFacts | undefined): boolean =>
  now !== "special" && now?.sha256 === wanted?.sha256;
