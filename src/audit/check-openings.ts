import { open } from "node:fs/promises";
import { type Opening, opens } from "./commitment.ts";
import type { Failure } from "./heads-to-check.ts";
import { factsOf, isMissing } from "./trail-files.ts";

/** Longer than any opening that is kept. */
const MAX_LINE_CHARACTERS = 4_194_304;

export interface OpeningsChecked {
  readonly failures: readonly Failure[];
  readonly notices: readonly string[];
}

/**
 * A failure when an opening on the disk does not open the commitment that a record made. Openings that are gone are no
 * failure: they are the part that may be erased. One that is still there after its erasure was recorded is noticed.
 */
export async function checkOpenings(
  path: string,
  commitments: ReadonlySet<string>,
  erased: ReadonlySet<string>,
): Promise<OpeningsChecked> {
  const notices = new Set<string>();
  if (commitments.size > 0 && factsOf(path)?.isFile() === true) {
    for await (const line of linesOf(path)) {
      const opening = parseOpening(line);
      if (opening === undefined || !commitments.has(opening.commit)) continue;
      if (!opens(opening)) return { failures: [{ state: "evidence-mismatch", reason: "opening-forged" }], notices: [] };
      if (erased.has(opening.commit)) notices.add("erasure-unfinished");
    }
  }
  return { failures: [], notices: [...notices] };
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
