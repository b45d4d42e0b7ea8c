import type { ErrorCode } from "../errors/codes.ts";
import type { ChecklistTemplate } from "./checklist-template.ts";

/** Whether a skill came with the program or was added by the person who runs it. */
export type SkillOrigin = "shipped" | "added";

/** The codes a check of a skill folder can give. */
export type SkillCode = Extract<ErrorCode, `SKILL_${string}`>;

/** One thing wrong (or only doubtful, in `warnings`) with a skill; `where` is `path` or `path:line:column`. */
export interface SkillProblem {
  readonly code: SkillCode;
  readonly message: string;
  readonly where?: string;
}

/** One file of a skill as it was when the skill was checked; `path` is relative, with forward slashes. */
export interface SkillFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
  readonly mediaType: string;
}

export interface Skill {
  readonly name: string;
  readonly description: string;
  readonly license?: string;
  /** The front matter of SKILL.md as JSON, unchanged. */
  readonly frontmatter: Readonly<Record<string, unknown>>;
  readonly origin: SkillOrigin;
  /** Absolute path of the skill's folder. */
  readonly folder: string;
  /** `sha256:` and 64 hex digits over the paths and hashes of all files: see `skillDigest`. */
  readonly digest: string;
  /** Every file, SKILL.md included, sorted by path. */
  readonly files: readonly SkillFile[];
  readonly checklist?: ChecklistTemplate;
  readonly warnings: readonly SkillProblem[];
}

/** A skill folder that is not served, and why. */
export interface SkillFault extends SkillProblem {
  readonly folder: string;
  readonly origin: SkillOrigin;
}

export interface SkillCatalog {
  /** Sorted by name; names are unique. */
  readonly skills: readonly Skill[];
  readonly faults: readonly SkillFault[];
}

export interface SkillRoot {
  readonly path: string;
  readonly origin: SkillOrigin;
}

/** What a check of one folder found: a skill only when there are no faults. */
export interface SkillReport {
  readonly skill?: Skill;
  readonly faults: readonly SkillProblem[];
  readonly warnings: readonly SkillProblem[];
}
