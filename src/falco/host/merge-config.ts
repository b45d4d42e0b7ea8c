import { readYaml } from "../../rules/yaml/read-yaml.ts";
import { lookup, type YamlNode } from "../../rules/yaml/yaml-node.ts";
import type { MergedBlock, OptionSetting } from "./config-view.ts";

export type MergeStrategy = "append" | "override" | "add-only";

export type ConfigText =
  | { readonly ok: true; readonly root: YamlNode }
  | { readonly ok: false; readonly message: string; readonly line: number };

/** The first document of a text as Falco's YAML library reads it; a file without a value is an empty map. */
export function readConfigText(text: string): ConfigText {
  const { documents, fault } = readYaml(text);
  if (fault !== undefined) return { ok: false, message: fault.message, line: fault.mark.line + 1 };
  // What ends before its first value, as a lone bracket does, is no document to that library, and no error either.
  if (documents.length === 0 && /^(?!\s*(?:#|---|$))/m.test(text))
    return { ok: false, message: "holds no value", line: 1 };
  const root = documents[0] ?? { kind: "null", mark: { offset: 0, line: 0, column: 0 } };
  if (root.kind === "null") return { ok: true, root: { kind: "map", mark: root.mark, pairs: [] } };
  if (root.kind !== "map") return { ok: false, message: `is a ${root.kind}, not a map`, line: root.mark.line + 1 };
  return { ok: true, root };
}

/** The blocks of the main file. Of a repeated key the first counts, as in Falco. */
export function blocksOf(root: YamlNode, file: string): Map<string, MergedBlock> {
  const blocks = new Map<string, MergedBlock>();
  for (const [key, node] of topPairs(root)) if (!blocks.has(key)) blocks.set(key, { file, node, appended: [] });
  return blocks;
}

/**
 * Puts another file's blocks into the merged ones, whole blocks at a time: `append` adds the elements of lists and
 * replaces all else, `override` replaces, `add-only` keeps what is there. A config_files key in it is left out; Falco does
 * not start with one. Source: falco userspace/engine/yaml_helper.h include_config_file @13074749.
 */
export function mergeBlocks(
  blocks: Map<string, MergedBlock>,
  root: YamlNode,
  file: string,
  strategy: MergeStrategy,
): void {
  for (const [key, node] of topPairs(root)) {
    if (key === "config_files") continue;
    const there = blocks.get(key);
    if (there === undefined) blocks.set(key, { file, node, appended: [] });
    else if (strategy === "append" && node.kind === "sequence") {
      const appended = [...there.appended, ...node.items.map((item) => ({ node: item, file }))];
      blocks.set(key, { ...there, appended });
    } else if (strategy !== "add-only") blocks.set(key, { file, node, appended: [] });
  }
}

function topPairs(root: YamlNode): (readonly [string, YamlNode])[] {
  if (root.kind !== "map") return [];
  return root.pairs.flatMap(([key, node]) => (key.kind === "scalar" ? [[key.value, node] as const] : []));
}

/** The files that config_files names, with their strategies, in order. */
export function includesOf(node: YamlNode | undefined): { readonly path: string; readonly strategy: MergeStrategy }[] {
  if (node === undefined) return [];
  const items = node.kind === "sequence" ? node.items : [node];
  return items.flatMap((item) => {
    if (item.kind === "scalar") return [{ path: item.value, strategy: "append" as const }];
    const path = lookup(item, "path");
    const strategy = lookup(item, "strategy");
    if (path?.kind !== "scalar") return [];
    const named = strategy?.kind === "scalar" ? strategy.value : "append";
    return [{ path: path.value, strategy: named === "override" || named === "add-only" ? named : ("append" as const) }];
  });
}

/**
 * The settings of `-o key=value` options; those whose key addresses an element of a list by number are left out.
 * `key[]=v` adds to a list, and `rules[].disable.tag=x` adds a map to it. A value in braces is YAML.
 */
export function readOptions(options: readonly string[]): OptionSetting[] {
  return options.flatMap((option): OptionSetting[] => {
    const equals = option.indexOf("=");
    if (equals === -1) return [];
    const key = option.slice(0, equals);
    const value = valueNode(option.slice(equals + 1));
    const shown = `-o ${option}`;
    const [path = "", rest] = key.split("[]", 2);
    if (/[[\]\\]/.test(path) || path === "") return [];
    if (rest === undefined) return [{ option: shown, path, adds: false, value }];
    const inside = rest.split(".").filter((name) => name !== "");
    const element = inside.reduceRight<YamlNode>((node, name) => mapOf(name, node), value);
    return [{ option: shown, path, adds: true, value: element }];
  });
}

const START = { offset: 0, line: 0, column: 0 };

function valueNode(text: string): YamlNode {
  if (text.startsWith("{") && text.endsWith("}")) {
    const { documents } = readYaml(text);
    if (documents[0] !== undefined) return documents[0];
  }
  return { kind: "scalar", mark: START, value: text, map: [0, 0], plain: true };
}

function mapOf(name: string, node: YamlNode): YamlNode {
  const key: YamlNode = { kind: "scalar", mark: START, value: name, map: [0, 0], plain: true };
  return { kind: "map", mark: START, pairs: [[key, node]] };
}
