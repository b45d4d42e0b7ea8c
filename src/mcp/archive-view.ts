import { z } from "zod";
import type { ArchiveNote, ColdOptions } from "../store/alert-store.ts";
import type { ToolContext } from "./tool.ts";

/** The input that lets a question read the archive, too. */
export const ARCHIVE_INPUT = z
  .boolean()
  .default(false)
  .describe("Also read months that retention moved into the archive; takes seconds for each million alerts there");

/** How a question treats the archive: followed and cancelled as the call is. */
export function coldOptions(archive: boolean, { signal, progress }: ToolContext): ColdOptions {
  if (!archive) return {};
  return {
    cold: true,
    signal,
    onProgress: (done, total) => progress(done, total, `${done} of ${total} archived alerts read`),
  };
}

/** What a reader must know of the archive to take the answer rightly: silence is not absence. */
export function archiveWarnings(note: ArchiveNote | undefined): string[] {
  if (note === undefined) return [];
  const archived = note.months.filter(({ alerts }) => alerts > 0);
  const deleted = note.months.filter(({ deleted: count }) => count > 0);
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
  return [
    ...(archived.length === 0 || note.isRead
      ? []
      : [
          `${sum(archived.map(({ alerts }) => alerts))} alerts of ${monthsOf(archived)} lie in the archive and were not looked at: pass archive true to read them`,
        ]),
    ...(deleted.length === 0
      ? []
      : [
          `${sum(deleted.map(({ deleted: count }) => count))} alerts of ${monthsOf(deleted)} were deleted when their time was over`,
        ]),
    ...note.faults.map(({ code, message }) => `${code}: ${message}`),
  ];
}

function monthsOf(months: readonly { readonly month: string }[]): string {
  const [first, last] = [months[0]?.month ?? "", months.at(-1)?.month ?? ""];
  return first === last ? first : `${first} to ${last}`;
}
