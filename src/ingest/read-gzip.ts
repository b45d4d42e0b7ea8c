import { once } from "node:events";
import { createGunzip, type Gunzip } from "node:zlib";
import { gzipDamaged, unpacksTooLarge } from "./errors.ts";

/** Packed bytes given to zlib at once: at most 16 MiB come out of them, whatever they are. */
const PIECE_BYTES = 16 * 1024;

/**
 * The unpacked bytes of a gzip file of one or more members. A cut or corrupt file gives everything up to the fault and
 * then fails with INGEST_GZIP_DAMAGED; one that unpacks past the limit fails with FILE_TOO_LARGE.
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
    for await (const chunk of packed) {
      for (let from = 0; from < chunk.length; from += PIECE_BYTES) {
        await written(gunzip, chunk.subarray(from, from + PIECE_BYTES));
        yield* ready.splice(0);
        judge();
      }
    }
    const closed = once(gunzip, "close");
    gunzip.end();
    await closed;
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
