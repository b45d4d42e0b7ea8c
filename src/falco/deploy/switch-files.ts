import { mkdirSync, renameSync, rmSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { FileChange, FileFacts } from "./deployment.ts";
import { syncFolder, writeNew } from "./durable-files.ts";
import * as wrong from "./errors.ts";
import { factsIn } from "./rules-folder.ts";

/**
 * A folder inside the rules folder: on the same filesystem whatever is mounted there, writable whenever the rules are, and
 * passed over by Falco, which loads only files directly in its rules folder. Falco does notice that it comes and goes.
 */
const stagingOf = (folder: string, id: string): string => join(folder, `.falco-skills-${id}`);

/** Puts bytes beside the rules, durable and with their final permissions, so that a rename is all that is left to do. */
export function stageFiles(
  folder: string,
  id: string,
  files: readonly { readonly change: FileChange; readonly bytes: Uint8Array }[],
): void {
  const staging = stagingOf(folder, id);
  try {
    rmSync(staging, { recursive: true, force: true });
    mkdirSync(staging, { mode: 0o700 });
    for (const { change, bytes } of files) {
      writeNew(join(staging, change.name), bytes, change.permissions ?? { mode: 0o644 });
    }
    syncFolder(staging);
  } catch (error) {
    unstage(folder, id);
    throw wrong.folderNotWritten(folder, error);
  }
}

export function unstage(folder: string, id: string): void {
  rmSync(stagingOf(folder, id), { recursive: true, force: true });
}

/**
 * Switches from the staged files to the rules: one rename or removal a file, in the order of the plan, without a pause in
 * between. Falco, which waits for 100 ms of quiet before it reads anything, sees them as one change.
 */
export function switchFiles(
  folder: string,
  id: string,
  moves: readonly { readonly name: string; readonly to: "staged" | "gone" }[],
  afterEach: (name: string) => void,
): void {
  const staging = stagingOf(folder, id);
  for (const { name, to } of moves) {
    if (to === "gone") unlinkSync(join(folder, name));
    else renameSync(join(staging, name), join(folder, name));
    afterEach(name);
  }
  syncFolder(folder);
}

/** Makes a Falco that watches the folder look at it again: older ones notice what is made and removed, not what is renamed. */
export function makeLook(folder: string, id: string): void {
  const sign = stagingOf(folder, id);
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
