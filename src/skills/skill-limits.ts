/** Limits of one skill. Files and bytes are those every host of the MCP skills extension must accept. */
export const SKILL_LIMITS = {
  files: 512,
  totalBytes: 16 * 1024 * 1024,
  /** Names in a path from the skill's folder, the file's own name included. */
  depth: 6,
  nameBytes: 128,
  descriptionCharacters: 1024,
  compatibilityCharacters: 500,
  /** SKILL.md beyond these still loads, with a warning: an agent reads all of it at once. */
  bodyLines: 500,
  bodyTokens: 5000,
  manifestBytes: 1024 * 1024,
  frontmatterBytes: 16 * 1024,
  checklistBytes: 128 * 1024,
} as const;
