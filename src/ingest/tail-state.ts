import { createHash } from "node:crypto";

/** How many bytes at a file's beginning tell it from another one. */
export const HEAD_BYTES_OF_FILE = 1024;

/** A place in a file that is found again by what the file begins with, whatever its name or inode is by then. */
export interface Place {
  readonly dev: string;
  readonly ino: string;
  /** End of the last complete line that is stored. */
  readonly offset: number;
  /** SHA-256, hex, of the file's first min(1024, offset) bytes. */
  readonly head: string;
  /** True while the file was being read: if nothing holds this content later, lines may be missing. */
  readonly live: boolean;
  /** The alerts last seen in the file, to go on numbering equal ones. */
  readonly recent: readonly (readonly [id: string, count: number])[];
}

export function headHash(head: Uint8Array): string {
  return createHash("sha256").update(head).digest("hex");
}

export function headLength(offset: number): number {
  return Math.min(HEAD_BYTES_OF_FILE, offset);
}

export function printTailState(places: readonly Place[]): string {
  return JSON.stringify({ version: 1, places });
}

/** The places a checkpoint names; undefined where there is none or it is of another version. */
export function parseTailState(text: string | undefined): readonly Place[] | undefined {
  if (text === undefined) return undefined;
  try {
    const { version, places } = JSON.parse(text) as { version?: unknown; places?: unknown };
    return version === 1 && Array.isArray(places) && places.every(isPlace) ? places : undefined;
  } catch {
    return undefined;
  }
}

function isPlace(value: unknown): value is Place {
  if (typeof value !== "object" || value === null) return false;
  const { dev, ino, offset, head, live, recent } = value as Record<string, unknown>;
  const strings = [dev, ino, head].every((part) => typeof part === "string");
  return strings && Number.isSafeInteger(offset) && typeof live === "boolean" && Array.isArray(recent);
}
