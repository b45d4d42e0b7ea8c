import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { syncFolder } from "../../paths/write-file.ts";
import type { ColdFault } from "../alert-store.ts";
import { onFile } from "../sqlite-errors.ts";
import { isLinesName } from "./cold-files.ts";

/** A file of the archive with what it must be. */
export interface FileSeal {
  readonly bytes: number;
  readonly sha256: string;
}

/** A day of a month, or a piece of it: lines, rows and ids in three files. */
export interface ColdFile extends FileSeal {
  /** In UTC: `2026-10`. */
  readonly month: string;
  /** The name of the file with the lines. */
  readonly name: string;
  readonly alerts: number;
  readonly firstNs: bigint;
  readonly lastNs: bigint;
  readonly lastReceivedMs: number;
  /** Of the lines as they are when unpacked. */
  readonly content: FileSeal;
  readonly rows: FileSeal;
  readonly ids: FileSeal;
  /** The most frequent rules with their counts; all of them where `ruleCount` is no more. */
  readonly rules: readonly (readonly [string, number])[];
  readonly ruleCount: number;
  readonly priorities: readonly (readonly [string, number])[];
}

/** A month's file at hand that was copied into the archive. In force once that file is gone. */
export interface Seal {
  readonly from: string;
  readonly month: string;
  readonly files: readonly ColdFile[];
}

/** What was deleted at the end of its time. */
export interface Tombstone {
  readonly month: string;
  readonly alerts: number;
  readonly files: readonly {
    readonly name: string;
    readonly alerts: number;
    readonly firstNs: bigint;
    readonly lastNs: bigint;
    readonly sha256: string;
    readonly contentSha256: string;
  }[];
  readonly setting: string;
  readonly inAllMonths: number;
  readonly atMs: number;
}

export interface Manifest {
  readonly seals: readonly Seal[];
  readonly tombstones: readonly Tombstone[];
  /** Names of the files at hand that seals were ever made of: these names are not used again. */
  readonly sources: ReadonlySet<string>;
  /** Hash of the last line, which the next one names. */
  readonly head: string;
  /** Bytes of the lines that are whole; what follows was cut off while it was written. */
  readonly bytes: number;
  readonly fault: ColdFault | undefined;
}

/** A line to be added. */
export type ManifestEntry =
  | ({ readonly kind: "file"; readonly from: string } & ColdFile)
  | {
      readonly kind: "sealed";
      readonly from: string;
      readonly month: string;
      readonly files: number;
      readonly alerts: number;
      readonly atMs: number;
    }
  | ({ readonly kind: "deleted" } & Tombstone);

const NO_HEAD = "0".repeat(64);
const EMPTY: Manifest = {
  seals: [],
  tombstones: [],
  sources: new Set(),
  head: NO_HEAD,
  bytes: 0,
  fault: undefined,
};

export function manifestPath(folder: string): string {
  return join(folder, "manifest.jsonl");
}

/** Reads the manifest of an archive again only where it changed. */
export function manifestReader(folder: string): () => Manifest {
  let last: { readonly stamp: string; readonly manifest: Manifest } | undefined;
  return () => {
    const path = manifestPath(folder);
    // A file where the folder would be holds no manifest either; statSync would throw.
    const stat = existsSync(path) ? statSync(path, { bigint: true, throwIfNoEntry: false }) : undefined;
    const stamp = stat === undefined ? "" : `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
    if (last?.stamp !== stamp) last = { stamp, manifest: readManifest(folder) };
    return last.manifest;
  };
}

/**
 * The manifest as it stands: one JSON object a line, each naming the SHA-256 of the line before it. A last line without
 * its end was being written when the power went and does not count. Any other line that cannot be read, or does not
 * follow from the one before, is a fault; the lines around it are still used.
 */
export function readManifest(folder: string): Manifest {
  const path = manifestPath(folder);
  if (!existsSync(path)) return EMPTY;
  const text = onFile(path, () => readFileSync(path, "utf8"));
  const end = text.lastIndexOf("\n") + 1;
  const lines = text.slice(0, end).split("\n").slice(0, -1);
  const entries: ManifestEntry[] = [];
  let head = NO_HEAD;
  let fault: ColdFault | undefined;
  lines.forEach((line, index) => {
    const entry = readLine(line);
    if (entry !== undefined) entries.push(entry.entry);
    if (entry?.prev !== head) fault ??= brokenAt(path, index + 1, entry === undefined);
    head = hashOf(line);
  });
  return { ...gather(entries), head, bytes: Buffer.byteLength(text.slice(0, end)), fault };
}

/**
 * Adds lines durably and in one write; cuts off first what a power cut left of a line. The caller must be the only writer.
 */
export function appendManifest(folder: string, entries: readonly ManifestEntry[]): void {
  const path = manifestPath(folder);
  onFile(path, () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    let { head, bytes } = readManifest(folder);
    const lines = entries.map((entry) => {
      const line = writeLine(entry, head);
      head = hashOf(line);
      return `${line}\n`;
    });
    const fd = openSync(path, "a", 0o600);
    try {
      if (fstatSync(fd).size > bytes) ftruncateSync(fd, bytes);
      const text = Buffer.from(lines.join(""));
      for (let written = 0; written < text.length; ) written += writeSync(fd, text, written);
      fsyncSync(fd);
      bytes += text.length;
    } finally {
      closeSync(fd);
    }
    syncFolder(folder);
  });
}

function gather(entries: readonly ManifestEntry[]): Pick<Manifest, "seals" | "tombstones" | "sources"> {
  const gathering = new Map<string, ColdFile[]>();
  const seals = new Map<string, Seal>();
  const sources = new Set<string>();
  const tombstones: Tombstone[] = [];
  for (const entry of entries) {
    if (entry.kind === "deleted") {
      const { kind: _, ...tombstone } = entry;
      tombstones.push(tombstone);
      continue;
    }
    sources.add(entry.from);
    if (entry.kind === "file") {
      const { kind: _, from, ...file } = entry;
      // The same name again: an earlier attempt at this file was given up.
      const files = (gathering.get(from) ?? []).filter(({ name }) => name !== file.name);
      gathering.set(from, [...files, file]);
    } else {
      const files = (gathering.get(entry.from) ?? []).slice(-entry.files);
      seals.set(entry.from, { from: entry.from, month: entry.month, files: entry.files === 0 ? [] : files });
    }
  }
  const gone = new Set(tombstones.flatMap(({ files }) => files.map(({ name }) => name)));
  const kept = [...seals.values()].map((seal) => ({
    ...seal,
    files: seal.files.filter(({ name }) => !gone.has(name)),
  }));
  return { seals: kept, tombstones, sources };
}

function hashOf(line: string): string {
  return createHash("sha256").update(line).digest("hex");
}

function brokenAt(path: string, line: number, isUnreadable: boolean): ColdFault {
  const what = isUnreadable ? "cannot be read" : "does not follow from the line before it";
  return {
    code: "COLD_MANIFEST",
    path,
    message: `line ${line} of the archive's manifest ${what}: what it listed may be missing from answers`,
  };
}

function writeLine(entry: ManifestEntry, prev: string): string {
  return JSON.stringify({ ...entry, prev }, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}

function readLine(line: string): { readonly entry: ManifestEntry; readonly prev: unknown } | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null) return undefined;
  const { prev, ...rest } = parsed as Record<string, unknown>;
  const entry = entryOf(rest);
  return entry === undefined ? undefined : { entry, prev };
}

/** The entry, with its times as numbers of nanoseconds again; undefined where anything that code relies on is amiss. */
function entryOf(value: Record<string, unknown>): ManifestEntry | undefined {
  const { kind, month, from, alerts } = value;
  if (typeof month !== "string" || !/^\d{4}-\d{2}$/.test(month) || !isCount(alerts)) return undefined;
  if (kind === "deleted") {
    const files = Array.isArray(value.files) ? value.files.map(timesOf) : [undefined];
    if (files.includes(undefined) || !isCount(value.atMs) || !isCount(value.inAllMonths)) return undefined;
    return { ...value, files } as unknown as ManifestEntry;
  }
  if (typeof from !== "string") return undefined;
  if (kind === "sealed") return isCount(value.files) ? (value as unknown as ManifestEntry) : undefined;
  const sealed = [value, value.content, value.rows, value.ids];
  const isWhole =
    kind === "file" && sealed.every(isFileSeal) && isCount(value.lastReceivedMs) && isCount(value.ruleCount);
  const lists = isWhole && isCountList(value.rules) && isCountList(value.priorities);
  return lists ? (timesOf(value) as unknown as ManifestEntry | undefined) : undefined;
}

function timesOf(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { name, firstNs, lastNs } = value as Record<string, unknown>;
  const isTime = (ns: unknown): ns is string => typeof ns === "string" && /^-?\d{1,19}$/.test(ns);
  if (typeof name !== "string" || !isLinesName(name) || !isTime(firstNs) || !isTime(lastNs)) return undefined;
  return { ...value, firstNs: BigInt(firstNs), lastNs: BigInt(lastNs) };
}

function isFileSeal(value: unknown): value is FileSeal {
  if (typeof value !== "object" || value === null) return false;
  const { bytes, sha256 } = value as Record<string, unknown>;
  return isCount(bytes) && typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256);
}

function isCountList(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every((pair) => Array.isArray(pair) && typeof pair[0] === "string" && isCount(pair[1]))
  );
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
