import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { chmod, type FileHandle, mkdir, open, readdir, readFile, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as wrong from "./errors.ts";
import type { EvidenceContent } from "./evidence.ts";
import { EVIDENCE_LIMITS } from "./evidence.ts";

const CHUNK_BYTES = 1024 * 1024;
const READ = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

export interface KeptBytes {
  readonly sha256: string;
  readonly bytes: number;
}

/** Where the bytes with that digest lie under the evidence folder. */
export function bytesPath(folder: string, sha256: string): string {
  return join(folder, "sha256", sha256.slice(0, 2), sha256);
}

/**
 * Copies the content under its own SHA-256: written aside, made durable, then renamed, so that what lies there is always
 * whole. `temporary` is a file name that nobody else uses.
 */
export async function keepBytes(folder: string, content: EvidenceContent, temporary: string): Promise<KeptBytes> {
  const aside = join(folder, "incoming", temporary);
  await mkdir(dirname(aside), { recursive: true, mode: 0o700 }).catch(wrong.notKept);
  const target = await open(aside, "wx", 0o600).catch(wrong.notKept);
  try {
    const kept = "file" in content ? await copyFile(content, target) : await copyBytes(content.bytes, target);
    await target.sync().catch(wrong.notKept);
    await target.close();
    const path = bytesPath(folder, kept.sha256);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch(wrong.notKept);
    await chmod(aside, 0o400);
    await rename(aside, path).catch(wrong.notKept);
    return kept;
  } catch (error) {
    await target.close().catch(() => undefined);
    await unlink(aside).catch(() => undefined);
    throw error;
  }
}

async function copyBytes(bytes: Uint8Array, target: FileHandle): Promise<KeptBytes> {
  await target.writeFile(bytes).catch(wrong.notKept);
  return { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length };
}

async function copyFile(content: { file: string; maxBytes?: number }, target: FileHandle): Promise<KeptBytes> {
  const limit = content.maxBytes ?? EVIDENCE_LIMITS.fileBytes;
  const source = await open(content.file, READ).catch((cause) => wrong.unreadable(content.file, cause));
  try {
    const facts = await source.stat();
    if (!facts.isFile()) throw wrong.notRegular(content.file);
    if (facts.size > limit) throw wrong.tooLarge(`the file ${JSON.stringify(content.file)}`, facts.size, limit);
    const digest = createHash("sha256");
    const buffer = Buffer.alloc(CHUNK_BYTES);
    let bytes = 0;
    for (;;) {
      const { bytesRead } = await source.read(buffer, 0, CHUNK_BYTES, bytes);
      if (bytesRead === 0) break;
      bytes += bytesRead;
      // A file that grows while it is read must not fill the disk.
      if (bytes > limit) throw wrong.tooLarge(`the file ${JSON.stringify(content.file)}`, bytes, limit);
      const part = buffer.subarray(0, bytesRead);
      digest.update(part);
      await writeWhole(target, part);
    }
    return { sha256: digest.digest("hex"), bytes };
  } finally {
    await source.close();
  }
}

async function writeWhole(target: FileHandle, part: Buffer): Promise<void> {
  for (let written = 0; written < part.length; ) {
    const { bytesWritten } = await target.write(part, written).catch(wrong.notKept);
    written += bytesWritten;
  }
}

/** SHA-256 of the bytes that lie there; undefined when nothing does. */
export async function digestOfFile(path: string): Promise<KeptBytes | undefined> {
  const file = await open(path, READ).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT" || cause.code === "ELOOP" || cause.code === "ENOTDIR") return undefined;
    throw cause;
  });
  if (file === undefined) return undefined;
  try {
    if (!(await file.stat()).isFile()) return undefined;
    const digest = createHash("sha256");
    let bytes = 0;
    for await (const chunk of file.createReadStream({ autoClose: false })) {
      digest.update(chunk);
      bytes += (chunk as Buffer).length;
    }
    return { sha256: digest.digest("hex"), bytes };
  } finally {
    await file.close();
  }
}

/** Writes a manifest's file as a whole. */
export async function writeManifest(folder: string, id: string, text: string, temporary: string): Promise<void> {
  const path = join(folder, "manifests", `${id}.json`);
  const aside = join(folder, "incoming", temporary);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch(wrong.notKept);
  const file = await open(aside, "wx", 0o600).catch(wrong.notKept);
  try {
    await file.writeFile(text).catch(wrong.notKept);
    await file.sync().catch(wrong.notKept);
  } finally {
    await file.close();
  }
  await rename(aside, path).catch(wrong.notKept);
}

export async function readManifest(folder: string, id: string): Promise<string | undefined> {
  const path = join(folder, "manifests", `${id}.json`);
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT" || cause.code === "ENOTDIR") return undefined;
    throw wrong.evidenceDamaged(id, `its manifest cannot be read (${cause.code ?? "unexpected failure"})`);
  });
  return text !== undefined && text.length > EVIDENCE_LIMITS.manifestBytes * 2 ? "" : text;
}

export async function manifestIds(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, "manifests")).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return [];
    throw cause;
  });
  return names.filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -".json".length));
}
