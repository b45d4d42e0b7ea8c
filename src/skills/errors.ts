import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { quote } from "./quote.ts";
import type { SkillCode, SkillFault, SkillProblem } from "./skill.ts";
import { SKILL_LIMITS } from "./skill-limits.ts";

/** Every sentence about a skill that is not as it should be: one function a finding. */
export function manifestMissing(): SkillProblem {
  return { code: "SKILL_MANIFEST_MISSING", message: 'the folder has no file named "SKILL.md"' };
}

export function notAFolder(path: string): SkillProblem {
  return { code: "SKILL_FILE_KIND", message: `${quote(path)} is no folder` };
}

export function symlink(path: string): SkillProblem {
  return { code: "SKILL_SYMLINK", message: `${quote(path)} is a symbolic link`, where: path };
}

export function notAFile(path: string): SkillProblem {
  return { code: "SKILL_FILE_KIND", message: `${quote(path)} is neither a file nor a folder`, where: path };
}

export function hiddenFile(path: string): SkillProblem {
  return { code: "SKILL_HIDDEN_FILE", message: `${quote(path)} is hidden from a reader of the folder`, where: path };
}

export function fileName(path: string, why: string): SkillProblem {
  return { code: "SKILL_FILE_NAME", message: `the name ${quote(path)} ${why}` };
}

export function tooDeep(path: string): SkillProblem {
  return {
    code: "SKILL_TOO_DEEP",
    message: `${quote(path)} lies more than ${SKILL_LIMITS.depth} names deep`,
    where: path,
  };
}

export function tooManyFiles(): SkillProblem {
  return { code: "SKILL_TOO_MANY_FILES", message: `the skill has more than ${SKILL_LIMITS.files} files and folders` };
}

export function tooLarge(path: string): SkillProblem {
  return {
    code: "SKILL_TOO_LARGE",
    message: `with ${quote(path)} the skill exceeds ${SKILL_LIMITS.totalBytes} bytes`,
    where: path,
  };
}

export function unreadable(path: string, cause: unknown): SkillProblem {
  return {
    code: "SKILL_FILE_UNREADABLE",
    message: `${quote(path)} cannot be read (${systemCode(cause)})`,
    where: path,
  };
}

export function problemAt(code: SkillCode, path: string, message: string, position?: Position): SkillProblem {
  const where = position === undefined ? path : `${path}:${position.line}:${position.column}`;
  return { code, message, where };
}

export interface Position {
  readonly line: number;
  readonly column: number;
}

export function bodyLong(lines: number, tokens: number): SkillProblem {
  return {
    code: "SKILL_BODY_LONG",
    message: `the body has ${lines} lines and about ${tokens} tokens, more than ${SKILL_LIMITS.bodyLines} or ${SKILL_LIMITS.bodyTokens}`,
    where: "SKILL.md",
  };
}

export function nameShipped(name: string): SkillProblem {
  return {
    code: "SKILL_NAME_SHIPPED",
    message: `the name ${quote(name)} belongs to a skill that comes with falco-skills`,
  };
}

export function nameTaken(name: string): SkillProblem {
  return { code: "SKILL_EXISTS", message: `another added skill is named ${quote(name)} already` };
}

export function additionInterrupted(name: string): SkillProblem {
  return {
    code: "SKILL_ADD_INTERRUPTED",
    message: `a replacement that did not finish has moved the added skill ${quote(name)} aside`,
  };
}

const FIXES: Partial<Record<SkillCode, string>> = {
  SKILL_MANIFEST_MISSING: "Name the folder that holds SKILL.md itself.",
  SKILL_SYMLINK: "Replace the link by a copy of the file it points to.",
  SKILL_HIDDEN_FILE: "Remove the hidden file or folder from the skill.",
  SKILL_NAME_SHIPPED: "Give the skill another name, in SKILL.md and as its folder.",
  SKILL_NAME:
    "Make the name in SKILL.md and the folder's name the same: lower-case letters, digits and single hyphens.",
  SKILL_EXISTS: "Ask for replacement if the added skill is to be overwritten.",
  SKILL_FILE_CHANGED: "List the skills again to have the changed skill checked.",
};

export function skillError(problem: SkillProblem, more = 0): FalcoSkillsError {
  const others = more === 0 ? "" : `, and ${more} more ${more === 1 ? "problem" : "problems"}`;
  return new FalcoSkillsError(problem.code, `${problem.message}${others}`, {
    fix: FIXES[problem.code] ?? "Correct the skill's files and try again.",
    ...(problem.where === undefined ? {} : { where: problem.where }),
  });
}

export function fileChanged(path: string): FalcoSkillsError {
  return skillError({
    code: "SKILL_FILE_CHANGED",
    message: `${quote(path)} changed after it was checked`,
    where: path,
  });
}

export function fileUnknown(skill: string, path: string): FalcoSkillsError {
  return new FalcoSkillsError("SKILL_FILE_NOT_FOUND", `the skill ${quote(skill)} has no file ${quote(path)}`, {
    fix: "Call grc_load_skill without a file to see the paths it has.",
  });
}

export function skillUnknown(name: string): FalcoSkillsError {
  return new FalcoSkillsError("SKILL_NOT_FOUND", `no skill is named ${quote(name)}`, {
    fix: "Call grc_list_skills and pass a name it returned.",
  });
}

export function addFailed(name: string, cause: unknown): FalcoSkillsError {
  return new FalcoSkillsError("SKILL_ADD_FAILED", `copying the skill ${quote(name)} failed (${systemCode(cause)})`, {
    fix: "Free space or correct the permissions of the home folder, then add the skill again.",
    cause,
  });
}

/** The faults of one folder with the folder's name, as the catalogue lists them. */
export function inFolder(
  folder: string,
  origin: SkillFault["origin"],
  problems: readonly SkillProblem[],
): SkillFault[] {
  return problems.map((problem) => ({ ...problem, folder, origin }));
}

/** ENOENT and its like: the part of a system error that holds no path. */
export function systemCode(cause: unknown): string {
  const code = (cause as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "unexpected failure";
}
