import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir, readlink } from "node:fs/promises";
import { posix } from "node:path";
import * as wrong from "./file-errors.ts";
import type { FileState } from "./running-falco.ts";

export interface FileContent extends FileState {
  readonly content: Buffer;
}

export interface FolderEntry {
  readonly name: string;
  readonly kind: "file" | "folder" | "other";
}

/** The files of a process as it sees them: of its container or jail where it has its own tree. Paths are absolute. */
export interface ProcessFiles {
  /** Fails with FILE_NOT_FOUND, FILE_UNREADABLE, FILE_NOT_REGULAR or FILE_TOO_LARGE. */
  read(path: string, maxBytes: number): Promise<FileContent>;
  kindOf(path: string): Promise<FolderEntry["kind"] | undefined>;
  /** The entries of a folder in byte order, links followed, at most `most`. */
  list(path: string, most: number): Promise<readonly FolderEntry[]>;
}

const MOST_LINKS = 40;

/**
 * Files below `root` ("" for our own tree, /proc/<pid>/root for a process's). Links are followed by us, inside the root:
 * the kernel would follow an absolute link of a container in our tree, and hand it our files.
 */
export function createProcessFiles(root: string): ProcessFiles {
  const inTree = (parts: readonly string[]) => `${root}/${parts.join("/")}`;

  async function locate(path: string): Promise<string> {
    if (path.includes("\0") || !path.startsWith("/")) throw wrong.notFound(path);
    let ahead = path.split("/").filter((part) => part !== "");
    let parts: string[] = [];
    let links = 0;
    while (ahead.length > 0) {
      const [part = "", ...rest] = ahead;
      ahead = rest;
      if (part === ".") continue;
      if (part === "..") {
        parts = parts.slice(0, -1);
        continue;
      }
      const here = inTree([...parts, part]);
      const state = await lstat(here).catch((error: unknown) => Promise.reject(wrong.unreadable(path, error)));
      if (!state.isSymbolicLink()) {
        parts.push(part);
        continue;
      }
      links += 1;
      if (links > MOST_LINKS) throw wrong.tooManyLinks(path);
      const target = await readlink(here).catch((error: unknown) => Promise.reject(wrong.unreadable(path, error)));
      if (target.startsWith("/")) parts = [];
      ahead = [...target.split("/").filter((name) => name !== ""), ...ahead];
      if (ahead.length > 1_000) throw wrong.tooManyLinks(path);
    }
    return inTree(parts);
  }

  return {
    async read(path, maxBytes) {
      const real = await locate(path);
      let handle: FileHandle | undefined;
      try {
        // Without O_NONBLOCK a FIFO would keep us waiting for a writer.
        const before = await lstat(real);
        if (!before.isFile()) throw wrong.notRegular(path);
        handle = await open(real, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0));
        const state = await handle.stat();
        if (!state.isFile() || state.ino !== before.ino || state.dev !== before.dev) throw wrong.notRegular(path);
        if (state.size > maxBytes) throw wrong.tooLarge(path, maxBytes);
        const content = await takeBytes(handle, maxBytes);
        if (content === undefined) throw wrong.tooLarge(path, maxBytes);
        const sha256 = createHash("sha256").update(content).digest("hex");
        return { content, bytes: content.length, sha256, changedMs: Math.round(state.mtimeMs) };
      } catch (error) {
        throw wrong.unreadable(path, error);
      } finally {
        await handle?.close();
      }
    },
    async kindOf(path) {
      const real = await locate(path).catch(() => undefined);
      if (real === undefined) return undefined;
      const state = await lstat(real).catch(() => undefined);
      if (state === undefined) return undefined;
      return state.isFile() ? "file" : state.isDirectory() ? "folder" : "other";
    },
    async list(path, most) {
      const real = await locate(path);
      const names = await readdir(real).catch((error: unknown) => Promise.reject(wrong.unreadable(path, error)));
      names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      const entries = names.slice(0, most).map(async (name): Promise<FolderEntry> => {
        const kind = await this.kindOf(posix.join(path, name));
        return { name, kind: kind ?? "other" };
      });
      return Promise.all(entries);
    },
  };
}

/** The whole content, or undefined when there is more than that: the size that stat tells may be 0 or outdated. */
async function takeBytes(handle: FileHandle, maxBytes: number): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for (;;) {
    const part = Buffer.allocUnsafe(Math.min(65_536, maxBytes + 1 - bytes));
    const { bytesRead } = await handle.read(part, 0, part.length, null);
    if (bytesRead === 0) return Buffer.concat(parts);
    bytes += bytesRead;
    if (bytes > maxBytes) return undefined;
    parts.push(part.subarray(0, bytesRead));
  }
}
