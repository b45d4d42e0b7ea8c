import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { RuleFile } from "../load-rules.ts";
import * as wrong from "./errors.ts";
import { itemText } from "./item-text.ts";
import { readRuleFiles } from "./read-rule-files.ts";
import type {
  FoundRule,
  LoadIntoLibrary,
  RuleLibrary,
  RuleSetEntry,
  RuleText,
  StoredOptions,
  StoredRuleSet,
} from "./rule-library.ts";
import {
  type Current,
  digestOfFiles,
  listVersions,
  type Manifest,
  readCurrent,
  readManifest,
  readVersion,
  SET_NAME,
  writeVersion,
} from "./set-files.ts";

export interface RuleLibraryHome {
  /** The `rules` folder of home; made with the first rule set. */
  readonly folder: string;
  readonly nowMs: () => number;
  /** Names of working folders: letters and digits, never the same twice. */
  readonly newId: () => string;
  /** The real path of a path that may be read, or a refusal; without it every path may. */
  readonly locate?: (path: string) => Promise<string>;
  /** Folders of rule files that belong to the installation; those that are not there are left out. */
  readonly builtinFolders?: () => Promise<readonly string[]>;
}

/** Loaded sets kept in memory: a set of the official size takes some megabytes. */
const KEPT = 6;
const MAX_TEXT = 20_000;

/**
 * The rule sets under a folder, as `<name>/<digest>/` with a manifest and `<name>/current`. Versions never change once
 * they stand, and what is current changes by one rename, so several processes see whole sets at any time.
 */
export function openRuleLibrary(home: RuleLibraryHome): RuleLibrary {
  const { folder, nowMs, newId, locate } = home;
  const cache = new Map<string, StoredRuleSet>();
  const keep = (set: StoredRuleSet): StoredRuleSet => {
    const key = keyOf(set.name, set.digest, set.options);
    cache.delete(key);
    cache.set(key, set);
    const oldest = cache.keys().next().value;
    if (cache.size > KEPT && oldest !== undefined) cache.delete(oldest);
    return set;
  };
  const library: RuleLibrary = {
    read: (paths) => readRuleFiles(paths, locate === undefined ? {} : { locate }),
    async builtin() {
      const folders = (await home.builtinFolders?.()) ?? [];
      return readRuleFiles(folders.filter((path) => existsSync(path)));
    },
    async load(name, files, options = {}) {
      const set = await build(
        name,
        digestOfFiles(files),
        files,
        options,
        options.origin ?? files.map((file) => file.name),
        nowMs(),
      );
      const { digest, ok, origin, loadedAtMs, ruleSet } = set;
      const manifest = { digest, loaded_at_ms: loadedAtMs, origin: [...origin], ok, rules: ruleSet.rules.length };
      await writeVersion(folderOf(folder, name), { ...manifest, ...stored(options) }, files, newId);
      return keep(set);
    },
    async get(name, digest) {
      const place = folderOf(folder, name);
      const current = await readCurrent(place, name);
      if (current === undefined) throw wrong.setNotFound(name, await namesOf(folder));
      const wanted = await versionOf(place, name, current, digest);
      const options = wanted.digest === current.digest ? optionsOf(current) : optionsOf(wanted);
      const known = cache.get(keyOf(name, wanted.digest, options));
      if (known !== undefined) return known;
      const files = await readVersion(place, wanted, name);
      const at = wanted.digest === current.digest ? current : wanted;
      return keep(await build(name, wanted.digest, files, options, at.origin, at.loaded_at_ms));
    },
    list: () => listSets(folder),
    async findRule(rule) {
      const { sets } = await listSets(folder);
      const latest = [...sets].sort((a, b) => b.loadedAtMs - a.loadedAtMs);
      const found: FoundRule[] = [];
      for (const { name } of latest) {
        // A damaged set must not hide the rule from those who ask for it in another.
        const set = await library.get(name).catch(onlyDamaged);
        const match = set?.ruleSet.rules.find((candidate) => candidate.name === rule);
        if (set !== undefined && match !== undefined) found.push({ set, rule: match });
      }
      return found;
    },
    async ruleText(rule) {
      const [found] = await library.findRule(rule);
      return found === undefined ? undefined : textOf(found);
    },
  };
  return library;
}

/** The engine is loaded with the first rule set: a server starts without it, and many a session never needs it. */
async function build(
  name: string,
  digest: string,
  files: readonly RuleFile[],
  options: LoadIntoLibrary,
  origin: readonly string[],
  loadedAtMs: number,
): Promise<StoredRuleSet> {
  const { loadRules } = await import("../load-rules.ts");
  const kept = picked(options);
  const { ok, ruleSet, diagnostics } = loadRules(files, kept);
  return { name, digest, loadedAtMs, origin, options: kept, ok, ruleSet, diagnostics, files };
}

function onlyDamaged(error: unknown): undefined {
  if (error instanceof FalcoSkillsError && error.code === "RULES_SET_DAMAGED") return undefined;
  throw error;
}

/** The rule's items as written, in load order. */
export function textOf({ set, rule }: FoundRule): RuleText {
  const texts = new Map(set.files.map(({ name, text }) => [name, text]));
  const items = rule.history.map(({ at }) => itemText(texts.get(at.file) ?? "", at.span.start));
  const text = items.join("\n\n").slice(0, MAX_TEXT);
  return { set: set.name, digest: set.digest, description: rule.description, text };
}

function picked({ engineVersion, plugins }: StoredOptions): StoredOptions {
  return { ...(engineVersion === undefined ? {} : { engineVersion }), ...(plugins === undefined ? {} : { plugins }) };
}

function stored({ engineVersion, plugins }: StoredOptions): Pick<Manifest, "engine" | "plugins"> {
  return {
    ...(engineVersion === undefined ? {} : { engine: engineVersion }),
    ...(plugins === undefined
      ? {}
      : { plugins: plugins.map(({ name, version, sources }) => ({ name, version, sources: [...sources] })) }),
  };
}

function optionsOf({ engine, plugins }: Current): StoredOptions {
  return { ...(engine === undefined ? {} : { engineVersion: engine }), ...(plugins === undefined ? {} : { plugins }) };
}

function keyOf(name: string, digest: string, options: StoredOptions): string {
  return JSON.stringify([name, digest, options.engineVersion, options.plugins]);
}

function folderOf(folder: string, name: string): string {
  if (!SET_NAME.test(name)) throw wrong.setName(name);
  return join(folder, name);
}

async function namesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => SET_NAME.test(name)).sort();
}

async function versionOf(place: string, name: string, current: Current, digest: string | undefined): Promise<Manifest> {
  if (digest === undefined || digest === "") return readManifest(place, current.digest, name);
  const versions = await listVersions(place);
  const fitting = versions.filter((version) => version.startsWith(digest.toLowerCase().replace(/^sha256:/, "")));
  const [only] = fitting;
  if (only === undefined || fitting.length > 1) throw wrong.versionNotFound(name, digest, versions);
  return readManifest(place, only, name);
}

async function listSets(folder: string): Promise<{ sets: RuleSetEntry[]; faults: string[] }> {
  const sets: RuleSetEntry[] = [];
  const faults: string[] = [];
  for (const name of await namesOf(folder)) {
    try {
      const entry = await entryOf(join(folder, name), name);
      if (entry !== undefined) sets.push(entry);
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { sets, faults };
}

async function entryOf(place: string, name: string): Promise<RuleSetEntry | undefined> {
  const current = await readCurrent(place, name);
  if (current === undefined) return undefined;
  const manifest = await readManifest(place, current.digest, name);
  const others = (await listVersions(place)).filter((digest) => digest !== current.digest);
  const dated = await Promise.all(
    others.map(async (digest) => ({ digest, at: (await readManifest(place, digest, name)).loaded_at_ms })),
  );
  return {
    name,
    digest: current.digest,
    loadedAtMs: current.loaded_at_ms,
    origin: current.origin,
    files: manifest.files.map(({ name: file, bytes, sha256 }) => ({ name: file, bytes, sha256 })),
    rules: current.rules,
    ok: current.ok,
    earlier: dated.sort((a, b) => b.at - a.at).map(({ digest }) => digest),
  };
}
