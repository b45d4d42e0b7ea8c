import { z } from "zod";

/** First line of the note that signs a package's manifest: no checkpoint and no other note begins like this. */
export const PACKAGE_FORMAT = "falco-skills-export/1";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);

/** Contents of manifest.json: every other file with its hash, and which part of the trail the package shows. */
export const packageManifest = z.strictObject({
  v: z.literal(1),
  format: z.literal(PACKAGE_FORMAT),
  log: z.string().min(1).max(64),
  key: z.string().max(512),
  tool_version: z.string().max(64),
  mapping_version: z.string().max(64),
  scope: z.strictObject({ kind: z.enum(["whole", "checklist", "run", "window"]), value: z.string().max(200) }),
  /** Time of the last record shown: ages are counted to it, so that a package made again is the same. */
  as_of: z.string(),
  /** Records `from` to before `to` of the `total` under the signed head; the rest is not here. */
  slice: z.strictObject({ kind: z.enum(["whole", "slice"]), from: count, to: count, total: count, left_out: count }),
  root: sha256,
  /** Hashes of the subtrees outside the slice, in the order a walk from left to right meets them. */
  proof: z.array(sha256).max(128),
  files: z.array(z.strictObject({ path: z.string().max(300), bytes: count, sha256 })).max(20_000),
});
export type PackageManifest = z.output<typeof packageManifest>;

/** What the note over a manifest says. */
export function noteText(log: string, manifestSha256: string): string {
  return `${PACKAGE_FORMAT}\n${log}\n${manifestSha256}\n`;
}

/** Files that the manifest cannot list: itself and the note that signs it. */
export const UNLISTED = ["manifest.json", "manifest.note"];
