import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { ArchiveNote, ArchiveStatus, ColdFault, ColdMonth } from "../alert-store.ts";
import { createByteCache } from "../byte-cache.ts";
import { generationOf, monthIn } from "../store-files.ts";
import { coldFolder, idsName, isLinesName, listCold, rowsName } from "./cold-files.ts";
import { rowOfId } from "./cold-rows.ts";
import { type ColdFile, type Manifest, manifestPath, manifestReader, type Seal } from "./manifest.ts";
import { coldDamaged, readIds } from "./segment-reader.ts";

/** Ids of some million archived alerts. */
const IDS_CACHE_BYTES = 64 * 1024 * 1024;

/** The archive of a store, read again whenever it changed. */
export interface Archive {
  readonly folder: string;
  readonly manifest: () => Manifest;
  /** What answers for alerts that the named files at hand do not hold. Call it after these files were read. */
  readonly view: (namesAtHand: ReadonlySet<string>) => ArchiveView;
  /** True where an alert lies in the archive of a month, files made from the one named left out. */
  /** False where retention deleted a file meanwhile. */
  readonly isListed: (file: ColdFile) => boolean;
  readonly hasId: (month: string, id: string, fromOther: string) => boolean;
  /** The packed ids of a file. Fails with COLD_DAMAGED. */
  readonly idsOf: (file: ColdFile) => Uint8Array;
}

export interface ArchiveView {
  /** Oldest first. */
  readonly files: readonly ColdFile[];
  /** For a file: those that hold later copies of some of its alerts. */
  readonly laterThan: (file: ColdFile) => readonly ColdFile[];
  readonly manifest: Manifest;
  readonly faults: readonly ColdFault[];
}

interface Window {
  readonly fromNs?: bigint;
  readonly toNs?: bigint;
}

export function openArchive(storeFolder: string): Archive {
  const folder = coldFolder(storeFolder);
  const manifest = manifestReader(folder);
  const cache = createByteCache(IDS_CACHE_BYTES);
  const idsOf = (file: ColdFile): Uint8Array =>
    cache.get(`${file.name} ${file.ids.sha256}`, () => readIds(folder, file)) as Uint8Array;
  return {
    folder,
    manifest,
    idsOf,
    isListed: ({ name }) => manifest().seals.some(({ files }) => files.some((file) => file.name === name)),
    view: (namesAtHand) => viewOf(folder, manifest(), namesAtHand),
    hasId: (month, id, fromOther) => {
      const bytes = Buffer.from(id, "hex");
      return manifest().seals.some(
        (seal) =>
          seal.month === month &&
          seal.from !== fromOther &&
          seal.files.some((file) => hasIdIn(() => idsOf(file), bytes)),
      );
    },
  };
}

/** Damaged ids know nothing: the alert is then stored again, and counted once by whoever asks over both. */
function hasIdIn(read: () => Uint8Array, id: Uint8Array): boolean {
  try {
    return rowOfId(read(), id) !== undefined;
  } catch (thrown) {
    if (thrown instanceof FalcoSkillsError && thrown.code === "COLD_DAMAGED") return false;
    throw thrown;
  }
}

function viewOf(folder: string, manifest: Manifest, namesAtHand: ReadonlySet<string>): ArchiveView {
  // A month's file counts for as long as it is there: its end is the moment at which the archive takes over.
  const seals = manifest.seals.filter(({ from }) => !namesAtHand.has(from));
  const files = seals.flatMap((seal) => seal.files).sort((a, b) => (a.firstNs < b.firstNs ? -1 : 1));
  const sealOf = new Map(seals.flatMap((seal) => seal.files.map((file) => [file, seal] as const)));
  return {
    files,
    manifest,
    laterThan: (file) => {
      const own = sealOf.get(file);
      const isLater = (seal: Seal) =>
        own !== undefined && seal.month === own.month && generationOf(seal.from) > generationOf(own.from);
      return seals.filter(isLater).flatMap((seal) => seal.files.filter((other) => overlaps(other, windowOf(file))));
    },
    faults: [...(manifest.fault === undefined ? [] : [manifest.fault]), ...unlisted(folder, manifest, namesAtHand)],
  };
}

/** Files that no line of the manifest names, in a month that has no file at hand which they could be copies of. */
function unlisted(folder: string, manifest: Manifest, namesAtHand: ReadonlySet<string>): ColdFault[] {
  if (!existsSync(folder)) return [];
  const known = new Set([
    ...manifest.seals.flatMap(({ files }) => files.map(({ name }) => name)),
    ...manifest.tombstones.flatMap(({ files }) => files.map(({ name }) => name)),
  ]);
  const months = new Set([...namesAtHand].map((name) => monthIn(name)));
  const odd = listCold(folder).filter((name) => isLinesName(name) && !known.has(name) && !months.has(name.slice(0, 7)));
  if (odd.length === 0) return [];
  const message = `the archive's manifest does not list ${odd.length} of its files (${odd[0]} first): their alerts are missing from answers`;
  return [{ code: "COLD_MANIFEST", path: manifestPath(folder), message }];
}

export function overlaps({ firstNs, lastNs }: Pick<ColdFile, "firstNs" | "lastNs">, { fromNs, toNs }: Window): boolean {
  return (fromNs === undefined || lastNs >= fromNs) && (toNs === undefined || firstNs < toNs);
}

const windowOf = ({ firstNs, lastNs }: ColdFile): Window => ({ fromNs: firstNs, toNs: lastNs + 1n });

/** What an answer must say about the archive; undefined where its window touches nothing of it. */
export function noteOf(
  view: ArchiveView,
  window: Window,
  { isRead, faults }: { readonly isRead: boolean; readonly faults: readonly ColdFault[] },
): ArchiveNote | undefined {
  const months = monthsOf(view, (file) => overlaps(file, window));
  const all = [...view.faults, ...faults];
  return months.length === 0 && all.length === 0 ? undefined : { months, isRead, faults: all };
}

export function statusOf(folder: string, view: ArchiveView): ArchiveStatus | undefined {
  const { files, manifest, faults } = view;
  if (files.length === 0 && manifest.tombstones.length === 0 && faults.length === 0) return undefined;
  const [first, last] = [files[0], files.at(-1)];
  return {
    alerts: files.reduce((sum, { alerts }) => sum + alerts, 0),
    bytes: files.reduce((sum, { bytes, rows, ids }) => sum + bytes + rows.bytes + ids.bytes, 0),
    ...(first === undefined ? {} : { firstNs: first.firstNs }),
    ...(last === undefined ? {} : { lastNs: last.lastNs }),
    months: monthsOf(view, () => true),
    faults: [...faults, ...files.flatMap((file) => probe(folder, file))],
  };
}

/** Files that are gone or of another length; their bytes are compared only when a question needs them. */
function probe(folder: string, file: ColdFile): ColdFault[] {
  const parts = [
    [file.name, file.bytes],
    [rowsName(file.name), file.rows.bytes],
    [idsName(file.name), file.ids.bytes],
  ] as const;
  return parts.flatMap(([name, bytes]) => {
    const path = join(folder, name);
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (size === bytes) return [];
    const reason = size === undefined ? "is missing" : `has ${size} bytes instead of ${bytes}`;
    return [faultOf(coldDamaged(path, file, reason))];
  });
}

/** The fault that a failure with COLD_DAMAGED means; any other failure goes up. */
export function faultOf(thrown: unknown): ColdFault {
  if (!(thrown instanceof FalcoSkillsError) || thrown.code !== "COLD_DAMAGED") throw thrown;
  return { code: "COLD_DAMAGED", path: thrown.where ?? "", message: thrown.message };
}

/** Months of the archive that have a file, kept or deleted, which `isTouched`. */
function monthsOf(
  { files, manifest }: ArchiveView,
  isTouched: (file: Pick<ColdFile, "firstNs" | "lastNs">) => boolean,
): ColdMonth[] {
  const months = new Map<string, { alerts: number; deleted: number; isTouched: boolean }>();
  const note = (month: string, key: "alerts" | "deleted", alerts: number, touched: boolean): void => {
    const known = months.get(month) ?? { alerts: 0, deleted: 0, isTouched: false };
    known[key] += alerts;
    known.isTouched ||= touched;
    months.set(month, known);
  };
  for (const file of files) note(file.month, "alerts", file.alerts, isTouched(file));
  for (const { month, files: gone } of manifest.tombstones) {
    for (const file of gone) note(month, "deleted", file.alerts, isTouched(file));
  }
  return [...months]
    .filter(([, { isTouched: touched }]) => touched)
    .map(([month, { alerts, deleted }]) => ({ month, alerts, deleted }))
    .sort((a, b) => (a.month < b.month ? -1 : 1));
}
