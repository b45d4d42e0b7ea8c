import { lstatSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { readRuleFiles } from "../../rules/library/read-rule-files.ts";
import type { RuleFile } from "../../rules/load-rules.ts";

/** One entry of rules_files with what Falco loads for it. */
interface Entry {
  readonly path: string;
  readonly kind: "folder" | "file";
  readonly files: readonly RuleFile[];
}

/** New texts by file name; undefined removes the file. */
export type Overlay = ReadonlyMap<string, string | undefined>;

export interface LoadedFiles {
  /** Every file that Falco loads once the overlay lies over the rules folder, in load order, named by its path. */
  with(overlay: Overlay): RuleFile[];
  /** Whether Falco loads a file of that name from the rules folder. */
  loads(name: string): boolean;
}

/**
 * The rule files that Falco loads now, with a way to ask what it would load: folders give their .yaml and .yml files in
 * the order of their names, entries that do not exist give nothing, as Falco passes over them without a word. Fails as
 * readRuleFiles does.
 */
export async function readLoadedFiles(folder: string, rulesFiles: readonly string[]): Promise<LoadedFiles> {
  const entries: Entry[] = [];
  for (const path of rulesFiles) entries.push(await readEntry(path));
  const isHere = ({ kind, path }: Entry): boolean =>
    kind === "folder" ? realPath(path) === folder : realPath(dirname(path)) === folder;
  return {
    with: (overlay) => entries.flatMap((entry) => (isHere(entry) ? overlaid(entry, overlay) : entry.files)),
    loads: (name) =>
      entries.some((entry) => isHere(entry) && (entry.kind === "folder" || basename(entry.path) === name)),
  };
}

async function readEntry(path: string): Promise<Entry> {
  const facts = lstatSync(realPath(path), { throwIfNoEntry: false });
  const kind = facts?.isDirectory() ? "folder" : "file";
  if (facts === undefined) return { path, kind, files: [] };
  try {
    return { path, kind, files: (await readRuleFiles([path])).files };
  } catch (error) {
    if (error instanceof FalcoSkillsError && error.code === "RULES_NO_FILES") return { path, kind, files: [] };
    throw error;
  }
}

function overlaid({ kind, path, files }: Entry, overlay: Overlay): readonly RuleFile[] {
  const texts = new Map(files.map(({ name, text }) => [basename(name), text]));
  for (const [name, text] of overlay) {
    if (kind === "file" && name !== basename(path)) continue;
    if (text === undefined) texts.delete(name);
    else texts.set(name, text);
  }
  return [...texts]
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([name, text]) => ({ name: kind === "folder" ? join(path, name) : path, text }));
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}
