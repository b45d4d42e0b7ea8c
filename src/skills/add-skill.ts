import * as nodeFs from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { ADDING, INCOMING, keptSkill, OUTGOING } from "./addition-folder.ts";
import { checkSkill } from "./check-skill.ts";
import * as wrong from "./errors.ts";
import type { Skill } from "./skill.ts";
import { readSkillFile } from "./skill-catalog.ts";

/** The five ways an addition touches the disk; a caller may hand in others to see what happens when they fail. */
export type AdditionFiles = Pick<typeof nodeFs, "mkdir" | "writeFile" | "rename" | "rm" | "readdir">;

export interface Addition {
  /** The `skills` folder of home; made when it does not exist. */
  readonly skillsFolder: string;
  /** Names of the skills that come with the program: an added skill may not bear one. */
  readonly shippedNames: readonly string[];
  readonly newId: () => string;
  /** Overwrite a skill of the same name that was added before. */
  readonly replace?: boolean;
  readonly files?: AdditionFiles;
}

/**
 * The skill as it now stands in home, after its check, its copy and a check of the copy.
 * What is copied are the bytes that were checked, into a working folder that takes its place by one rename: on any
 * failure the catalogue is as it was. Fails with the first SKILL_ code of the check, SKILL_NAME_SHIPPED, SKILL_EXISTS,
 * SKILL_FILE_CHANGED (the folder was edited meanwhile) or SKILL_ADD_FAILED.
 */
export async function addSkill(folder: string, addition: Addition): Promise<Skill> {
  const { skillsFolder, shippedNames, newId, replace = false, files = nodeFs } = addition;
  const skill = await passing(folder);
  if (shippedNames.includes(skill.name)) throw wrong.skillError(wrong.nameShipped(skill.name));
  const working = join(resolve(skillsFolder), `${ADDING}${newId()}`);
  const place = join(resolve(skillsFolder), skill.name);
  try {
    await files.mkdir(resolve(skillsFolder), { recursive: true, mode: 0o700 });
    await putBackLost(resolve(skillsFolder), files);
    if (!replace && (await exists(place, files))) throw wrong.skillError(wrong.nameTaken(skill.name));
    const copy = join(working, INCOMING, skill.name);
    await copySkill(skill, copy, files);
    const copied = await passing(copy);
    if (copied.digest !== skill.digest) throw wrong.fileChanged(skill.name);
    await takePlace(copy, place, working, replace, files);
    return { ...copied, folder: place };
  } catch (cause) {
    throw cause instanceof FalcoSkillsError ? cause : wrong.addFailed(skill.name, cause);
  } finally {
    // What cannot be cleared away now is hidden from the catalogue and harmless, unless it holds the only old copy.
    if ((await keptSkill(dirname(working), basename(working))) === undefined) {
      await files.rm(working, { recursive: true, force: true }).catch(() => undefined);
    }
  }
}

async function passing(folder: string): Promise<Skill> {
  const { skill, faults } = await checkSkill(folder, "added");
  const [first] = faults;
  if (skill === undefined || first !== undefined) {
    throw wrong.skillError(first ?? wrong.manifestMissing(), Math.max(faults.length - 1, 0));
  }
  return skill;
}

async function copySkill(skill: Skill, copy: string, files: AdditionFiles): Promise<void> {
  await files.mkdir(copy, { recursive: true, mode: 0o700 });
  for (const { path } of skill.files) {
    await files.mkdir(dirname(join(copy, path)), { recursive: true, mode: 0o700 });
    const bytes = await readSkillFile(skill, path);
    await files.writeFile(join(copy, path), bytes, { flag: "wx", mode: 0o600, flush: true });
  }
}

/** A rename onto a folder that is not empty fails, so of two additions at once only one takes the place. */
async function takePlace(copy: string, place: string, working: string, replace: boolean, files: AdditionFiles) {
  if (!replace || !(await exists(place, files))) {
    await files.rename(copy, place).catch((cause: unknown) => {
      const occupied = ["EEXIST", "ENOTEMPTY", "ENOTDIR", "EISDIR"].includes(wrong.systemCode(cause));
      throw occupied ? wrong.skillError(wrong.nameTaken(basename(place))) : cause;
    });
    return;
  }
  const old = join(working, OUTGOING, basename(place));
  await files.mkdir(dirname(old), { recursive: true, mode: 0o700 });
  try {
    await files.rename(place, old);
    await files.rename(copy, place);
  } catch (cause) {
    // A failed rename may have done its work: what is on the disk decides, not which of the two failed.
    const kept = await keptSkill(dirname(place), basename(working));
    if (kept !== undefined) await files.rename(kept.folder, place).catch(() => undefined);
    throw cause;
  }
}

/** Undoes replacements that were cut off between their two renames. */
async function putBackLost(skillsFolder: string, files: AdditionFiles): Promise<void> {
  for (const name of await files.readdir(skillsFolder)) {
    const kept = name.startsWith(ADDING) ? await keptSkill(skillsFolder, name) : undefined;
    if (kept !== undefined) await files.rename(kept.folder, join(skillsFolder, kept.name));
  }
}

async function exists(path: string, files: AdditionFiles): Promise<boolean> {
  return (await files.readdir(dirname(path))).includes(basename(path));
}
