import { createHash } from "node:crypto";
import { lstat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import * as wrong from "./errors.ts";
import { mediaType } from "./media-type.ts";
import { parseChecklist } from "./parse-checklist.ts";
import { type Manifest, parseManifest } from "./parse-frontmatter.ts";
import { readPlainFile } from "./read-plain-file.ts";
import type { Skill, SkillFile, SkillOrigin, SkillProblem, SkillReport } from "./skill.ts";
import { skillDigest } from "./skill-digest.ts";
import { SKILL_LIMITS } from "./skill-limits.ts";
import { type Walk, walkSkillFolder } from "./walk-skill-folder.ts";

/** Files whose bytes the check reads for their meaning, not only for their hash. */
const READ_WHOLE = ["SKILL.md", "checklist.yaml"];

/**
 * Everything wrong with a skill folder, or the skill when nothing is. Reads every file once, never follows a link,
 * runs nothing. `walk` saves a second look at the folder to a caller who has just walked it.
 */
export async function checkSkill(folder: string, origin: SkillOrigin = "added", walk?: Walk): Promise<SkillReport> {
  const path = resolve(folder);
  const notFolder = await folderFault(path);
  if (notFolder !== undefined) return { faults: [notFolder], warnings: [] };
  const walked = walk ?? (await walkSkillFolder(path));
  const hasManifest = walked.files.some((file) => file.path === "SKILL.md");
  const first = [...walked.faults, ...(hasManifest ? [] : [wrong.manifestMissing()])];
  if (first.length > 0) return { faults: first, warnings: [] };
  const { files, whole, faults } = await readFiles(path, walked);
  if (faults.length > 0) return { faults, warnings: [] };
  return assemble({ folder: path, origin, files }, whole);
}

/** A link to a folder is refused like a link inside it: what it names can be exchanged after the check. */
async function folderFault(path: string): Promise<SkillProblem | undefined> {
  const stats = await lstat(path).catch((cause: unknown) => wrong.unreadable(basename(path), cause));
  if ("code" in stats) return stats;
  if (stats.isSymbolicLink()) return wrong.symlink(basename(path));
  return stats.isDirectory() ? undefined : wrong.notAFolder(basename(path));
}

async function readFiles(folder: string, walk: Walk) {
  const files: SkillFile[] = [];
  const whole = new Map<string, Uint8Array>();
  const faults: SkillProblem[] = [];
  let leftBytes: number = SKILL_LIMITS.totalBytes;
  for (const { path } of walk.files) {
    try {
      const bytes = await readPlainFile(join(folder, path), leftBytes);
      leftBytes -= bytes.length;
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      files.push({ path, sizeBytes: bytes.length, sha256, mediaType: mediaType(path) });
      if (READ_WHOLE.includes(path)) whole.set(path, bytes);
    } catch (cause) {
      faults.push(wrong.systemCode(cause) === "EFBIG" ? wrong.tooLarge(path) : wrong.unreadable(path, cause));
    }
  }
  return { files, whole, faults };
}

type Found = Pick<Skill, "folder" | "origin" | "files">;

function assemble(found: Found, whole: ReadonlyMap<string, Uint8Array>): SkillReport {
  const faults: SkillProblem[] = [];
  const warnings: SkillProblem[] = [];
  const manifestText = decode("SKILL.md", "SKILL_FRONTMATTER", whole, faults);
  const checklistText = decode("checklist.yaml", "SKILL_CHECKLIST", whole, faults);
  let manifest: Manifest | undefined;
  if (manifestText !== undefined) {
    const report = parseManifest(manifestText, basename(found.folder));
    manifest = report.manifest;
    faults.push(...report.faults);
    warnings.push(...report.warnings);
  }
  const checklist = checklistText === undefined ? undefined : parseChecklist(checklistText);
  faults.push(...(checklist?.faults ?? []));
  if (faults.length > 0 || manifest === undefined) return { faults, warnings };
  const { body: _, ...described } = manifest;
  const template = checklist?.template === undefined ? {} : { checklist: checklist.template };
  return {
    skill: { ...described, ...found, ...template, digest: skillDigest(found.files), warnings },
    faults,
    warnings,
  };
}

function decode(
  path: string,
  code: "SKILL_FRONTMATTER" | "SKILL_CHECKLIST",
  whole: ReadonlyMap<string, Uint8Array>,
  faults: SkillProblem[],
): string | undefined {
  const bytes = whole.get(path);
  if (bytes === undefined) return undefined;
  const limit = path === "SKILL.md" ? SKILL_LIMITS.manifestBytes : SKILL_LIMITS.checklistBytes;
  if (bytes.length > limit) {
    faults.push(wrong.problemAt(code, path, `the file has ${bytes.length} bytes, at most ${limit} are read`));
    return undefined;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    faults.push(wrong.problemAt(code, path, "the file is not UTF-8"));
    return undefined;
  }
}
