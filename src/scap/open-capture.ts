import { type FileHandle, open } from "node:fs/promises";
import { constants, createGunzip } from "node:zlib";
import type { ErrorCode } from "../errors/codes.ts";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { captureError } from "./capture-fault.ts";

/** The unpacked bytes of a capture in pieces, in order. A piece is valid until the next one is asked for. */
export type CaptureBytes = AsyncIterable<Buffer>;

const PIECE_BYTES = 1024 * 1024;
const GZIP_MAGIC = [0x1f, 0x8b];

/**
 * The unpacked bytes of the capture file at `path`, packed with gzip or not; read in pieces, never as a whole.
 * Fails with FILE_NOT_FOUND, FILE_UNREADABLE or FILE_NOT_REGULAR at once; while reading with CAPTURE_DAMAGED or
 * CAPTURE_TRUNCATED where the packed data does not unpack, after everything before that place was given.
 */
export async function openCapture(path: string): Promise<{ bytes: CaptureBytes; packedBytes: number }> {
  const file = await open(path).catch((cause: NodeJS.ErrnoException) => {
    throw openError(path, cause);
  });
  const stat = await file.stat();
  if (!stat.isFile()) {
    await file.close();
    throw fileError("FILE_NOT_REGULAR", path, "is no plain file", "Pass the path of a .scap file.");
  }
  return { bytes: readFrom(file), packedBytes: stat.size };
}

async function* readFrom(file: FileHandle): AsyncGenerator<Buffer> {
  try {
    const magic = Buffer.alloc(2);
    await file.read(magic, 0, 2, 0);
    if (magic[0] === GZIP_MAGIC[0] && magic[1] === GZIP_MAGIC[1]) yield* unpack(file);
    else yield* piecesInPlace(file);
  } finally {
    await file.close();
  }
}

/** One buffer for all pieces: memory that was used before costs much less than new memory. */
async function* piecesInPlace(file: FileHandle): AsyncGenerator<Buffer> {
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  for (let at = 0; ; ) {
    const { bytesRead } = await file.read(piece, 0, PIECE_BYTES, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
}

/**
 * A stream that is damaged or cut loses what was unpacked in the step that met the fault. So the file is unpacked a second
 * time, giving only what the first time did not: a cut one with a sync flush, which gives its last bytes too and then ends
 * without a word, a damaged one in steps so small that next to nothing is lost.
 */
async function* unpack(file: FileHandle): AsyncGenerator<Buffer> {
  let given = 0;
  let fault: NodeJS.ErrnoException;
  try {
    for await (const piece of gunzip(file, PIECE_BYTES, constants.Z_FINISH)) {
      given += piece.length;
      yield piece;
    }
    return;
  } catch (thrown) {
    if (!isZlibError(thrown)) throw thrown;
    fault = thrown;
  }
  const isCut = fault.code === "Z_BUF_ERROR";
  const step = isCut ? PIECE_BYTES : Math.max(64, Math.ceil(given / 20_000));
  let skip = given;
  try {
    for await (const piece of gunzip(file, step, constants.Z_SYNC_FLUSH)) {
      given += Math.max(0, piece.length - skip);
      if (piece.length > skip) yield piece.subarray(skip);
      skip = Math.max(0, skip - piece.length);
    }
  } catch (thrown) {
    if (!isZlibError(thrown)) throw thrown;
    throw captureError("CAPTURE_DAMAGED", `the packed data does not unpack: ${thrown.message}`);
  }
  // Of nothing at all the reader says better what it is.
  if (isCut && given > 0) {
    throw captureError("CAPTURE_TRUNCATED", `the packed data ends too soon, after ${given} unpacked bytes`);
  }
}

async function* gunzip(file: FileHandle, chunkSize: number, finishFlush: number): AsyncGenerator<Buffer> {
  const stream = createGunzip({ chunkSize, finishFlush });
  const feed = (async () => {
    for await (const piece of piecesInPlace(file)) {
      if (stream.destroyed || !(await taken(stream, piece))) return;
    }
    stream.end();
  })().catch((thrown: unknown) => stream.destroy(thrown as Error));
  try {
    yield* stream;
  } finally {
    stream.destroy();
    await feed;
  }
}

/** Waits until the stream has used a piece up, so that its memory is free again; false where the stream is at its end. */
function taken(stream: ReturnType<typeof createGunzip>, piece: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const ended = () => resolve(false);
    stream.once("close", ended);
    stream.write(piece, (error) => {
      stream.off("close", ended);
      resolve(!error);
    });
  });
}

function isZlibError(thrown: unknown): thrown is NodeJS.ErrnoException {
  return thrown instanceof Error && /^Z_/.test(String((thrown as NodeJS.ErrnoException).code));
}

function openError(path: string, cause: NodeJS.ErrnoException): FalcoSkillsError {
  if (cause.code === "ENOENT" || cause.code === "ENOTDIR") {
    return fileError("FILE_NOT_FOUND", path, "does not exist", "Pass the path of a .scap file that exists.", cause);
  }
  return fileError("FILE_UNREADABLE", path, "cannot be opened", "Allow reading the file and try again.", cause);
}

function fileError(code: ErrorCode, path: string, what: string, fix: string, cause?: unknown): FalcoSkillsError {
  return new FalcoSkillsError(code, `capture ${JSON.stringify(path)} ${what}`, { fix, where: path, cause });
}
