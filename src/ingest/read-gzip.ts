import { createGunzip, type Gunzip } from "node:zlib";
import { gzipDamaged, unpacksTooLarge } from "./errors.ts";

/** Packed bytes given to zlib at once: at most 16 MiB come out of them, whatever they are. */
const PIECE_BYTES = 16 * 1024;
/** Checksum and length at a gzip file's end: given to zlib alone, for a fault takes the bytes unpacked with it along. */
const TRAILER_BYTES = 8;

/**
 * The unpacked bytes of a gzip file of one or more members. A cut file gives everything up to the cut and then fails with
 * INGEST_GZIP_DAMAGED; so does a corrupt one, of which the last 16 KiB before the fault may be missing. One that unpacks
 * past the limit fails with FILE_TOO_LARGE.
 */
export async function* gunzipChunks(
  path: string,
  packed: AsyncIterable<Buffer>,
  maxUnpackedBytes: number,
): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  const ready: Buffer[] = [];
  let unpackedBytes = 0;
  let fault: Error | undefined;
  // Listening for data instead of iterating: an iterator throws away what was unpacked before a fault.
  gunzip.on("data", (chunk: Buffer) => {
    unpackedBytes += chunk.length;
    ready.push(chunk);
  });
  gunzip.on("error", (error) => {
    fault = error;
  });
  const judge = () => {
    if (unpackedBytes > maxUnpackedBytes) throw unpacksTooLarge(path, maxUnpackedBytes);
    if (fault !== undefined) throw gzipDamaged(path, unpackedBytes, fault);
  };

  try {
    let held: Buffer = Buffer.alloc(0);
    for await (const chunk of packed) {
      const bytes = Buffer.concat([held, chunk]);
      const end = Math.max(0, bytes.length - TRAILER_BYTES);
      held = bytes.subarray(end);
      for (let from = 0; from < end; from += PIECE_BYTES) {
        await written(gunzip, bytes.subarray(from, Math.min(end, from + PIECE_BYTES)));
        yield* ready.splice(0);
        judge();
      }
    }
    await ended(gunzip, held);
    yield* ready.splice(0);
    judge();
  } finally {
    gunzip.destroy();
  }
}

/** Resolves when zlib has taken the piece, or has closed on a fault: then the write is never called back. */
function written(gunzip: Gunzip, piece: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      gunzip.removeListener("close", settle);
      resolve();
    };
    gunzip.once("close", settle);
    gunzip.write(piece, settle);
  });
}

function ended(gunzip: Gunzip, last: Buffer): Promise<void> {
  return new Promise((resolve) => {
    gunzip.once("close", () => resolve());
    gunzip.end(last);
  });
}
