import { closeSync, fsyncSync, openSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** Writes a file that must not exist yet and waits until the disk has it. */
export function writeNew(path: string, text: string | Uint8Array, mode: number): void {
  writeThrough(path, text, "wx", mode);
  syncFolder(dirname(path));
}

/** Replaces a file as a whole: a reader sees the old text or the new one; with "durable" also after a power cut. */
export function replaceFile(path: string, text: string, durability: "durable" | "lazy"): void {
  const temporary = `${path}.new`;
  if (durability === "durable") writeThrough(temporary, text, "w", 0o600);
  else writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, path);
}

/** Makes renames and new names in a folder durable; where folders cannot be opened (Windows) they already are. */
export function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const fd = openSync(folder, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function writeThrough(path: string, text: string | Uint8Array, flags: string, mode: number): void {
  const fd = openSync(path, flags, mode);
  try {
    const bytes = typeof text === "string" ? Buffer.from(text) : text;
    for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
