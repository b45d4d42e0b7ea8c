import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Names a file of archived lines: the UTC day, the generation of the month's file they came from, the piece of the day. */
const LINES_FILE = /^(\d{4}-\d{2}-\d{2})(?:\.g\d{1,6})?(?:\.\d{1,6})?\.jsonl\.gz$/;

/** Where a store keeps its archive. */
export function coldFolder(storeFolder: string): string {
  return join(storeFolder, "cold");
}

/** `2026-10-01.jsonl.gz`; with a later generation or piece `2026-10-01.g1.2.jsonl.gz`. */
export function linesName(day: string, generation: number, piece: number): string {
  return `${day}${generation === 0 ? "" : `.g${generation}`}${piece === 0 ? "" : `.${piece}`}.jsonl.gz`;
}

export function isLinesName(name: string): boolean {
  return LINES_FILE.test(name);
}

/** The file beside the lines that says what is known of each alert, row by row. */
export function rowsName(lines: string): string {
  return lines.replace(/\.jsonl\.gz$/, ".rows.gz");
}

/** The file beside the lines that finds a row by its alert's id. */
export function idsName(lines: string): string {
  return lines.replace(/\.jsonl\.gz$/, ".ids");
}

/** Names of the files in a folder; none where there is no folder. */
export function listCold(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (thrown) {
    if (["ENOENT", "ENOTDIR"].includes((thrown as NodeJS.ErrnoException).code ?? "")) return [];
    throw thrown;
  }
}
