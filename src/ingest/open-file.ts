import { constants, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { cannotOpen, notRegular } from "./errors.ts";

export interface OpenFile {
  readonly file: FileHandle;
  readonly stats: Stats;
}

/**
 * A plain file, open for reading. What it is gets decided on the open file, so nothing put in its place can slip by:
 * O_NONBLOCK keeps a FIFO from hanging us; a link is refused unless `followLinks`.
 * Fails with FILE_NOT_FOUND, FILE_UNREADABLE or FILE_NOT_REGULAR.
 */
export async function openRegularFile(path: string, followLinks = false): Promise<OpenFile> {
  const noFollow = followLinks ? 0 : (constants.O_NOFOLLOW ?? 0);
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | noFollow);
  } catch (error) {
    throw cannotOpen(path, error as NodeJS.ErrnoException);
  }
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw notRegular(path, kindOf(stats));
    return { file, stats };
  } catch (error) {
    await file.close();
    throw error;
  }
}

export function kindOf(stats: Pick<Stats, "isFIFO" | "isSocket" | "isDirectory" | "isSymbolicLink">): string {
  if (stats.isSymbolicLink()) return "a symbolic link";
  if (stats.isFIFO()) return "a FIFO";
  if (stats.isSocket()) return "a socket";
  if (stats.isDirectory()) return "a folder";
  return "a device";
}

const CHUNK_BYTES = 256 * 1024;

/**
 * The bytes of an open file from `position` up to `end`, however much it grows meanwhile. Each chunk is a view into one
 * buffer: it holds until the next one is asked for.
 */
export async function* readChunks(file: FileHandle, position: number, end: number): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(1, end - position)));
  for (let at = position; at < end; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - at), at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
