import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import type {
  AlertFilter,
  AlertPage,
  ArchiveNote,
  ColdOptions,
  PageOptions,
  StoredAlert,
  Summary,
  SummaryRequest,
} from "./alert-store.ts";
import { type Archive, type ArchiveView, noteOf } from "./cold/archive.ts";
import { askArchive, type ColdSink, findInArchive } from "./cold/ask-archive.ts";
import { pageOf, pageQuery } from "./find-page.ts";
import type { Part } from "./part.ts";
import { inPageOrder, startSearch } from "./search-parts.ts";
import { type OpenableMonth, readMonths, type SqliteFiles } from "./sqlite-files.ts";
import { monthIn, monthOf } from "./store-files.ts";
import { startSummary } from "./summarize-parts.ts";

/** Where answers come from: the files at hand, and the archive. */
export interface Both {
  readonly run: <Result>(work: (files: SqliteFiles) => Result) => Promise<Result>;
  readonly archive: Archive;
}

/** A page of the alerts at hand and, where asked for, in the archive, in one order. */
export async function searchBoth(both: Both, filter: AlertFilter, page: PageOptions): Promise<AlertPage> {
  const asked = pageQuery(filter, page);
  const { sink, note } = await gather(both, filter, page, asked.request.isNewestFirst, () => {
    const search = startSearch(asked.query, asked.request);
    return { ...search, wantsLines: search.wants };
  });
  return { ...pageOf(asked, sink.finish()), ...note };
}

/** Counts over the alerts at hand and, where asked for, in the archive. */
export async function summarizeBoth(both: Both, request: SummaryRequest): Promise<Summary> {
  const needsLines = request.by.some((key) => key !== "rule" && key !== "priority");
  const { sink, note } = await gather(both, request.filter, request, false, () => ({
    ...startSummary(request),
    hold: () => {},
    wantsLines: () => needsLines,
  }));
  return { ...sink.finish(), ...note };
}

/** An alert by its id. Fails with COLD_DAMAGED where a faulty file of the archive could hold it, and CANCELLED. */
export async function getFromBoth(
  { run, archive }: Both,
  id: string,
  options: ColdOptions,
): Promise<StoredAlert | undefined> {
  if (!/^[0-9a-f]{32}$/.test(id)) return undefined;
  const { found, view } = await run((files) => {
    const names = new Set<string>();
    for (const month of [...files.months()].reverse()) {
      const alert = month.open()?.read((parts) => {
        names.add(month.name);
        return findInParts(parts, id);
      });
      if (alert !== undefined) return { found: alert, view: undefined };
    }
    return { found: undefined, view: archive.view(names) };
  });
  if (view === undefined || options.cold !== true) return found;
  const { alert, faults } = await findInArchive(archive, view, id, options);
  if (alert === undefined && faults[0] !== undefined) {
    throw new FalcoSkillsError(
      "COLD_DAMAGED",
      `whether the archive holds the alert is not known: ${faults[0].message}`,
      {
        fix: "Restore the file from a backup, or ingest its alerts again from where they came.",
        where: faults[0].path,
      },
    );
  }
  return alert;
}

function findInParts(parts: readonly Part[], id: string): StoredAlert | undefined {
  for (const part of [...parts].reverse()) {
    const row = part.rowOfId(id);
    if (row !== undefined) return part.alertAt(row);
  }
  return undefined;
}

/** Puts a question to the months at hand in one step, then to the archive file by file. */
async function gather<Sink extends ColdSink>(
  { run, archive }: Both,
  filter: AlertFilter,
  options: ColdOptions,
  isNewestFirst: boolean,
  begin: () => Sink,
): Promise<{ readonly sink: Sink; readonly note: { readonly archive?: ArchiveNote } }> {
  const { sink, view, atHand } = await run((files) => {
    const all = files.months();
    const isAsked = ({ fromNs, toNs }: OpenableMonth) =>
      (filter.fromNs === undefined || toNs > filter.fromNs) && (filter.toNs === undefined || fromNs < filter.toNs);
    const others = all.filter((month) => !isAsked(month)).map(({ name }) => name);
    return readMonths(all.filter(isAsked), (parts, names) => {
      // Begun here, because this runs again after a damaged file was set aside.
      const sink = begin();
      for (const part of inPageOrder(parts, { isNewestFirst })) sink.add(part);
      sink.hold();
      const view = archive.view(new Set([...names, ...others]));
      return { sink, view, atHand: options.cold === true ? idsAtHand(parts, view) : new Map() };
    });
  });
  const isRead = options.cold === true;
  const faults = isRead ? await askArchive(archive, view, { filter, isNewestFirst, atHand, options }, sink) : [];
  const note = noteOf(view, filter, { isRead, faults });
  return { sink, note: note === undefined ? {} : { archive: note } };
}

/** Ids of the alerts at hand in months that the archive has a part of. */
function idsAtHand(parts: readonly Part[], { files }: ArchiveView): ReadonlyMap<string, readonly Uint8Array[]> {
  const archived = new Set(files.map(({ month }) => month));
  const ids = new Map<string, Uint8Array[]>();
  for (const part of parts) {
    const month = monthIn(monthOf(part.minNs));
    if (!archived.has(month)) continue;
    const known = ids.get(month) ?? [];
    for (let row = 0; row < part.rows; row++) known.push(Buffer.from(part.idAt(row), "hex"));
    ids.set(month, known);
  }
  return ids;
}
