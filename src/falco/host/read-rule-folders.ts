import { posix } from "node:path";
import { describeError } from "../../errors/describe-error.ts";
import type { ProcessFiles } from "./process-files.ts";
import type { ConfigFile, RuleFileOnDisk } from "./running-falco.ts";

export interface RuleFolders {
  readonly loaded: readonly RuleFileOnDisk[];
  readonly missing: readonly string[];
  readonly unloaded: readonly UnloadedFile[];
  /** Whether a rule says capture: true; undefined when a loaded file could not be read. */
  readonly capture: boolean | undefined;
}

export interface UnloadedFile {
  readonly path: string;
  readonly reason: string;
}

const MOST_FILES = 500;
const MOST_RULE_BYTES = 16 * 1_048_576;
/** Enough of a file to tell whether it holds rules. */
const LOOKED_AT = 262_144;

const isRuleName = (name: string): boolean => /\.ya?ml$/.test(name);
/** A reason of `unloaded`. */
export const WRONG_NAME = "its name does not end in .yaml or .yml";
const NESTED = "it lies in a folder inside a rules folder, where Falco does not look";
const NOT_NAMED = "no entry of rules_files leads to it";

/**
 * The rule files that these entries (files or folders, absolute) lead to, in Falco's load order, with their hashes; and
 * files that look like rules near them, or beside the configuration, that Falco does not load, with the reason.
 */
export async function readRuleFolders(
  files: ProcessFiles,
  entries: readonly string[],
  configFiles: readonly ConfigFile[],
): Promise<RuleFolders> {
  const loaded: { path: string; entry: string }[] = [];
  const missing: string[] = [];
  const doubtful: UnloadedFile[] = [];
  for (const entry of entries) {
    const kind = await files.kindOf(entry);
    if (kind === undefined) missing.push(entry);
    else if (kind === "folder") await takeFolder(files, entry, loaded, doubtful);
    else if (isRuleName(entry)) loaded.push({ path: entry, entry });
    else doubtful.push({ path: entry, reason: WRONG_NAME });
  }
  const known = new Set([...loaded, ...doubtful, ...configFiles].map(({ path }) => path));
  doubtful.push(...(await filesBeside(files, configFiles, entries, known)));
  const read = await readAll(files, loaded.slice(0, MOST_FILES));
  const paths = new Set(loaded.map(({ path }) => path));
  const unloaded: UnloadedFile[] = [];
  for (const file of doubtful.slice(0, MOST_FILES)) {
    // Another entry may lead to a file that lies where one would not look for it.
    if (!paths.has(file.path) && (await holdsRules(files, file.path))) unloaded.push(file);
  }
  return { ...read, missing, unloaded };
}

async function takeFolder(
  files: ProcessFiles,
  folder: string,
  loaded: { path: string; entry: string }[],
  doubtful: UnloadedFile[],
): Promise<void> {
  for (const { name, kind } of await files.list(folder, MOST_FILES).catch(() => [])) {
    const path = posix.join(folder, name);
    if (kind === "file" && isRuleName(name)) loaded.push({ path, entry: folder });
    else if (kind === "file") doubtful.push({ path, reason: WRONG_NAME });
    else if (kind === "folder" && !name.startsWith("..")) doubtful.push(...(await filesIn(files, path, NESTED)));
  }
}

/** Files in the configuration's folder, and in folders directly in it that no entry names. */
async function filesBeside(
  files: ProcessFiles,
  configFiles: readonly ConfigFile[],
  entries: readonly string[],
  known: ReadonlySet<string>,
): Promise<UnloadedFile[]> {
  const main = configFiles[0]?.path;
  if (main === undefined) return [];
  const home = posix.dirname(main);
  if (home === "/" || entries.includes(home)) return [];
  const configFolders = new Set(configFiles.slice(1).map(({ path }) => posix.dirname(path)));
  const found = await filesIn(files, home, NOT_NAMED);
  for (const { name, kind } of await files.list(home, MOST_FILES).catch(() => [])) {
    const path = posix.join(home, name);
    if (kind !== "folder" || entries.includes(path) || configFolders.has(path)) continue;
    found.push(...(await filesIn(files, path, NOT_NAMED)));
  }
  return found.filter(({ path }) => !known.has(path));
}

async function filesIn(files: ProcessFiles, folder: string, reason: string): Promise<UnloadedFile[]> {
  const entries = await files.list(folder, MOST_FILES).catch(() => []);
  return entries.flatMap(({ name, kind }) =>
    kind === "file" && isRuleName(name) ? [{ path: posix.join(folder, name), reason }] : [],
  );
}

async function readAll(
  files: ProcessFiles,
  loaded: readonly { path: string; entry: string }[],
): Promise<Pick<RuleFolders, "loaded" | "capture">> {
  const read: RuleFileOnDisk[] = [];
  let captures = false;
  let unread = false;
  for (const { path, entry } of loaded) {
    try {
      const { content, bytes, sha256, changedMs } = await files.read(path, MOST_RULE_BYTES);
      read.push({ path, entry, state: { ok: true, value: { bytes, sha256, changedMs } } });
      if (/^[ \t]+["']?capture["']?[ \t]*:[ \t]*["']?(?:true|yes|on|y)\b/im.test(content.toString("utf8")))
        captures = true;
    } catch (error) {
      read.push({ path, entry, state: { ok: false, fault: describeError(error) } });
      unread = true;
    }
  }
  return { loaded: read, capture: captures || (unread ? undefined : false) };
}

async function holdsRules(files: ProcessFiles, path: string): Promise<boolean> {
  const read = await files.read(path, MOST_RULE_BYTES).catch(() => undefined);
  if (read === undefined) return false;
  return /^[ \t]*-[ \t]+["']?(?:rule|macro|list)["']?[ \t]*:/m.test(
    read.content.subarray(0, LOOKED_AT).toString("utf8"),
  );
}
