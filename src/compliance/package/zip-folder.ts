import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Zip, ZipDeflate } from "fflate";

const CHUNK_BYTES = 1_048_576;
/** Length of the end of a zip without its comment, and of ours: a SHA-256 in hex. */
export const END_BYTES = 22;
export const COMMENT_BYTES = 64;
/** Sizes and places in a zip are 32 bits wide. */
export const MAX_ZIP_BYTES = 4_000_000_000;

/**
 * Writes files of a folder into a zip and gives its length. The same files make the same bytes on every machine: in the
 * order given, all of one time, packed by code that does not change with Node. The comment at the end is the SHA-256 of
 * everything before it, so that no byte can change unseen, not even one that unpacking passes over. One file's chunk is in
 * memory at a time.
 */
export function zipFolder(folder: string, paths: readonly string[], target: string): number {
  const fd = openSync(target, "wx", 0o600);
  try {
    const out = commentedOutput(fd);
    let fault: Error | null = null;
    const zip = new Zip((error, bytes, isLast) => {
      fault ??= error;
      if (error === null) out.write(bytes, isLast);
    });
    for (const path of paths) addFile(zip, join(folder, path), path);
    zip.end();
    if (fault !== null) throw fault;
    fsyncSync(fd);
    return out.length();
  } finally {
    closeSync(fd);
  }
}

function addFile(zip: Zip, file: string, name: string): void {
  const entry = new ZipDeflate(name, { level: 6 });
  // Times in a zip are local ones: this one is the same everywhere.
  entry.mtime = new Date(1980, 0, 1);
  zip.add(entry);
  const fd = openSync(file, "r");
  try {
    for (;;) {
      const chunk = new Uint8Array(CHUNK_BYTES);
      const got = readSync(fd, chunk);
      entry.push(chunk.subarray(0, got), got === 0);
      if (got === 0) return;
    }
  } finally {
    closeSync(fd);
  }
}

/** Writes what comes, holds the end back until it is known to be the end, and gives it its comment. */
function commentedOutput(fd: number) {
  const digest = createHash("sha256");
  let held: Buffer = Buffer.alloc(0);
  let written = 0;
  const put = (bytes: Buffer): void => {
    digest.update(bytes);
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    written += bytes.length;
  };
  return {
    write(bytes: Uint8Array, isLast: boolean): void {
      const all = Buffer.concat([held, bytes]);
      const keep = Math.min(END_BYTES, all.length);
      put(all.subarray(0, all.length - keep));
      held = Buffer.from(all.subarray(all.length - keep));
      if (!isLast) return;
      held.writeUInt16LE(COMMENT_BYTES, END_BYTES - 2);
      put(held);
      const comment = Buffer.from(digest.digest("hex"), "latin1");
      for (let done = 0; done < comment.length; ) done += writeSync(fd, comment, done);
      written += comment.length;
    },
    length: () => written,
  };
}
