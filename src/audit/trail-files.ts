import { closeSync, openSync, readdirSync, readFileSync, readSync, type Stats, statSync } from "node:fs";
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
  /** "gzip": packed. "leaves": pruned, a line of a leaf for each record whose body is gone. */
  readonly form: "plain" | "gzip" | "leaves";
  /** First record number: as the name of a closed segment says, or what follows the last closed one. */
  readonly first: number;
  /** Last record number as the name of a closed segment says. */
  readonly last?: number;
  /** Length of the text; of a packed segment as its last four bytes claim. */
  readonly bytes: number;
}

const ENDINGS = { plain: ".jsonl", gzip: ".jsonl.gz", leaves: ".leaves" } as const;
/** What a process that died while it packed or pruned leaves twice counts in the form that says most. */
const FULLEST: readonly Segment["form"][] = ["plain", "gzip", "leaves"];

/** Name of a closed segment: sorts by record number. */
export function sealedName(first: number, last: number, form: Segment["form"] = "plain"): string {
  return `${String(first).padStart(12, "0")}-${String(last).padStart(12, "0")}${ENDINGS[form]}`;
}

/**
 * The segments in record order, the active one last; closed ones by what their names say. What is no plain file is
 * none: opening a FIFO that somebody put there would wait for ever.
 */
export function listSegments(files: TrailFiles): Segment[] {
  const found = namesIn(files.sealed).flatMap((name) => sealedSegment(files, name));
  found.sort((a, b) => a.first - b.first || (a.last ?? 0) - (b.last ?? 0) || fullness(a) - fullness(b));
  const sealed = found.filter(({ first, last }, at) => found[at - 1]?.first !== first || found[at - 1]?.last !== last);
  const active = factsOf(files.records);
  if (active?.isFile() !== true) return sealed;
  const first = (sealed.at(-1)?.last ?? -1) + 1;
  const { records: path } = files;
  return [...sealed, { path, name: basename(path), sealed: false, form: "plain", first, bytes: active.size }];
}

const fullness = ({ form }: Segment): number => FULLEST.indexOf(form);

function sealedSegment(files: TrailFiles, name: string): Segment[] {
  const [, first, last, ending] = /^(\d{12})-(\d{12})(\.jsonl|\.jsonl\.gz|\.leaves)$/.exec(name) ?? [];
  const form = FULLEST.find((one) => ENDINGS[one] === ending);
  if (form === undefined) return [];
  const path = join(files.sealed, name);
  const facts = factsOf(path);
  if (facts?.isFile() !== true) return [];
  const bytes = form === "gzip" ? unpackedSize(path, facts.size) : facts.size;
  return [{ path, name: `sealed/${name}`, sealed: true, form, first: Number(first), last: Number(last), bytes }];
}

/** The length of the text as the end of a gzip file gives it (RFC 1952, ISIZE); 0 when it is no such file. */
function unpackedSize(path: string, size: number): number {
  if (size < 18) return 0;
  try {
    const fd = openSync(path, "r");
    try {
      const end = Buffer.alloc(4);
      return readSync(fd, end, 0, 4, size - 4) === 4 ? end.readUInt32LE() : 0;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
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
