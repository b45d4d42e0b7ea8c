import * as wrong from "./errors.ts";
import { type PlainYaml, parsePlainYaml } from "./plain-yaml.ts";
import { quote } from "./quote.ts";
import type { SkillCode, SkillProblem } from "./skill.ts";
import { SKILL_LIMITS } from "./skill-limits.ts";

export interface Manifest {
  readonly name: string;
  readonly description: string;
  readonly license?: string;
  readonly frontmatter: Readonly<Record<string, unknown>>;
  readonly body: string;
}

export interface ManifestReport {
  readonly manifest?: Manifest;
  readonly faults: readonly SkillProblem[];
  readonly warnings: readonly SkillProblem[];
}

const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const KEYS = ["name", "description", "license", "compatibility", "metadata", "allowed-tools"];
const CHARACTERS_PER_TOKEN = 4;

type Report = (code: SkillCode, path: readonly string[], message: string) => void;

/**
 * The front matter and body of a SKILL.md, and everything in it that the Agent Skills format does not allow.
 * `folderName` is the name the skill must have. Source: agentskills.io specification.
 */
export function parseManifest(text: string, folderName: string): ManifestReport {
  const parts = split(text);
  if (typeof parts === "string") {
    return { faults: [wrong.problemAt("SKILL_FRONTMATTER", "SKILL.md", parts, { line: 1, column: 1 })], warnings: [] };
  }
  const yaml = parsePlainYaml(parts.frontmatter, 2);
  if (!("value" in yaml)) {
    const faults = yaml.map((fault) => wrong.problemAt("SKILL_FRONTMATTER", "SKILL.md", fault.message, fault.position));
    return { faults, warnings: [] };
  }
  const faults: SkillProblem[] = [];
  const report: Report = (code, path, message) =>
    faults.push(wrong.problemAt(code, "SKILL.md", message, yaml.positionOf(path)));
  const frontmatter = mapping(yaml, report);
  if (frontmatter === undefined) return { faults, warnings: [] };
  checkName(frontmatter.name, folderName, report);
  checkDescription(frontmatter.description, report);
  checkOtherKeys(frontmatter, report);
  const warnings = bodyWarnings(parts.body);
  if (faults.length > 0) return { faults, warnings };
  const { name, description, license } = frontmatter as { name: string; description: string; license?: string };
  const manifest = { name, description, ...(license === undefined ? {} : { license }), frontmatter, body: parts.body };
  return { manifest, faults, warnings };
}

function split(text: string): { frontmatter: string; body: string } | string {
  const opening = /^\uFEFF?---[ \t]*\r?\n/.exec(text)?.[0];
  if (opening === undefined) return "the file does not begin with a line of three hyphens";
  const closing = /^---[ \t]*\r?$/m.exec(text.slice(opening.length, opening.length + SKILL_LIMITS.frontmatterBytes));
  if (closing === null) return `no second line of three hyphens within ${SKILL_LIMITS.frontmatterBytes} characters`;
  const end = opening.length + closing.index;
  return { frontmatter: text.slice(opening.length, end), body: text.slice(end + closing[0].length).replace(/^\n/, "") };
}

function mapping(yaml: PlainYaml, report: Report): Record<string, unknown> | undefined {
  const { value } = yaml;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  report("SKILL_FRONTMATTER", [], "the front matter is no mapping of keys to values");
  return undefined;
}

function checkName(name: unknown, folderName: string, report: Report): void {
  if (typeof name !== "string") {
    report("SKILL_NAME", ["name"], "name is missing or no text");
  } else if (name.length > 64 || !NAME.test(name)) {
    const form = "1 to 64 lower-case letters, digits and single inner hyphens";
    report("SKILL_NAME", ["name"], `the name ${quote(name)} is not made of ${form}`);
  } else if (name !== folderName) {
    report("SKILL_NAME", ["name"], `the name ${quote(name)} differs from the folder's name ${quote(folderName)}`);
  }
}

function checkDescription(description: unknown, report: Report): void {
  const most = SKILL_LIMITS.descriptionCharacters;
  if (typeof description !== "string" || description.trim() === "") {
    report("SKILL_DESCRIPTION", ["description"], "description is missing, empty or no text");
  } else if (description.length > most) {
    report(
      "SKILL_DESCRIPTION",
      ["description"],
      `description has ${description.length} characters, at most ${most} fit`,
    );
  }
}

function checkOtherKeys(frontmatter: Record<string, unknown>, report: Report): void {
  const wrongKey = (path: string[], message: string) => report("SKILL_FRONTMATTER_KEY", path, message);
  for (const [key, value] of Object.entries(frontmatter)) {
    if (!KEYS.includes(key)) wrongKey([key], `unknown key ${quote(key)}`);
    else if (key === "metadata") checkMetadata(value, wrongKey);
    else if (key === "name" || key === "description") continue;
    else if (typeof value !== "string" || value === "") wrongKey([key], `${key} is empty or no text`);
    else if (key === "compatibility" && value.length > SKILL_LIMITS.compatibilityCharacters) {
      wrongKey(
        [key],
        `compatibility has ${value.length} characters, at most ${SKILL_LIMITS.compatibilityCharacters} fit`,
      );
    }
  }
}

function checkMetadata(value: unknown, wrongKey: (path: string[], message: string) => void): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    wrongKey(["metadata"], "metadata is no mapping of keys to text");
    return;
  }
  for (const [key, entry] of Object.entries(value)) {
    if (typeof entry !== "string") wrongKey(["metadata", key], `metadata ${quote(key)} is no text; put it in quotes`);
  }
}

function bodyWarnings(body: string): SkillProblem[] {
  const lines = body.split("\n").length;
  const tokens = Math.ceil(body.length / CHARACTERS_PER_TOKEN);
  const long = lines > SKILL_LIMITS.bodyLines || tokens > SKILL_LIMITS.bodyTokens;
  return long ? [wrong.bodyLong(lines, tokens)] : [];
}
