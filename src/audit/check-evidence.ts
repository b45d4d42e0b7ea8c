import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { Failure } from "./heads-to-check.ts";
import { factsOf, isMissing } from "./trail-files.ts";

/** What is wrong with the bytes of recorded evidence: each kind of failure once. */
export async function checkEvidence(
  digests: ReadonlySet<string>,
  evidenceFile: (sha256: string) => string,
): Promise<Failure[]> {
  const reasons = new Set<string>();
  for (const sha256 of digests) {
    const found = /^[0-9a-f]{64}$/.test(sha256) ? await digestOf(evidenceFile(sha256)) : undefined;
    if (found === undefined) reasons.add("evidence-missing");
    else if (found !== sha256) reasons.add("evidence-changed");
  }
  return [...reasons].map((reason) => ({ state: "evidence-mismatch", reason }));
}

async function digestOf(path: string): Promise<string | undefined> {
  if (factsOf(path)?.isFile() !== true) return undefined;
  try {
    const file = await open(path, "r");
    try {
      const digest = createHash("sha256");
      for await (const chunk of file.createReadStream({ autoClose: false })) digest.update(chunk);
      return digest.digest("hex");
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
