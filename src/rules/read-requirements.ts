import type { Collector } from "./collector.ts";
import { decodeString } from "./decode.ts";
import { type LoadContext, nodeContext, reject } from "./load-context.ts";
import { parseVersion, type Version } from "./version.ts";
import { decodeUint32, lookup, type YamlNode } from "./yaml/yaml-node.ts";

/** `required_engine_version`: a plain number N means 0.N.0, all else must be x.y.z. */
export function readRequiredEngine(item: YamlNode, context: LoadContext, collector: Collector): void {
  const text = decodeString(item, "required_engine_version", context);
  collector.requireEngine(engineVersion(text, context), context);
}

function engineVersion(text: string, context: LoadContext): Version {
  const number = decodeUint32(text);
  const version: Version | undefined = number === undefined ? parseVersion(text) : [0, number, 0];
  if (version !== undefined) return version;
  const message = `Unable to parse engine version '${text}' as a semver string. Expected "x.y.z" semver format.`;
  reject("LOAD_ERR_YAML_VALIDATE", message, context);
}

/** `required_plugin_versions`: each entry a plugin, or one of its alternatives. Whether they are loaded is checked later. */
export function readRequiredPlugins(item: YamlNode, parent: LoadContext, collector: Collector): void {
  const node = lookup(item, "required_plugin_versions");
  if (node === undefined) return;
  const context = nodeContext(node, "required plugin versions", "", parent);
  if (node.kind !== "sequence") {
    reject("LOAD_ERR_YAML_VALIDATE", "Value of required_plugin_versions must be a sequence", context);
  }
  for (const plugin of node.items) {
    const { requirement, context: at } = readEntry(plugin, "required plugin versions entry", "version", context);
    const alternatives = readAlternatives(plugin, at);
    collector.requirePlugin({ ...requirement, alternatives }, at);
  }
}

function readAlternatives(plugin: YamlNode, context: LoadContext): { name: string; version: string }[] {
  const node = lookup(plugin, "alternatives");
  if (node === undefined) return [];
  if (node.kind !== "sequence") {
    reject("LOAD_ERR_YAML_VALIDATE", "Value of plugin version alternatives must be a sequence", context);
  }
  return node.items.map(
    (entry) => readEntry(entry, "required plugin versions alternative", "version alternative", context).requirement,
  );
}

function readEntry(
  entry: YamlNode,
  type: "required plugin versions entry" | "required plugin versions alternative",
  words: string,
  parent: LoadContext,
): { requirement: { name: string; version: string }; context: LoadContext } {
  const unnamed = nodeContext(entry, type, "", parent);
  if (entry.kind !== "map") reject("LOAD_ERR_YAML_VALIDATE", `Plugin ${words} must be a mapping`, unnamed);
  const name = decodeString(entry, "name", unnamed);
  const context = nodeContext(entry, type, name, parent);
  return { requirement: { name, version: decodeString(entry, "version", context) }, context };
}
