import { posix } from "node:path";
import { placeOf } from "./config-context.ts";
import type { ConfigView } from "./config-view.ts";
import type { Found } from "./found.ts";
import type { ProcessFiles } from "./process-files.ts";
import { WRONG_NAME } from "./read-rule-folders.ts";
import type { FalcoConfiguration, FalcoMetrics, FalcoVersions } from "./running-falco.ts";

export interface SensorQuestion {
  readonly view: ConfigView;
  readonly configuration: FalcoConfiguration;
  readonly metrics: FalcoMetrics | undefined;
  readonly versions: FalcoVersions | undefined;
  readonly minor: number | undefined;
  /** Names of the kernel's modules; undefined where they are not known. */
  readonly modules: ReadonlySet<string> | undefined;
  /** It was told to leave system calls out. */
  readonly withoutSyscalls: boolean;
  /** -r was given, so rules_files does not count. */
  readonly rulesNamedByOption: boolean;
}

/** Whether the sensor can see system calls at all: by what it says of itself, else by its configuration. */
export function driverFindings({ view, configuration, metrics, modules, withoutSyscalls }: SensorQuestion): Found[] {
  if (withoutSyscalls) return [];
  const kind = configuration.settings.engineKind;
  const engine = metrics?.engines.find(({ source }) => source === "syscall")?.engine;
  const why =
    engine === "nodriver" || (engine === undefined && kind === "nodriver")
      ? "Falco runs with nodriver"
      : engine === undefined && metrics !== undefined && metrics.engines.length > 0
        ? "Falco has no engine for source syscall"
        : engine === undefined && kind === "kmod" && modules !== undefined && !modules.has("falco")
          ? "engine.kind is kmod, and the kernel has no module falco"
          : undefined;
  if (why === undefined) return [];
  return [
    {
      code: "HOST_DRIVER_ABSENT",
      message: why,
      fix: "Set engine.kind to modern_ebpf, which needs no module, and restart Falco; or load the module with falcoctl driver.",
      ...placeOf(view, "engine.kind"),
      ...(kind === "modern_ebpf" ? {} : { changes: [{ path: "engine.kind", value: "modern_ebpf" }] }),
    },
  ];
}

const LIBRARY_FOLDERS = ["/usr/share/falco/plugins", "/usr/local/share/falco/plugins"];

/** Plugins that should be there and are not; the running Falco's word counts more than files. */
export async function pluginFindings(question: SensorQuestion, files: ProcessFiles): Promise<Found[]> {
  const { view, configuration, versions, minor } = question;
  const found: Found[] = [];
  for (const { name, library } of configuration.settings.plugins.slice(0, 100)) {
    const why = await whyMissing(name, library, versions, files);
    if (why !== undefined) {
      found.push({
        code: "HOST_PLUGIN_MISSING",
        message: `plugin ${JSON.stringify(name)} ${why}`,
        fix: "Install the plugin with falcoctl artifact install and restart Falco, or take it out of load_plugins.",
        ...placeOf(view, library === "" ? "load_plugins" : "plugins"),
      });
    }
  }
  const wanted = configuration.settings.plugins.some(({ name }) => name === "container");
  const loaded = versions?.plugins.some(({ name }) => name === "container");
  if (minor !== undefined && minor >= 41 && !wanted && loaded === false) {
    const list =
      view.items("load_plugins") === undefined
        ? []
        : [{ path: "load_plugins", value: ["container"], adds: true as const }];
    const plugin = { name: "container", library_path: "libcontainer.so" };
    found.push({
      code: "HOST_PLUGIN_MISSING",
      message: 'plugin "container" is not loaded, from which Falco has the fields of containers and pods since 0.41',
      fix: "Load the plugin container.",
      ...placeOf(view, "load_plugins"),
      changes: [...list, { path: "plugins", value: [plugin], adds: true }],
    });
  }
  return found;
}

async function whyMissing(
  name: string,
  library: string,
  versions: FalcoVersions | undefined,
  files: ProcessFiles,
): Promise<string | undefined> {
  if (library === "") return "is named in load_plugins and configured nowhere: Falco does not start";
  if (versions !== undefined) {
    return versions.plugins.some((plugin) => plugin.name === name)
      ? undefined
      : "is configured, and the running Falco has not loaded it";
  }
  const places = library.startsWith("/") ? [library] : LIBRARY_FOLDERS.map((folder) => posix.join(folder, library));
  for (const place of places) if ((await files.kindOf(place)) === "file") return undefined;
  return `has no library at ${JSON.stringify(places[0])}`;
}

/** Files that look like rules and are not loaded, and entries that lead nowhere. */
export function ruleFileFindings({ view, configuration, rulesNamedByOption }: SensorQuestion): Found[] {
  const byReason = new Map<string, string[]>();
  for (const { path, reason } of configuration.unloadedFiles)
    byReason.set(reason, [...(byReason.get(reason) ?? []), path]);
  const found: Found[] = [];
  for (const [reason, paths] of byReason) {
    const shown = paths.slice(0, 5).map((path) => JSON.stringify(path));
    const more = paths.length > 5 ? ` and ${paths.length - 5} more` : "";
    const isNamedWrongly = reason === WRONG_NAME;
    found.push({
      code: "HOST_RULES_FILE_NOT_LOADED",
      message: `not loaded: ${shown.join(", ")}${more}; ${reason}`,
      fix: isNamedWrongly
        ? "Rename the files to end in .yaml."
        : rulesNamedByOption
          ? "Name the files with -r in Falco's arguments, as the others."
          : "Move the files into a rules folder, or name them in rules_files.",
      ...(isNamedWrongly || rulesNamedByOption
        ? {}
        : { changes: [{ path: "rules_files", value: paths.slice(0, 20), adds: true as const }] }),
    });
  }
  for (const entry of configuration.missingRuleEntries) {
    found.push({
      code: "HOST_RULES_ENTRY_MISSING",
      message: `rules_files names ${JSON.stringify(entry)}, which does not exist`,
      fix: "Correct the path, or take the entry out.",
      ...placeOf(view, "rules_files"),
    });
  }
  return found;
}
