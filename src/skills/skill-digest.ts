import { createHash } from "node:crypto";
import type { SkillFile } from "./skill.ts";

/**
 * The digest that names one exact content of a skill: `sha256:` and 64 hex digits over the lines
 * `<sha256 of file>  <path>\n`, sorted by the bytes of the path. File modes and times are not part of it, so in the
 * skill's folder `find * -type f | LC_ALL=C sort | xargs sha256sum | sha256sum` gives the same digits.
 */
export function skillDigest(files: readonly Pick<SkillFile, "path" | "sha256">[]): string {
  const hash = createHash("sha256");
  for (const { path, sha256 } of [...files].sort(byPath)) hash.update(`${sha256}  ${path}\n`);
  return `sha256:${hash.digest("hex")}`;
}

/** Order of paths by their UTF-8 bytes: the same on every system and in every locale. */
export function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return Buffer.compare(Buffer.from(a.path), Buffer.from(b.path));
}
