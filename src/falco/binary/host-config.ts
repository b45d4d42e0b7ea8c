import { access, constants, open, readdir, stat } from "node:fs/promises";
import { basename, isAbsolute, join, normalize, resolve } from "node:path";
import { lookup, type YamlNode } from "../../rules/yaml/yaml-node.ts";
import { visible } from "../../text/visible.ts";
import type { MergedBlock } from "../host/config-view.ts";
import { blocksOf, includesOf, mergeBlocks, readConfigText } from "../host/merge-config.ts";

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
  const blocks = new Map<string, MergedBlock>();
  for (const path of places.configs) {
    const main = await readRoot(path, warnings);
    if (main === undefined) continue;
    files.push(path);
    for (const [key, block] of blocksOf(main, path)) blocks.set(key, block);
    for (const { path: included, strategy } of includesOf(lookup(main, "config_files"))) {
      for (const file of await filesOf(resolve("/", included))) {
        const more = files.length < MAX_CONFIG_FILES ? await readRoot(file, warnings) : undefined;
        if (more === undefined) continue;
        files.push(file);
        mergeBlocks(blocks, more, file, strategy);
      }
    }
    break;
  }
  const value = (key: string): unknown => {
    const block = blocks.get(key);
    if (block === undefined) return undefined;
    const own = plainValue(block.node);
    return block.appended.length === 0 || !Array.isArray(own)
      ? own
      : [...own, ...block.appended.map(({ node }) => plainValue(node))];
  };
  const { plugins, leftOut } = await pluginsOf(value("plugins"), value("load_plugins"), places.pluginFolders);
  const engine = value("engine");
  const kind = isMapping(engine) ? engine.kind : undefined;
  return { files, ...(typeof kind === "string" ? { engineKind: kind } : {}), plugins, leftOut, warnings };
}

async function readRoot(path: string, warnings: string[]): Promise<YamlNode | undefined> {
  try {
    const text = await readCapped(path);
    if (text === undefined) return undefined;
    const read = readConfigText(text);
    if (read.ok) return read.root;
    warnings.push(`${path} was passed over: line ${read.line} ${read.message}`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR") {
      warnings.push(`${path} was passed over (${code ?? (error as Error).message})`);
    }
  }
  return undefined;
}

/** The text of a plain file up to the limit; a FIFO or device is never opened for reading. */
async function readCapped(path: string): Promise<string | undefined> {
  const found = await stat(path);
  if (!found.isFile()) return undefined;
  if (!isOfOwner(found)) throw new Error("others may change it");
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size } = await file.stat();
    if (size > MAX_CONFIG_BYTES) throw new Error(`larger than ${MAX_CONFIG_BYTES} bytes`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

async function filesOf(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return [];
  if (!found.isDirectory()) return [path];
  const names = await readdir(path).catch((): string[] => []);
  return names.sort().map((name) => join(path, name));
}

async function pluginsOf(
  described: unknown,
  loaded: unknown,
  folders: readonly string[],
): Promise<Pick<HostConfig, "plugins" | "leftOut">> {
  const entries = (Array.isArray(described) ? described : []).filter(isMapping).slice(0, MAX_PLUGINS);
  const wanted = Array.isArray(loaded)
    ? loaded.slice(0, MAX_PLUGINS).map(String)
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
      const why =
        library === undefined
          ? "no entry under plugins has its name"
          : `its library ${visible(String(library))} is not there, or others may change it`;
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
    if (await isTrustedFile(path)) return path;
  }
  return undefined;
}

async function isTrustedFile(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    const found = await stat(path);
    return found.isFile() && isOfOwner(found);
  } catch {
    return false;
  }
}

/**
 * True where only root or this user can change the file. A library is code that Falco runs, with all its rights, and a
 * configuration names it: neither may come from somebody else, wherever the binary was put.
 */
function isOfOwner({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  return (mode & 0o002) === 0 && (uid === 0 || uid === process.getuid?.());
}

/** A node as a JSON value: plain scalars are numbers and booleans where they look so, as plugins expect them. */
function plainValue(node: YamlNode): unknown {
  switch (node.kind) {
    case "null":
      return null;
    case "sequence":
      return node.items.map(plainValue);
    case "map":
      return Object.fromEntries(
        node.pairs.flatMap(([key, value]) => (key.kind === "scalar" ? [[key.value, plainValue(value)]] : [])),
      );
    default: {
      const { value, plain } = node;
      if (!plain) return value;
      if (value === "true" || value === "false") return value === "true";
      return /^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?$/.test(value) ? Number(value) : value;
    }
  }
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
