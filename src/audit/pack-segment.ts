import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, renameSync, rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { syncFolder } from "../paths/write-file.ts";
import { damaged, unwritable } from "./errors.ts";
import { type Segment, sealedName, type TrailFiles } from "./trail-files.ts";

/**
 * Bytes of the packed segment that stands in for a closed one. It is written aside, made durable and read back before
 * the plain one goes: a process that dies in between leaves both, and the plain one counts.
 */
export async function packSegment(segment: Segment, files: TrailFiles, pid: number): Promise<number> {
  const { first, last = first, path } = segment;
  const packed = join(files.sealed, sealedName(first, last, "gzip"));
  const temporary = `${packed}.new-${pid}`;
  try {
    await pipeline(createReadStream(path), createGzip(), createWriteStream(temporary, { mode: 0o600 }));
    const file = await open(temporary, "r+");
    await file.sync();
    await file.close();
    if ((await digestOf(path, false)) !== (await digestOf(temporary, true))) {
      throw damaged("a closed segment read differently the second time", path);
    }
    renameSync(temporary, packed);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw (cause as NodeJS.ErrnoException).syscall === undefined ? cause : unwritable(packed, cause);
  }
  syncFolder(files.sealed);
  rmSync(path, { force: true });
  syncFolder(files.sealed);
  return statSync(packed).size;
}

async function digestOf(path: string, packed: boolean): Promise<string> {
  const digest = createHash("sha256");
  if (packed) await pipeline(createReadStream(path), createGunzip(), digest);
  else await pipeline(createReadStream(path), digest);
  return digest.digest("hex");
}
