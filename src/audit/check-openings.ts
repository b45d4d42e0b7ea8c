import { open } from "node:fs/promises";
import { type Opening, opens } from "./commitment.ts";
import type { Failure } from "./heads-to-check.ts";
import { factsOf, isMissing } from "./trail-files.ts";

/** Longer than any opening that is kept. */
const MAX_LINE_CHARACTERS = 4_194_304;

/**
 * A failure when an opening on the disk does not open the commitment that a record made. Openings that are gone are no
 * failure: they are the part that may be erased.
 */
export async function checkOpenings(path: string, commitments: ReadonlySet<string>): Promise<Failure[]> {
  if (commitments.size === 0 || factsOf(path)?.isFile() !== true) return [];
  for await (const line of linesOf(path)) {
    const opening = parseOpening(line);
    if (opening !== undefined && commitments.has(opening.commit) && !opens(opening)) {
      return [{ state: "evidence-mismatch", reason: "opening-forged" }];
    }
  }
  return [];
}

async function* linesOf(path: string): AsyncGenerator<string> {
  try {
    const file = await open(path, "r");
    try {
      let carried = "";
      for await (const chunk of file.createReadStream({ encoding: "utf8", autoClose: false })) {
        const lines = (carried + chunk).split("\n");
        carried = lines.pop() ?? "";
        if (carried.length > MAX_LINE_CHARACTERS) carried = "";
        yield* lines;
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function parseOpening(line: string): Opening | undefined {
  try {
    const opening = JSON.parse(line) as Opening;
    return typeof opening.commit === "string" && typeof opening.salt === "string" ? opening : undefined;
  } catch {
    return undefined;
  }
}
