import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { LIMITS } from "./checklist-line.ts";
import * as wrong from "./errors.ts";

const SUFFIX = ".jsonl";
const NOFOLLOW = constants.O_NOFOLLOW ?? 0;
const READ = constants.O_RDONLY | NOFOLLOW | (constants.O_NONBLOCK ?? 0);
const APPEND = constants.O_RDWR | constants.O_APPEND | NOFOLLOW;

/** Files of checklists in a folder, one a checklist: `<id>.jsonl`. Nothing is ever rewritten, only appended. */
export interface ChecklistFiles {
  /** The file's text; undefined when there is no such file. */
  read(id: string): Promise<string | undefined>;
  /** Fails when the file exists. */
  create(id: string, line: string): Promise<void>;
  /** Appends a line; false when the file would grow past its limit. */
  append(id: string, line: string): Promise<boolean>;
  ids(): Promise<string[]>;
}

export function checklistFiles(folder: string): ChecklistFiles {
  const path = (id: string) => join(folder, `${id}${SUFFIX}`);
  return {
    async read(id) {
      const file = await openToRead(path(id), id);
      if (file === undefined) return undefined;
      try {
        if (!(await file.stat()).isFile()) return "";
        return await readUpTo(file, LIMITS.fileBytes);
      } finally {
        await file.close();
      }
    },
    async create(id, line) {
      const file = await mkdir(folder, { recursive: true, mode: 0o700 })
        .then(() => open(path(id), "ax", 0o600))
        .catch(wrong.notWritten);
      try {
        await writeAtOnce(file, line);
      } catch (cause) {
        await unlink(path(id)).catch(() => undefined);
        throw wrong.notWritten(cause);
      } finally {
        await file.close();
      }
    },
    async append(id, line) {
      const file = await open(path(id), APPEND).catch(wrong.notWritten);
      try {
        const { size } = await file.stat();
        if (size + Buffer.byteLength(line) + 2 > LIMITS.fileBytes) return false;
        await writeAtOnce(file, (await endsTorn(file, size)) ? `\n${line}` : line).catch(wrong.notWritten);
        return true;
      } finally {
        await file.close();
      }
    },
    async ids() {
      const names = await readdir(folder).catch((cause: { code?: string }) => {
        if (cause.code === "ENOENT") return [];
        throw cause;
      });
      return names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length));
    },
  };
}

/**
 * One write call for one line: under O_APPEND the kernel puts it at the end as a whole, so lines of two processes never
 * mix. A short write (full disk) leaves a torn line, which the next append separates from its own.
 */
async function writeAtOnce(file: FileHandle, line: string): Promise<void> {
  const bytes = Buffer.from(`${line}\n`);
  const { bytesWritten } = await file.write(bytes, 0, bytes.length);
  if (bytesWritten !== bytes.length) throw Object.assign(new Error("short write"), { code: "ENOSPC" });
  await file.datasync();
}

async function endsTorn(file: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { bytesRead, buffer } = await file.read(new Uint8Array(1), 0, 1, size - 1);
  return bytesRead === 1 && buffer[0] !== 0x0a;
}

async function openToRead(path: string, id: string): Promise<FileHandle | undefined> {
  return open(path, READ).catch((cause: { code?: string }) => {
    if (cause.code === "ENOENT") return undefined;
    throw wrong.checklistDamaged(id, `it cannot be read (${cause.code ?? "unexpected failure"})`);
  });
}

async function readUpTo(file: FileHandle, limitBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  while (sizeBytes < limitBytes) {
    const { bytesRead, buffer } = await file.read({ buffer: new Uint8Array(64 * 1024) });
    if (bytesRead === 0) break;
    chunks.push(buffer.subarray(0, bytesRead));
    sizeBytes += bytesRead;
  }
  return Buffer.concat(chunks, sizeBytes).toString("utf8");
}
