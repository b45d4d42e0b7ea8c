import { constants } from "node:fs";
import { open } from "node:fs/promises";

/**
 * All bytes of a plain file. Links and devices are refused at the moment of opening (O_NOFOLLOW, and O_NONBLOCK so that
 * a FIFO put in the file's place cannot hang us), and a file that grows past `limitBytes` while it is read is refused.
 */
export async function readPlainFile(path: string, limitBytes: number): Promise<Uint8Array> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    if (!(await file.stat()).isFile()) throw Object.assign(new Error("no plain file"), { code: "ENOTFILE" });
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    for (;;) {
      const { bytesRead, buffer } = await file.read({ buffer: new Uint8Array(64 * 1024) });
      if (bytesRead === 0) return Buffer.concat(chunks, sizeBytes);
      sizeBytes += bytesRead;
      if (sizeBytes > limitBytes) throw Object.assign(new Error("file too large"), { code: "EFBIG" });
      chunks.push(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}
