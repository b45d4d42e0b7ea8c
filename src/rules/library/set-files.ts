import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import type { RuleFile } from "../load-rules.ts";
import * as wrong from "./errors.ts";

/** Lower-case, so that it names the same folder on every file system. */
export const SET_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const DIGEST = /^[0-9a-f]{64}$/;

const plugin = z.strictObject({ name: z.string(), version: z.string(), sources: z.array(z.string()) });

/** manifest.json of one version: what it is made of and how it was loaded first. */
const MANIFEST = z.strictObject({
  v: z.literal(1),
  digest: z.string().regex(DIGEST),
  loaded_at_ms: z.number(),
  origin: z.array(z.string()),
  engine: z.string().optional(),
  plugins: z.array(plugin).optional(),
  ok: z.boolean(),
  rules: z.int(),
  files: z.array(z.strictObject({ name: z.string(), stored: z.string(), bytes: z.int(), sha256: z.string() })),
});

export type Manifest = z.output<typeof MANIFEST>;

/** The digest of rule files in load order: SHA-256 over each file's base name, length and bytes. */
export function digestOfFiles(files: readonly RuleFile[]): string {
  const hash = createHash("sha256");
  for (const { name, text } of files) {
    const bytes = Buffer.from(text);
    hash
      .update(JSON.stringify([basename(name), bytes.length]))
      .update("\n")
      .update(bytes);
  }
  return hash.digest("hex");
}

/** Writes a version whole or not at all, then makes it current. A version that is there already stays as it is. */
export async function writeVersion(
  folder: string,
  manifest: Omit<Manifest, "v" | "files">,
  files: readonly RuleFile[],
  newId: () => string,
): Promise<void> {
  const working = join(folder, `.new-${newId()}`);
  const rows: Manifest["files"] = [];
  try {
    await mkdir(join(working, "files"), { recursive: true, mode: 0o700 });
    for (const [at, { name, text }] of files.entries()) {
      const bytes = Buffer.from(text);
      const stored = `${String(at + 1).padStart(3, "0")}.yaml`;
      await writeFile(join(working, "files", stored), bytes, { mode: 0o600 });
      rows.push({ name, stored, bytes: bytes.length, sha256: sha256(bytes) });
    }
    const whole: Manifest = { v: 1, ...manifest, files: rows };
    await writeFile(join(working, "manifest.json"), `${JSON.stringify(whole, null, 2)}\n`, { mode: 0o600 });
    await rename(working, join(folder, manifest.digest)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST" && error.code !== "EPERM") throw error;
    });
    const pointer = join(folder, `.current-${newId()}`);
    await writeFile(pointer, `${JSON.stringify({ ...whole, files: undefined })}\n`, { mode: 0o600 });
    await rename(pointer, join(folder, "current"));
  } catch (error) {
    throw wrong.notWritten(folder, error);
  } finally {
    await rm(working, { recursive: true, force: true }).catch(() => undefined);
  }
}

const CURRENT = MANIFEST.omit({ files: true });
export type Current = z.output<typeof CURRENT>;

/** Which version is current and how it was loaded last; undefined where the set was never loaded. */
export async function readCurrent(folder: string, name: string): Promise<Current | undefined> {
  const text = await readFile(join(folder, "current"), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw wrong.damaged(name, `${error.code ?? "error"} when reading it`, error);
  });
  if (text === undefined) return undefined;
  return parse(CURRENT, text, name, "current");
}

/** A version's manifest. Fails with RULES_SET_DAMAGED. */
export async function readManifest(folder: string, digest: string, name: string): Promise<Manifest> {
  const path = join(folder, digest, "manifest.json");
  const text = await readFile(path, "utf8").catch((error: unknown) =>
    Promise.reject(wrong.damaged(name, "manifest.json cannot be read", error)),
  );
  return parse(MANIFEST, text, name, "manifest.json");
}

/** A version's files, each checked against its hash. Fails with RULES_SET_DAMAGED. */
export async function readVersion(folder: string, manifest: Manifest, name: string): Promise<RuleFile[]> {
  const files: RuleFile[] = [];
  for (const row of manifest.files) {
    const path = join(folder, manifest.digest, "files", basename(row.stored));
    const bytes = await readFile(path).catch((error: unknown) =>
      Promise.reject(wrong.damaged(name, `its copy of ${JSON.stringify(row.name)} cannot be read`, error)),
    );
    if (sha256(bytes) !== row.sha256) {
      throw wrong.damaged(name, `its copy of ${JSON.stringify(row.name)} was changed after it was stored`);
    }
    files.push({ name: row.name, text: bytes.toString("utf8") });
  }
  return files;
}

/** Digests of the versions that are kept. */
export async function listVersions(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => DIGEST.test(name));
}

function parse<Schema extends z.ZodType>(schema: Schema, text: string, name: string, file: string): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw wrong.damaged(name, `${file} is not what was written`, error);
  }
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
