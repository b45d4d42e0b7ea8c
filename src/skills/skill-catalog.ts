import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ADDING, keptSkill } from "./addition-folder.ts";
import * as wrong from "./errors.ts";
import { readPlainFile } from "./read-plain-file.ts";
import type { Skill, SkillCatalog, SkillFault, SkillReport, SkillRoot } from "./skill.ts";
import { byPath } from "./skill-digest.ts";
import { walkSkillFolder } from "./walk-skill-folder.ts";

interface Checked {
  readonly stamp: string;
  readonly report: SkillReport;
}

/** Every skill of the roots that passes its check, and why the others do not. Never throws for what a skill holds. */
export function readSkillCatalog(roots: readonly SkillRoot[]): Promise<SkillCatalog> {
  return skillCatalogReader(roots)();
}

/**
 * A function that reads the catalogue again each time it is called, hashing only skills in which some file's inode,
 * size or times have changed; the others are the same objects as before. One root is a folder of skill folders; names
 * that begin with a dot are left alone. A name is served once: the shipped skill wins, then the root named first.
 */
export function skillCatalogReader(roots: readonly SkillRoot[]): () => Promise<SkillCatalog> {
  const shippedFirst = [...roots].sort((a, b) => Number(a.origin === "added") - Number(b.origin === "added"));
  let known = new Map<string, Checked>();
  return async () => {
    const seen = new Map<string, Checked>();
    const taken = new Map<string, Skill>();
    const faults: SkillFault[] = [];
    for (const root of shippedFirst) {
      const { folders, rootFaults } = await foldersOf(root);
      faults.push(...rootFaults);
      for (const folder of folders) {
        const checked = await checkAgain(folder, root, known.get(folder));
        seen.set(folder, checked);
        faults.push(...place(checked.report, folder, root, taken));
      }
    }
    known = seen;
    const skills = [...taken.values()].sort((a, b) => byPath({ path: a.name }, { path: b.name }));
    return { skills, faults };
  };
}

/**
 * The bytes of one file of a skill, exactly those that were checked: hashed again on each read.
 * Fails with SKILL_FILE_NOT_FOUND (also for `../` and the like: only listed paths are read) or SKILL_FILE_CHANGED.
 */
export async function readSkillFile(skill: Skill, path: string): Promise<Uint8Array> {
  const file = skill.files.find((candidate) => candidate.path === path);
  if (file === undefined) throw wrong.fileUnknown(skill.name, path);
  const bytes = await readPlainFile(join(skill.folder, path), file.sizeBytes).catch(() => undefined);
  if (bytes === undefined || createHash("sha256").update(bytes).digest("hex") !== file.sha256) {
    throw wrong.fileChanged(path);
  }
  return bytes;
}

/** The skill of that name; fails with SKILL_NOT_FOUND. */
export function findSkill(catalog: SkillCatalog, name: string): Skill {
  const skill = catalog.skills.find((candidate) => candidate.name === name);
  if (skill === undefined) throw wrong.skillUnknown(name);
  return skill;
}

async function checkAgain(folder: string, { origin }: SkillRoot, before: Checked | undefined): Promise<Checked> {
  const walk = await walkSkillFolder(folder);
  const stamp = JSON.stringify(walk);
  if (before?.stamp === stamp) return before;
  // Loaded with the first skill: the YAML library it needs takes a tenth of the time that a server takes to start.
  const { checkSkill } = await import("./check-skill.ts");
  return { stamp, report: await checkSkill(folder, origin, walk) };
}

/** Gives the skill its name in the catalogue, or says why it gets none. */
function place(report: SkillReport, folder: string, root: SkillRoot, taken: Map<string, Skill>): SkillFault[] {
  const { skill } = report;
  if (skill === undefined) return wrong.inFolder(folder, root.origin, report.faults);
  const holder = taken.get(skill.name);
  if (holder === undefined) {
    taken.set(skill.name, skill);
    return [];
  }
  const why = holder.origin === "shipped" ? wrong.nameShipped(skill.name) : wrong.nameTaken(skill.name);
  return wrong.inFolder(folder, root.origin, [why]);
}

async function foldersOf(root: SkillRoot): Promise<{ folders: string[]; rootFaults: SkillFault[] }> {
  const path = resolve(root.path);
  try {
    const entries = await readdir(path, { withFileTypes: true });
    const cutOff = entries.filter(({ name }) => name.startsWith(ADDING));
    const lost = await Promise.all(cutOff.map(({ name }) => keptSkill(path, name)));
    const rootFaults = lost.flatMap((kept) =>
      kept === undefined ? [] : wrong.inFolder(kept.folder, root.origin, [wrong.additionInterrupted(kept.name)]),
    );
    const folders = entries
      .filter((entry) => !entry.name.startsWith(".") && (entry.isDirectory() || entry.isSymbolicLink()))
      .map(({ name }) => join(path, name));
    return { folders: folders.sort(), rootFaults };
  } catch (cause) {
    // Nobody has added a skill yet: that is no fault. A program without its own skills is broken.
    if (wrong.systemCode(cause) === "ENOENT" && root.origin === "added") return { folders: [], rootFaults: [] };
    return { folders: [], rootFaults: wrong.inFolder(path, root.origin, [wrong.unreadable(path, cause)]) };
  }
}
