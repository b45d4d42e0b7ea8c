import { createHash } from "node:crypto";
import { createReadStream, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { formatTimeNs } from "../../alert/time.ts";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { idsName, rowsName } from "./cold-files.ts";
import { type ColdRows, unpackColdRows } from "./cold-rows.ts";
import type { ColdFile, FileSeal } from "./manifest.ts";

/** Unpacked at once: some hundred lines. */
const CHUNK_BYTES = 1024 * 1024;

/** Lines that follow each other, without their ends. */
export interface LineBatch {
  /** Row of the first one. */
  readonly first: number;
  readonly lines: readonly Buffer[];
}

/** The rows of an archived file. Fails with COLD_DAMAGED where they are not exactly what was sealed. */
export async function readRows(folder: string, file: ColdFile): Promise<ColdRows> {
  const path = join(folder, rowsName(file.name));
  const bytes = readSealed(path, file, file.rows);
  const rows = await unpackColdRows(bytes).catch((cause: unknown) => {
    throw coldDamaged(path, file, "does not unpack", cause);
  });
  const length = rows.lengths.reduce((sum, more) => sum + more + 1, 0);
  if (rows.count !== file.alerts || length !== file.content.bytes) {
    throw coldDamaged(path, file, "does not belong to the lines");
  }
  return rows;
}

/** The packed ids of an archived file. Fails with COLD_DAMAGED. */
export function readIds(folder: string, file: ColdFile): Buffer {
  return readSealed(join(folder, idsName(file.name)), file, file.ids);
}

/**
 * The lines of an archived file, some hundred at a time and never more of them in memory. The packed file's hash is
 * checked before the first line is given. Fails with COLD_DAMAGED and CANCELLED.
 */
export async function* readLines(
  folder: string,
  file: ColdFile,
  { lengths }: Pick<ColdRows, "lengths">,
  signal?: AbortSignal,
): AsyncGenerator<LineBatch> {
  const path = join(folder, file.name);
  await checkSeal(path, file, signal);
  const content = createHash("sha256");
  let row = 0;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of unpacked(path, file)) {
    if (signal?.aborted === true) throw cancelled();
    content.update(chunk);
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const lines: Buffer[] = [];
    let at = 0;
    for (let end = endOf(lengths, row, 0); end <= bytes.length; end = endOf(lengths, row + lines.length, at)) {
      lines.push(bytes.subarray(at, end - 1));
      at = end;
    }
    rest = bytes.subarray(at);
    if (lines.length > 0) yield { first: row, lines };
    row += lines.length;
  }
  if (row !== lengths.length || rest.length > 0 || content.digest("hex") !== file.content.sha256) {
    throw coldDamaged(path, file, "does not unpack to the lines that were sealed");
  }
}

/** Where the line of a row ends, its line feed included, if it begins at `at`. */
function endOf(lengths: Uint32Array, row: number, at: number): number {
  const length = lengths[row];
  return length === undefined ? Number.POSITIVE_INFINITY : at + length + 1;
}

async function* unpacked(path: string, file: ColdFile): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  const reading = pipeline(createReadStream(path, { highWaterMark: CHUNK_BYTES / 4 }), gunzip);
  reading.catch(() => {});
  try {
    yield* gunzip as AsyncIterable<Buffer>;
    await reading;
  } catch (thrown) {
    throw thrown instanceof FalcoSkillsError ? thrown : unreadable(path, file, thrown);
  } finally {
    gunzip.destroy();
  }
}

async function checkSeal(path: string, file: ColdFile, signal: AbortSignal | undefined): Promise<void> {
  checkLength(path, file, file);
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
      if (signal?.aborted === true) throw cancelled();
      hash.update(chunk as Buffer);
    }
  } catch (thrown) {
    throw thrown instanceof FalcoSkillsError ? thrown : unreadable(path, file, thrown);
  }
  if (hash.digest("hex") !== file.sha256) throw coldDamaged(path, file, "was changed");
}

function readSealed(path: string, file: ColdFile, seal: FileSeal): Buffer {
  checkLength(path, file, seal);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (thrown) {
    throw unreadable(path, file, thrown);
  }
  if (createHash("sha256").update(bytes).digest("hex") !== seal.sha256) throw coldDamaged(path, file, "was changed");
  return bytes;
}

/** Without opening the file, so that one of any size is refused at once. */
function checkLength(path: string, file: ColdFile, seal: FileSeal): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw coldDamaged(path, file, "is missing");
  if (!stat.isFile()) throw coldDamaged(path, file, "is no plain file");
  if (stat.size !== seal.bytes) throw coldDamaged(path, file, `has ${stat.size} bytes instead of ${seal.bytes}`);
}

function unreadable(path: string, file: ColdFile, thrown: unknown): FalcoSkillsError {
  return coldDamaged(path, file, `cannot be read (${(thrown as NodeJS.ErrnoException).code ?? "unknown"})`, thrown);
}

/** A file of the archive that is not what was sealed, and the alerts that are lost to answers by it. */
export function coldDamaged(path: string, file: ColdFile, reason: string, cause?: unknown): FalcoSkillsError {
  const span = `from ${formatTimeNs(file.firstNs)} to ${formatTimeNs(file.lastNs)}`;
  const message = `a file of the archive ${reason}: ${file.alerts} alerts ${span} cannot be answered for`;
  return new FalcoSkillsError("COLD_DAMAGED", message, {
    fix: "Restore the file from a backup, or ingest its alerts again from where they came.",
    where: path,
    cause,
  });
}

export function cancelled(): FalcoSkillsError {
  return new FalcoSkillsError("CANCELLED", "the work over the archive was cancelled", {
    fix: "Repeat the call, with a narrower time window if it took too long.",
  });
}
