import type { CaptureBytes } from "../../scap/open-capture.ts";

/** Bytes of a capture's frame that say what a block is and how long. */
const HEAD_BYTES = 8;
/** Larger blocks than any recorder writes are not held. */
const MAX_BLOCK_BYTES = 64 * 1024 * 1024;

/**
 * The raw blocks of a capture, whole and in order. What cannot be cut into blocks (an impossible length, an end within a
 * block) is given as it is, in one last piece of at most 64 KiB, so that the reader of blocks can say what is wrong.
 */
export async function* splitBlocks(capture: CaptureBytes): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  const waiting: Buffer[] = [];
  let held = 0;
  let wanted = HEAD_BYTES;
  for await (const piece of capture) {
    held += piece.length;
    if (held < wanted) {
      // A piece is valid only until the next one.
      waiting.push(Buffer.from(piece));
      continue;
    }
    rest = waiting.length === 0 ? piece : Buffer.concat([...waiting, piece]);
    waiting.length = 0;
    let at = 0;
    wanted = HEAD_BYTES;
    while (rest.length - at >= HEAD_BYTES) {
      const length = rest.readUInt32LE(at + 4);
      if (length < 12 || length > MAX_BLOCK_BYTES) {
        yield rest.subarray(at, at + 65_536);
        return;
      }
      if (length > rest.length - at) {
        wanted = length;
        break;
      }
      yield rest.subarray(at, at + length);
      at += length;
    }
    rest = rest.subarray(at);
    held = rest.length;
    if (held > 0) waiting.push(Buffer.from(rest));
  }
  if (held > 0) yield Buffer.concat(waiting);
}
