import { setImmediate } from "node:timers/promises";
import type { AlertFilter, ColdFault, ColdOptions, StoredAlert } from "../alert-store.ts";
import type { Part } from "../part.ts";
import { firstRowAt } from "../select-rows.ts";
import { type Archive, type ArchiveView, faultOf, overlaps } from "./archive.ts";
import { coldAlert, coldPart, type OpenSegment } from "./cold-alert.ts";
import { idsIn, rowOfId } from "./cold-rows.ts";
import type { ColdFile } from "./manifest.ts";
import { compilePrefilter, type Prefilter } from "./prefilter.ts";
import { cancelled, readLines, readRows } from "./segment-reader.ts";

/** What gathers the answer. */
export interface ColdSink {
  readonly add: (part: Part) => void;
  /** Counts alerts in the window that cannot match. */
  readonly passOver: (rows: number) => void;
  /** Called when the lines behind the parts added so far are about to go. */
  readonly hold: () => void;
  /** True where alerts between two times, inclusive, have to be read for more than being counted. */
  readonly wantsLines: (minNs: bigint, maxNs: bigint) => boolean;
}

export interface ColdQuestion {
  readonly filter: AlertFilter;
  readonly isNewestFirst: boolean;
  /** Ids, 16 bytes each, of alerts at hand by month: their archived copies are not counted again. */
  readonly atHand: ReadonlyMap<string, readonly Uint8Array[]>;
  readonly options: ColdOptions;
}

/** Rows that are looked at together where no line is needed. */
const ROWS_AT_ONCE = 2048;

/**
 * Puts the archived alerts of a window to a sink, file by file, and returns the faults of files that could not be read;
 * these are left out whole. Memory is that of one file's rows and some hundred lines. Fails with CANCELLED.
 */
export async function askArchive(
  archive: Archive,
  view: ArchiveView,
  question: ColdQuestion,
  sink: ColdSink,
): Promise<ColdFault[]> {
  const { filter, isNewestFirst, options } = question;
  const files = view.files.filter((file) => overlaps(file, filter));
  if (isNewestFirst) files.reverse();
  const total = files.reduce((sum, { alerts }) => sum + alerts, 0);
  const faults: ColdFault[] = [];
  const prefilter = compilePrefilter(filter);
  let done = 0;
  for (const file of files) {
    const from = done;
    const onRows = (rows: number): void => options.onProgress?.(from + rows, total);
    try {
      await askFile({ archive, view, question, prefilter, sink, onRows }, file);
    } catch (thrown) {
      const fault = faultOf(thrown);
      if (archive.isListed(file)) faults.push(fault);
    }
    done += file.alerts;
    options.onProgress?.(done, total);
  }
  return faults;
}

interface Asking {
  readonly archive: Archive;
  readonly view: ArchiveView;
  readonly question: ColdQuestion;
  readonly prefilter: Prefilter;
  readonly sink: ColdSink;
  readonly onRows: (rows: number) => void;
}

async function askFile(asking: Asking, file: ColdFile): Promise<void> {
  const { archive, question, prefilter, sink, onRows } = asking;
  const { signal } = question.options;
  const rows = await readRows(archive.folder, file);
  const segment: OpenSegment = { folder: archive.folder, file, rows };
  const { fromNs, toNs } = question.filter;
  const low = fromNs === undefined ? 0 : firstRowAt(rows.times, fromNs);
  const high = toNs === undefined ? rows.count : firstRowAt(rows.times, toNs);
  const elsewhere = rowsElsewhere(asking, file, rows.count);
  const mayMatchRow = prefilter.mayMatchRow(rows);
  /** Adds the rows from `start` to before `end` that are in the window. */
  const addRows = (start: number, end: number, lineOf: ((row: number) => Buffer) | undefined): void => {
    const chosen: number[] = [];
    let passed = 0;
    for (let row = Math.max(start, low); row < Math.min(end, high); row++) {
      if (elsewhere?.[row] === 1) continue;
      if (mayMatchRow(row) && mayMatchLine(prefilter, segment, row, lineOf)) chosen.push(row);
      else passed++;
    }
    sink.passOver(passed);
    if (chosen.length > 0) sink.add(coldPart(segment, chosen, lineOf ?? noLine));
  };
  if (low >= high) return;
  const span = [rows.times[low] as bigint, rows.times[high - 1] as bigint] as const;
  if (!prefilter.needsLines && !sink.wantsLines(...span)) {
    for (let start = low; start < high; start += ROWS_AT_ONCE) {
      addRows(start, start + ROWS_AT_ONCE, undefined);
      await setImmediate();
      if (signal?.aborted === true) throw cancelled();
    }
    return;
  }
  for await (const { first, lines } of readLines(archive.folder, file, rows, signal)) {
    addRows(first, first + lines.length, (row) => lines[row - first] as Buffer);
    sink.hold();
    onRows(first + lines.length);
  }
}

function mayMatchLine(
  prefilter: Prefilter,
  { rows }: OpenSegment,
  row: number,
  lineOf: ((row: number) => Buffer) | undefined,
): boolean {
  return lineOf === undefined || rows.isPlain[row] === 0 || prefilter.mayMatchLine(lineOf(row));
}

function noLine(): never {
  throw new Error("a line was asked for that no question needed");
}

/** 1 for each row whose alert stands in a later file or at hand again; a question about one run asks each by itself. */
function rowsElsewhere({ archive, view, question }: Asking, file: ColdFile, count: number): Uint8Array | undefined {
  if (question.filter.runId !== undefined) return undefined;
  const atHand = question.atHand.get(file.month) ?? [];
  const later = view.laterThan(file);
  if (atHand.length === 0 && later.length === 0) return undefined;
  const ids = archive.idsOf(file);
  const elsewhere = new Uint8Array(count);
  const mark = (id: Uint8Array): void => {
    const row = rowOfId(ids, id);
    if (row !== undefined) elsewhere[row] = 1;
  };
  for (const id of atHand) mark(id);
  for (const other of later) for (const id of idsIn(archive.idsOf(other))) mark(id);
  return elsewhere;
}

/** An archived alert, the latest copy of it; undefined where the archive has none. Faulty files are passed over. */
export async function findInArchive(
  archive: Archive,
  view: ArchiveView,
  id: string,
  { signal, onProgress }: ColdOptions,
): Promise<{ readonly alert: StoredAlert | undefined; readonly faults: readonly ColdFault[] }> {
  const faults: ColdFault[] = [];
  const bytes = Buffer.from(id, "hex");
  const total = view.files.reduce((sum, { alerts }) => sum + alerts, 0);
  let done = 0;
  for (const file of [...view.files].reverse()) {
    try {
      const copies = [file, ...view.laterThan(file)].filter((one) => rowOfId(archive.idsOf(one), bytes) !== undefined);
      const latest = copies.at(-1);
      if (latest !== undefined) return { alert: await readAlert(archive, latest, bytes, signal), faults };
    } catch (thrown) {
      const fault = faultOf(thrown);
      if (archive.isListed(file)) faults.push(fault);
    }
    done += file.alerts;
    onProgress?.(done, total);
    await setImmediate();
    if (signal?.aborted === true) throw cancelled();
  }
  return { alert: undefined, faults };
}

async function readAlert(
  { folder, idsOf }: Archive,
  file: ColdFile,
  id: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<StoredAlert | undefined> {
  const row = rowOfId(idsOf(file), id) ?? 0;
  const rows = await readRows(folder, file);
  for await (const { first, lines } of readLines(folder, file, rows, signal)) {
    const line = lines[row - first];
    if (line !== undefined) return coldAlert({ folder, file, rows }, row, line);
  }
  return undefined;
}
