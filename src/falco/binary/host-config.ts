import { access, constants, open, readdir, stat } from "node:fs/promises";
import { basename, isAbsolute, join, normalize } from "node:path";
import { parse } from "yaml";

/** A plugin as the host's configuration loads it, its library found. */
export interface HostPlugin {
  readonly name: string;
  readonly libraryPath: string;
  readonly initConfig?: unknown;
  readonly openParams?: string;
}

/** What of the host's falco.yaml a run takes over: plugins and the kind of driver. */
export interface HostConfig {
  /** Files that were read, in the order Falco merges them. */
  readonly files: readonly string[];
  readonly engineKind?: string;
  readonly plugins: readonly HostPlugin[];
  readonly leftOut: readonly { readonly name: string; readonly why: string }[];
  readonly warnings: readonly string[];
}

export interface HostPlaces {
  /** Main configuration files; the first that can be read counts. */
  readonly configs: readonly string[];
  /** Where a relative library path is looked up. */
  readonly pluginFolders: readonly string[];
}

type Mapping = Readonly<Record<string, unknown>>;

const MAX_CONFIG_BYTES = 1024 * 1024;
const MAX_CONFIG_FILES = 64;
const MAX_PLUGINS = 64;
/** The one plugin that Falco's own rules need, and the library it comes in. */
const CONTAINER = { name: "container", library: "libcontainer.so" };

/**
 * The host's configuration with what its `config_files` add, as far as a run needs it. A file that cannot be read or is no
 * YAML mapping gives a warning and counts as absent. Where no plugin is configured, the container plugin is taken if its
 * library is there, since Falco's own rules require it. Source: falco configuration.cpp, yaml_helper.h @13074749.
 */
export async function readHostConfig(places: HostPlaces): Promise<HostConfig> {
  const warnings: string[] = [];
  const files: string[] = [];
  let merged: Mapping = {};
  for (const path of places.configs) {
    const main = await readMapping(path, warnings);
    if (main === undefined) continue;
    files.push(path);
    merged = main;
    for (const { path: included, strategy } of includesOf(main)) {
      for (const file of await filesOf(included)) {
        if (files.length >= MAX_CONFIG_FILES) break;
        const more = await readMapping(file, warnings);
        if (more === undefined) continue;
        files.push(file);
        merged = merge(merged, more, strategy);
      }
    }
    break;
  }
  const { plugins, leftOut } = await pluginsOf(merged, places.pluginFolders);
  const kind = isMapping(merged.engine) ? merged.engine.kind : undefined;
  return { files, ...(typeof kind === "string" ? { engineKind: kind } : {}), plugins, leftOut, warnings };
}

async function readMapping(path: string, warnings: string[]): Promise<Mapping | undefined> {
  try {
    const text = await readCapped(path);
    if (text === undefined) return undefined;
    const value: unknown = parse(text, { maxAliasCount: 100, logLevel: "silent" });
    if (isMapping(value)) return value;
    if (value !== null) warnings.push(`${path} is no mapping and was passed over`);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR")
      warnings.push(`${path} was passed over (${code ?? "no readable YAML"})`);
    return undefined;
  }
}

/** The text of a plain file up to the limit; a FIFO or device is never opened for reading. */
async function readCapped(path: string): Promise<string | undefined> {
  if (!(await stat(path)).isFile()) return undefined;
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size } = await file.stat();
    if (size > MAX_CONFIG_BYTES) throw new Error(`${path} is larger than ${MAX_CONFIG_BYTES} bytes`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

type Strategy = "append" | "override" | "add-only";

function includesOf(main: Mapping): readonly { readonly path: string; readonly strategy: Strategy }[] {
  if (!Array.isArray(main.config_files)) return [];
  return main.config_files.slice(0, MAX_CONFIG_FILES).flatMap((entry: unknown) => {
    if (typeof entry === "string") return [{ path: entry, strategy: "append" as const }];
    if (!isMapping(entry) || typeof entry.path !== "string") return [];
    const { strategy } = entry;
    return [{ path: entry.path, strategy: strategy === "override" || strategy === "add-only" ? strategy : "append" }];
  });
}

async function filesOf(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return [];
  if (!found.isDirectory()) return [path];
  const names = await readdir(path).catch((): string[] => []);
  return names.sort().map((name) => join(path, name));
}

function merge(base: Mapping, more: Mapping, strategy: Strategy): Mapping {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(more)) {
    const old = merged[key];
    if (old === undefined) merged[key] = value;
    else if (strategy === "add-only") continue;
    else if (strategy === "append" && Array.isArray(old) && Array.isArray(value)) merged[key] = [...old, ...value];
    else merged[key] = value;
  }
  return merged;
}

async function pluginsOf(
  config: Mapping,
  folders: readonly string[],
): Promise<Pick<HostConfig, "plugins" | "leftOut">> {
  const entries = (Array.isArray(config.plugins) ? config.plugins : []).filter(isMapping).slice(0, MAX_PLUGINS);
  const wanted = Array.isArray(config.load_plugins)
    ? config.load_plugins.slice(0, MAX_PLUGINS).map(String)
    : entries.map(({ name }) => String(name));
  const isStock = wanted.length === 0;
  const plugins: HostPlugin[] = [];
  const leftOut: { name: string; why: string }[] = [];
  for (const name of new Set(isStock ? [CONTAINER.name] : wanted)) {
    const entry = entries.find((candidate) => candidate.name === name);
    const library = entry?.library_path ?? (name === CONTAINER.name ? CONTAINER.library : undefined);
    const libraryPath = typeof library === "string" ? await findLibrary(library, folders) : undefined;
    if (libraryPath !== undefined) {
      const { init_config: initConfig, open_params: openParams } = entry ?? {};
      plugins.push({
        name,
        libraryPath,
        ...(initConfig === undefined || initConfig === null ? {} : { initConfig }),
        ...(typeof openParams === "string" ? { openParams } : {}),
      });
    } else if (!isStock) {
      const why = library === undefined ? "no entry under plugins has its name" : `its library ${library} is not there`;
      leftOut.push({ name, why });
    }
  }
  return { plugins, leftOut };
}

async function findLibrary(library: string, folders: readonly string[]): Promise<string | undefined> {
  const isInside = !normalize(library).startsWith("..");
  const named = isAbsolute(library) ? [library] : isInside ? folders.map((folder) => join(folder, library)) : [];
  // A configuration that was written for another prefix still names the library.
  for (const path of [...named, ...folders.map((folder) => join(folder, basename(library)))]) {
    if (await isReadableFile(path)) return path;
  }
  return undefined;
}

async function isReadableFile(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
