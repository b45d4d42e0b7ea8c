import type { Collector } from "./collector.ts";
import type { LoadFinding } from "./load-context.ts";
import type { LoadedPlugin } from "./load-options.ts";
import type { PluginRequirement } from "./rule-set.ts";
import { parseVersion, satisfies } from "./version.ts";

/** What the files require of plugins and is not loaded, one finding a requirement, in Falco's words. */
export function missingPlugins({ requiredPlugins }: Collector, plugins: readonly LoadedPlugin[]): LoadFinding[] {
  return requiredPlugins.flatMap(({ requirement, context }) => {
    const message = faultOf(requirement, plugins);
    return message === undefined
      ? []
      : [{ severity: "error", code: "RULES_PLUGIN_MISSING", message, context } as const];
  });
}

/** The first alternative that is loaded decides. */
function faultOf(requirement: PluginRequirement, plugins: readonly LoadedPlugin[]): string | undefined {
  const alternatives = [requirement, ...requirement.alternatives];
  for (const { name, version } of alternatives) {
    const plugin = plugins.find((candidate) => candidate.name === name);
    if (plugin === undefined) continue;
    const present = parseVersion(plugin.version);
    if (present === undefined) return `Plugin '${name}' has invalid version string '${plugin.version}'`;
    if (satisfies(present, parseVersion(version) ?? [0, 0, 0])) return undefined;
    return `Plugin '${name}' version '${plugin.version}' is not compatible with required plugin version '${version}'`;
  }
  const wanted = alternatives.map(({ name, version }) => `${name} (>= ${version})`).join(", ");
  return `Plugin requirement not satisfied, must load one of: ${wanted}`;
}
