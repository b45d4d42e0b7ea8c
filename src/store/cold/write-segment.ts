import { createHash, type Hash } from "node:crypto";
import { closeSync, createWriteStream, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setImmediate } from "node:timers/promises";
import { createGzip } from "node:zlib";
import { syncFolder } from "../../paths/write-file.ts";
import { onFile, translateStoreError } from "../sqlite-errors.ts";
import { idsName, rowsName } from "./cold-files.ts";
import { buildColdRows, type ColdRow, type ColdRows, MAX_COLD_ROWS, packColdRows, packIds } from "./cold-rows.ts";
import type { ColdFile, FileSeal } from "./manifest.ts";
import { cancelled, readIds, readLines, readRows } from "./segment-reader.ts";

/** Most bytes of lines in one file. */
const MAX_CONTENT_BYTES = 256 * 1024 * 1024;
/** Lines are handed on in pieces this large, and between two of them everything else may run. */
const SLICE_BYTES = 128 * 1024;
/** Rules that the manifest lists for a file. */
const MAX_LISTED_RULES = 200;
const DAY_NS = 86_400_000_000_000n;
const TEMPORARY = ".tmp";

/** Rows one after the other, with a look at the next one. */
export interface RowFeed {
  readonly peek: () => ColdRow | undefined;
  readonly take: () => void;
}

export interface WriteOptions {
  readonly month: string;
  readonly name: string;
  readonly signal?: AbortSignal;
  readonly onRows?: (rows: number) => void;
}

/** The rows of a generator as a feed. */
export function feedOf(rows: Generator<ColdRow>): RowFeed {
  let next = rows.next();
  return {
    peek: () => (next.done === true ? undefined : next.value),
    take: () => {
      next = rows.next();
    },
  };
}

/** The UTC day of a time, as `2026-10-01`. */
export function dayOf(ns: bigint): string {
  return new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 10);
}

/**
 * Takes rows of one UTC day from the feed, as many as a file holds, and writes them as lines, rows and ids. All three are
 * on the disk, under their names, and were read back and compared when this resolves. Fails with DISK_FULL,
 * HOME_NOT_WRITABLE, COLD_DAMAGED (what was read back is not what was written) and CANCELLED.
 */
export async function writeSegment(folder: string, feed: RowFeed, options: WriteOptions): Promise<ColdFile> {
  const { month, name, signal, onRows } = options;
  const paths = [name, rowsName(name), idsName(name)].map((one) => join(folder, one));
  const [linesPath = "", rowsPath = "", idsPath = ""] = paths;
  try {
    const written = await writeLines(linesPath + TEMPORARY, feed, signal);
    const packedRows = await packColdRows(written.rows);
    const packedIds = packIds(written.ids);
    onFile(rowsPath, () => writeFileSync(rowsPath + TEMPORARY, packedRows, { mode: 0o600 }));
    onFile(idsPath, () => writeFileSync(idsPath + TEMPORARY, packedIds, { mode: 0o600 }));
    for (const path of paths) {
      onFile(path, () => {
        syncFile(path + TEMPORARY);
        renameSync(path + TEMPORARY, path);
      });
    }
    onFile(folder, () => syncFolder(folder));
    const file = { month, name, ...written.facts, rows: sealOf(packedRows), ids: sealOf(packedIds) };
    onRows?.(written.rows.count);
    await readBack(folder, file, signal);
    return file;
  } catch (thrown) {
    for (const path of paths) rmSync(path + TEMPORARY, { force: true });
    throw translateStoreError(thrown, linesPath);
  }
}

/** Reads a file of the archive whole and compares it with its seal. Fails with COLD_DAMAGED and CANCELLED. */
export async function readBack(folder: string, file: ColdFile, signal?: AbortSignal): Promise<void> {
  const rows = await readRows(folder, file);
  readIds(folder, file);
  for await (const _ of readLines(folder, file, rows, signal));
}

interface Written {
  readonly rows: ColdRows;
  readonly ids: readonly string[];
  readonly facts: Omit<ColdFile, "month" | "name" | "rows" | "ids">;
}

async function writeLines(path: string, feed: RowFeed, signal: AbortSignal | undefined): Promise<Written> {
  const rows = buildColdRows();
  const ids: string[] = [];
  const content = startSeal();
  const packed = startSeal();
  const day = dayOf(feed.peek()?.orderNs ?? 0n);
  async function* lines(): AsyncGenerator<Buffer> {
    let slice: Buffer[] = [];
    let sliceBytes = 0;
    for (let row = feed.peek(); row !== undefined && fits(row, day, ids.length, content.bytes()); row = feed.peek()) {
      const line = Buffer.from(`${row.raw}\n`);
      content.add(line);
      rows.add(row, line.length - 1);
      ids.push(row.id);
      slice.push(line);
      sliceBytes += line.length;
      feed.take();
      if (sliceBytes < SLICE_BYTES) continue;
      yield Buffer.concat(slice);
      [slice, sliceBytes] = [[], 0];
      await setImmediate();
      if (signal?.aborted === true) throw cancelled();
    }
    yield Buffer.concat(slice);
  }
  await pipeline(
    lines,
    createGzip({ level: 6 }),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        packed.add(chunk);
        yield chunk;
      }
    },
    createWriteStream(path, { mode: 0o600 }),
  );
  const finished = rows.finish();
  return { rows: finished, ids, facts: factsOf(finished, packed.seal(), content.seal()) };
}

function fits(row: ColdRow, day: string, rows: number, bytes: number): boolean {
  return rows < MAX_COLD_ROWS && bytes < MAX_CONTENT_BYTES && isOnDay(row.orderNs, day);
}

function isOnDay(ns: bigint, day: string): boolean {
  const start = BigInt(Date.parse(day)) * 1_000_000n;
  return ns >= start && ns < start + DAY_NS;
}

function factsOf(rows: ColdRows, packed: FileSeal, content: FileSeal): Written["facts"] {
  const rules = countsOf(rows.rule, rows.rules);
  return {
    alerts: rows.count,
    firstNs: rows.times[0] ?? 0n,
    lastNs: rows.times.at(-1) ?? 0n,
    lastReceivedMs: rows.received.reduce((latest, ms) => Math.max(latest, ms), 0),
    ...packed,
    content,
    rules: rules.slice(0, MAX_LISTED_RULES),
    ruleCount: rules.length,
    priorities: countsOf(rows.priority, rows.priorities),
  };
}

/** Texts with how often each occurs, most frequent first. */
function countsOf(codes: Uint32Array | Uint8Array, texts: readonly string[]): [string, number][] {
  const counts = new Uint32Array(texts.length);
  for (const code of codes) counts[code] = (counts[code] as number) + 1;
  return texts
    .map((text, code): [string, number] => [text, counts[code] as number])
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

function startSeal() {
  const hash: Hash = createHash("sha256");
  let length = 0;
  return {
    add: (bytes: Buffer): void => {
      hash.update(bytes);
      length += bytes.length;
    },
    bytes: (): number => length,
    seal: (): FileSeal => ({ bytes: length, sha256: hash.digest("hex") }),
  };
}

function sealOf(bytes: Buffer): FileSeal {
  return { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

function syncFile(path: string): void {
  const fd = openSync(path, "r+");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
