import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";

/**
 * Size and SHA-256 (hex) of a file as it stands on disk, read in pieces. Fails with FILE_NOT_FOUND, FILE_NOT_REGULAR or
 * FILE_UNREADABLE, and with CANCELLED when the signal fires.
 */
export async function digestFile(path: string, signal?: AbortSignal): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(path, cause);
  });
  if (!found.isFile()) {
    throw new FalcoSkillsError("FILE_NOT_REGULAR", `${JSON.stringify(path)} is no plain file`, {
      fix: "Pass the path of a capture or of a file of JSON events.",
      where: path,
    });
  }
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
      if (signal?.aborted) {
        throw new FalcoSkillsError("CANCELLED", "the run was cancelled", { fix: "Start it again when needed." });
      }
      hash.update(piece as Buffer);
      bytes += (piece as Buffer).length;
    }
  } catch (cause) {
    throw cause instanceof FalcoSkillsError ? cause : unreadable(path, cause as NodeJS.ErrnoException);
  }
  return { bytes, sha256: hash.digest("hex") };
}

function unreadable(path: string, cause: NodeJS.ErrnoException): FalcoSkillsError {
  const isMissing = cause.code === "ENOENT" || cause.code === "ENOTDIR";
  return new FalcoSkillsError(
    isMissing ? "FILE_NOT_FOUND" : "FILE_UNREADABLE",
    `${JSON.stringify(path)} ${isMissing ? "does not exist" : "cannot be read"}`,
    { fix: "Pass the path of a file that exists and may be read.", where: path, cause },
  );
}
