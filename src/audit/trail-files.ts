import { readdirSync, readFileSync, type Stats, statSync } from "node:fs";
import { basename, join } from "node:path";

/** Where everything of one trail lies. */
export interface TrailFiles {
  readonly folder: string;
  /** The active segment: one record a line. */
  readonly records: string;
  /** Closed segments, named by their first and last record number. */
  readonly sealed: string;
  /** The newest signed head, a C2SP checkpoint. */
  readonly checkpoint: string;
  /** Older signed heads, `<size>.note`. */
  readonly checkpoints: string;
  /** The tree's right edge at the newest signed head: lets the next process start without reading everything. */
  readonly edge: string;
  /** Half lines that a crash left. */
  readonly torn: string;
  /** One file a process that has the trail open. */
  readonly owners: string;
  readonly keys: string;
  readonly identityKey: string;
  readonly verifierKey: string;
  readonly private: string;
  readonly openings: string;
}

export function trailFiles(folder: string): TrailFiles {
  const at = (...parts: string[]) => join(folder, ...parts);
  return {
    folder,
    records: at("records.jsonl"),
    sealed: at("sealed"),
    checkpoint: at("checkpoint"),
    checkpoints: at("checkpoints"),
    edge: at("edge.json"),
    torn: at("torn"),
    owners: at("owners"),
    keys: at("keys"),
    identityKey: at("keys", "identity.key"),
    verifierKey: at("keys", "identity.vkey"),
    private: at("private"),
    openings: at("private", "openings.jsonl"),
  };
}

export interface Segment {
  readonly path: string;
  /** Name relative to the trail's folder, with `/`. */
  readonly name: string;
  readonly sealed: boolean;
  /** First record number: as the name of a closed segment says, or what follows the last closed one. */
  readonly first: number;
  /** Last record number as the name of a closed segment says. */
  readonly last?: number;
  readonly bytes: number;
}

/** Name of a closed segment: sorts by record number. */
export function sealedName(first: number, last: number): string {
  return `${String(first).padStart(12, "0")}-${String(last).padStart(12, "0")}.jsonl`;
}

/**
 * The segments in record order, the active one last; closed ones by what their names say. What is no plain file is
 * none: opening a FIFO that somebody put there would wait for ever.
 */
export function listSegments(files: TrailFiles): Segment[] {
  const sealed = namesIn(files.sealed).flatMap((name) => sealedSegment(files, name));
  sealed.sort((a, b) => a.first - b.first || a.name.localeCompare(b.name));
  const active = factsOf(files.records);
  if (active?.isFile() !== true) return sealed;
  const first = (sealed.at(-1)?.last ?? -1) + 1;
  return [...sealed, { path: files.records, name: basename(files.records), sealed: false, first, bytes: active.size }];
}

function sealedSegment(files: TrailFiles, name: string): Segment[] {
  const range = /^(\d{12})-(\d{12})\.jsonl$/.exec(name);
  if (range === null) return [];
  const path = join(files.sealed, name);
  const facts = factsOf(path);
  if (facts?.isFile() !== true) return [];
  return [
    { path, name: `sealed/${name}`, sealed: true, first: Number(range[1]), last: Number(range[2]), bytes: facts.size },
  ];
}

/** Names in a folder; none when there is no such folder. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** A small file's text; undefined when there is none or it is larger than `maxBytes`. */
export function readSmall(path: string, maxBytes = 65_536): string | undefined {
  const facts = factsOf(path);
  if (facts === undefined || !facts.isFile() || facts.size > maxBytes) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** What a path leads to; undefined when there is nothing. */
export function factsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
}
