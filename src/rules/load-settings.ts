import type { Priority } from "../alert/alert.ts";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import type { AppendedOutput, LoadedPlugin, LoadOptions, RuleSelector } from "./load-options.ts";
import { parseVersion, type Version } from "./version.ts";
import type { YamlDialect } from "./yaml/cursor.ts";

/** LoadOptions with everything filled in. */
export interface LoadSettings {
  readonly engineVersion: Version;
  readonly sources: ReadonlySet<string>;
  readonly plugins: readonly LoadedPlugin[];
  readonly appendOutput: readonly AppendedOutput[];
  readonly selection: readonly RuleSelector[];
  readonly minimumPriority: Priority;
  readonly yamlDialect: YamlDialect;
}

/** The newest engine this follows: Falco 0.44. */
export const ENGINE_VERSION = "0.63.0";
const OLDEST_MINOR = 57;
const NEWEST_MINOR = 63;

/** What `append_output: [suggested_output: true]` of Falco's stock configuration adds with the container plugin. */
const SUGGESTED_OUTPUT: readonly AppendedOutput[] = [
  "container_id=%container.id",
  "container_name=%container.name",
  "container_image_repository=%container.image.repository",
  "container_image_tag=%container.image.tag",
  "k8s_pod_name=%k8s.pod.name",
  "k8s_ns_name=%k8s.ns.name",
].map((text) => ({ text, source: "syscall" }));

const CONTAINER: LoadedPlugin = { name: "container", version: "0.7.1", sources: [] };

/** The options with defaults. Fails with INVALID_ARGUMENT for an engine outside 0.57 … 0.63. */
export function loadSettings(options: LoadOptions): LoadSettings {
  const text = options.engineVersion ?? ENGINE_VERSION;
  const version = /^\d+\.\d+\.\d+$/.test(text) ? parseVersion(text) : undefined;
  if (version === undefined || version[0] !== 0 || version[1] < OLDEST_MINOR || version[1] > NEWEST_MINOR) {
    throw new FalcoSkillsError("INVALID_ARGUMENT", `engine version "${text}" is none that is known`, {
      fix: `Pass an engine version from 0.${OLDEST_MINOR}.0 (Falco 0.42) to 0.${NEWEST_MINOR}.0.`,
    });
  }
  const plugins = options.plugins ?? [CONTAINER];
  const hasContainer = plugins.some(({ name }) => name === CONTAINER.name);
  return {
    engineVersion: version,
    plugins,
    sources: new Set(["syscall", ...plugins.flatMap(({ sources }) => sources)]),
    appendOutput: options.appendOutput ?? (hasContainer ? SUGGESTED_OUTPUT : []),
    selection: options.selection ?? [],
    minimumPriority: options.minimumPriority ?? "Debug",
    yamlDialect: options.yamlDialect ?? "bundled",
  };
}
