import { posix } from "node:path";
import { describeError } from "../../errors/describe-error.ts";
import { decodeUint32, lookup, type YamlNode } from "../../rules/yaml/yaml-node.ts";
import { type ConfigView, createConfigView } from "./config-view.ts";
import { sameListener, withoutSecrets } from "./falco-address.ts";
import { configMalformed } from "./file-errors.ts";
import { blocksOf, includesOf, type MergeStrategy, mergeBlocks, readConfigText, readOptions } from "./merge-config.ts";
import type { ProcessFiles } from "./process-files.ts";
import { readRuleFolders } from "./read-rule-folders.ts";
import type { ConfigFile, FalcoConfiguration, FalcoOutput, FalcoSettings, FileState, Part } from "./running-falco.ts";

export interface ConfigurationQuestion {
  readonly files: ProcessFiles;
  /** Absolute, as Falco sees it. */
  readonly path: string;
  readonly from: FalcoConfiguration["from"];
  /** Folder that relative paths of the configuration start from: Falco's working directory. */
  readonly folder: string;
  readonly environment: ReadonlyMap<string, string> | undefined;
  /** Of -o and -r. */
  readonly options: readonly string[];
  readonly rulePaths: readonly string[];
  readonly webhook?: string;
  readonly followedFiles?: readonly string[];
}

export interface ConfigurationRead {
  readonly configuration: FalcoConfiguration;
  readonly view: ConfigView;
  /** The files that could be read, for checks of their keys. */
  readonly roots: readonly { readonly path: string; readonly root: YamlNode; readonly included: boolean }[];
  /** Entries of config_files that exist, in order. */
  readonly includes: readonly ConfigInclude[];
  /** Whether a rule in the rule files says capture: true; undefined when a file could not be read. */
  readonly rulesCapture: boolean | undefined;
}

export interface ConfigInclude {
  readonly path: string;
  readonly strategy: MergeStrategy;
  readonly kind: "file" | "folder";
  /** Names in a folder. */
  readonly names: readonly string[];
}

const MOST_CONFIG_BYTES = 1_048_576;
const MOST_CONFIG_FILES = 100;

/**
 * A Falco's configuration as it is on disk now, merged as Falco merges it: main file, files and folders of config_files
 * with their strategies, options of the command line. The main file must be readable YAML (else FILE_NOT_FOUND,
 * FILE_UNREADABLE, FILE_NOT_REGULAR, FILE_TOO_LARGE, FALCO_CONFIG_MALFORMED); what is wrong with another file is its state.
 */
export async function readConfiguration(question: ConfigurationQuestion): Promise<ConfigurationRead> {
  const { files, path, from, environment, rulePaths } = question;
  const main = await readOne(files, path);
  if (!main.ok) throw main.failure;
  const blocks = blocksOf(main.root, path);
  const configFiles: ConfigFile[] = [{ path, merge: "main", hashed: true, state: main.state }];
  const roots = [{ path, root: main.root, included: false }];
  const settings = readOptions(question.options);
  const named = [
    blocks.get("config_files")?.node,
    ...settings.filter((one) => one.path === "config_files").map((one) => one.value),
  ];
  const includes = await findIncludes(files, named, question.folder);
  for (const included of includes.flatMap((entry) => filesOf(entry).map((file) => ({ ...entry, ...file })))) {
    if (configFiles.length >= MOST_CONFIG_FILES) break;
    const read = await readOne(files, included.path);
    configFiles.push({ path: included.path, merge: included.strategy, hashed: included.hashed, state: read.state });
    if (!read.ok) continue;
    mergeBlocks(blocks, read.root, included.path, included.strategy);
    roots.push({ path: included.path, root: read.root, included: true });
  }
  const view = createConfigView(blocks, settings, environment);
  const rules = await readRuleFolders(files, ruleEntries(view, rulePaths, question.folder), configFiles);
  const configuration: FalcoConfiguration = {
    path,
    from,
    files: configFiles,
    ruleFiles: rules.loaded,
    missingRuleEntries: rules.missing,
    unloadedFiles: rules.unloaded,
    selection: selectionOf(view),
    settings: settingsOf(view, question),
  };
  return { configuration, view, roots, includes, rulesCapture: rules.capture };
}

type OneFile =
  | { readonly ok: true; readonly state: Part<FileState>; readonly root: YamlNode }
  | { readonly ok: false; readonly state: Part<FileState>; readonly failure: unknown };

async function readOne(files: ProcessFiles, path: string): Promise<OneFile> {
  try {
    const { content, bytes, sha256, changedMs } = await files.read(path, MOST_CONFIG_BYTES);
    const read = readConfigText(content.toString("utf8"));
    if (!read.ok) throw configMalformed(path, read.line, read.message);
    return { ok: true, state: { ok: true, value: { bytes, sha256, changedMs } }, root: read.root };
  } catch (failure) {
    return { ok: false, state: { ok: false, fault: describeError(failure) }, failure };
  }
}

/** The entries of config_files; those that do not exist are passed over, as in Falco. */
async function findIncludes(
  files: ProcessFiles,
  named: readonly (YamlNode | undefined)[],
  folder: string,
): Promise<ConfigInclude[]> {
  const found: ConfigInclude[] = [];
  for (const { path, strategy } of named.flatMap((node) => includesOf(node)).slice(0, MOST_CONFIG_FILES)) {
    const full = posix.resolve(folder, path);
    const kind = await files.kindOf(full);
    if (kind === "file") found.push({ path: full, strategy, kind, names: [] });
    if (kind !== "folder") continue;
    const entries = await files.list(full, MOST_CONFIG_FILES).catch(() => []);
    const names = entries.filter((entry) => entry.kind === "file").map(({ name }) => name);
    found.push({ path: full, strategy, kind, names });
  }
  return found;
}

/** The files behind the entries, in the order in which they are merged. */
function filesOf({ path, kind, names }: ConfigInclude): { path: string; hashed: boolean }[] {
  if (kind === "file") return [{ path, hashed: true }];
  return names.map((name) => ({ path: posix.join(path, name), hashed: false }));
}

function ruleEntries(view: ConfigView, rulePaths: readonly string[], folder: string): readonly string[] {
  if (rulePaths.length > 0) return rulePaths;
  return [...view.texts("rules_files"), ...view.texts("rules_file")]
    .filter(({ unknown, text }) => !unknown && text !== "")
    .map(({ text }) => posix.resolve(folder, text));
}

function selectionOf(view: ConfigView): string[] {
  return (view.items("rules") ?? []).flatMap(({ node }) =>
    (["enable", "disable"] as const).flatMap((action) =>
      (["rule", "tag"] as const).flatMap((kind) => {
        const chosen = lookup(node, action);
        const value = chosen === undefined ? undefined : lookup(chosen, kind);
        return value?.kind === "scalar" ? [`${action} ${kind} ${JSON.stringify(value.value)}`] : [];
      }),
    ),
  );
}

/** The defaults here are those of Falco's code, not of the falco.yaml that comes with it. */
function settingsOf(view: ConfigView, question: ConfigurationQuestion): FalcoSettings {
  const text = (path: string, byDefault: string) => view.text(path)?.text ?? byDefault;
  const isOn = (path: string, byDefault = false) => view.isOn(path, byDefault) ?? byDefault;
  return {
    engineKind: text("engine.kind", "kmod"),
    jsonOutput: isOn("json_output"),
    priority: text("priority", "debug"),
    ruleMatching: text("rule_matching", "first"),
    watchConfigFiles: isOn("watch_config_files", true),
    outputs: outputsOf(view, question),
    capture: {
      enabled: isOn("capture.enabled"),
      pathPrefix: text("capture.path_prefix", "/tmp/falco"),
      mode: text("capture.mode", "rules"),
    },
    metrics: { enabled: isOn("metrics.enabled"), interval: text("metrics.interval", "5000") },
    webserver: {
      enabled: isOn("webserver.enabled"),
      address: text("webserver.listen_address", "0.0.0.0"),
      port: decodeUint32(text("webserver.listen_port", "8765")) ?? 8765,
      tls: isOn("webserver.ssl_enabled"),
      healthPath: text("webserver.k8s_healthz_endpoint", "/healthz"),
      prometheus: isOn("webserver.prometheus_metrics_enabled"),
    },
    plugins: pluginsOf(view),
  };
}

function outputsOf(view: ConfigView, question: ConfigurationQuestion): FalcoOutput[] {
  const { webhook, followedFiles = [], folder } = question;
  const outputs: FalcoOutput[] = [];
  const add = (kind: FalcoOutput["kind"], target: string, reachesUs: boolean) => {
    if (view.isOn(`${kind}_output.enabled`, false) === true) outputs.push({ kind, target, reachesUs });
  };
  const file = view.text("file_output.filename")?.text ?? "";
  const url = view.text("http_output.url")?.text ?? "";
  const program = view.text("program_output.program")?.text ?? "";
  add("stdout", "", false);
  add("syslog", "", false);
  add("file", file, followedFiles.includes(posix.resolve(folder, file)));
  add("http", withoutSecrets(url), webhook !== undefined && sameListener(url, webhook));
  add("program", program.trim().split(/\s/, 1)[0]?.slice(0, 200) ?? "", false);
  return outputs;
}

/** The plugins that Falco loads: those of load_plugins, all configured ones where that is not set. */
function pluginsOf(view: ConfigView): { name: string; library: string }[] {
  const configured = (view.items("plugins") ?? []).flatMap(({ node }) => {
    const [name, library] = [lookup(node, "name"), lookup(node, "library_path")];
    return name?.kind === "scalar" && library?.kind === "scalar" ? [{ name: name.value, library: library.value }] : [];
  });
  if (view.items("load_plugins") === undefined) return configured;
  return view.texts("load_plugins").map(({ text }) => {
    return configured.find(({ name }) => name === text) ?? { name: text, library: "" };
  });
}
