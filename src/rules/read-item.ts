import type { Collector } from "./collector.ts";
import { decodeOptionalBoolean, decodeScalars, decodeString, decodeText, valueContext, wordOf } from "./decode.ts";
import { LIST_KEYS, MACRO_KEYS, RULE_KEYS } from "./item-keys.ts";
import {
  APPEND_AND_OVERRIDE,
  DEPRECATED_APPEND,
  INVALID_LIST_NAME,
  INVALID_MACRO_NAME,
  type Report,
} from "./item-messages.ts";
import { type LoadContext, nodeContext, placeOf, reject } from "./load-context.ts";
import { readOverrides } from "./read-overrides.ts";
import { readRequiredEngine, readRequiredPlugins } from "./read-requirements.ts";
import { readRule } from "./read-rule.ts";
import { sourcedScalar } from "./sourced-text.ts";
import { lookup, type YamlNode } from "./yaml/yaml-node.ts";

/**
 * Reads one item of a rule file into the collector. The first of required_engine_version, required_plugin_versions, list,
 * macro and rule that an item has decides what it is. Throws ItemRejected for what Falco refuses; reports warnings.
 * Source: falco userspace/engine/rule_loader_reader.cpp read_item @13074749.
 */
export function readItem(item: YamlNode, parent: LoadContext, collector: Collector, report: Report): void {
  if (item.kind !== "map") {
    const message = "Unexpected element type. Each element should be a yaml associative array.";
    reject("LOAD_ERR_YAML_VALIDATE", message, nodeContext(item, "rules content item", "", parent));
  }
  if (lookup(item, "required_engine_version") !== undefined) {
    const context = nodeContext(item, "required_engine_version", "", parent);
    readRequiredEngine(item, context, collector);
    warnUnknownKeys(item, new Set(["required_engine_version"]), context, report);
  } else if (lookup(item, "required_plugin_versions") !== undefined) {
    readRequiredPlugins(item, parent, collector);
    const context = nodeContext(item, "required plugin versions", "", parent);
    warnUnknownKeys(item, new Set(["required_plugin_versions"]), context, report);
  } else if (lookup(item, "list") !== undefined) {
    warnUnknownKeys(item, LIST_KEYS, readList(item, parent, collector, report), report);
  } else if (lookup(item, "macro") !== undefined) {
    warnUnknownKeys(item, MACRO_KEYS, readMacro(item, parent, collector, report), report);
  } else if (lookup(item, "rule") !== undefined) {
    warnUnknownKeys(item, RULE_KEYS, readRule(item, parent, collector, report), report);
  } else {
    const context = nodeContext(item, "rules content item", "", parent);
    report({ severity: "warning", code: "LOAD_UNKNOWN_ITEM", message: "Unknown top level item", context });
  }
}

function readList(item: YamlNode, parent: LoadContext, collector: Collector, report: Report): LoadContext {
  const name = decodeString(item, "list", nodeContext(item, "list", "", parent));
  const context = nodeContext(item, "list", name, parent);
  if (!/^[^()"' \t\n\v\f\r=,]+$/.test(name)) {
    const message = INVALID_LIST_NAME;
    report({ severity: "warning", code: "LOAD_INVALID_LIST_NAME", message, context });
  }
  const scalars = decodeScalars(item, "items", context, false) ?? [];
  const items = scalars.map((scalar) => sourcedScalar(context.file, scalar));
  if (readAppends(item, "items", context, report)) collector.appendList({ name, items, context });
  else collector.defineList({ name, items, context });
  return context;
}

function readMacro(item: YamlNode, parent: LoadContext, collector: Collector, report: Report): LoadContext {
  const name = decodeString(item, "macro", nodeContext(item, "macro", "", parent));
  const context = nodeContext(item, "macro", name, parent);
  if (!/^[a-zA-Z]+[a-zA-Z0-9_]*$/.test(name)) {
    const message = INVALID_MACRO_NAME;
    report({ severity: "warning", code: "LOAD_INVALID_MACRO_NAME", message, context });
  }
  const condition = decodeText(item, "condition", context);
  const conditionContext = valueContext(item, "condition", "macro condition", "", context);
  const macro = { name, condition, context, conditionContext };
  if (readAppends(item, "condition", context, report)) collector.appendMacro(macro);
  else collector.defineMacro(macro);
  return context;
}

/** Whether a list or macro is to be appended to, by the old key or the new one; it has only one key that can be. */
function readAppends(item: YamlNode, key: string, context: LoadContext, report: Report): boolean {
  const append = decodeOptionalBoolean(item, "append", context) ?? false;
  if (append) report({ severity: "warning", code: "LOAD_DEPRECATED_ITEM", message: DEPRECATED_APPEND, context });
  const keys = new Set([key]);
  const overrides = readOverrides(item, keys, keys, context);
  if (append && overrides.append.size + overrides.replace.size > 0) {
    reject("LOAD_ERR_YAML_VALIDATE", APPEND_AND_OVERRIDE, context);
  }
  return append || overrides.append.has(key);
}

function warnUnknownKeys(item: YamlNode, known: ReadonlySet<string>, context: LoadContext, report: Report): void {
  if (item.kind !== "map") return;
  for (const [keyNode] of item.pairs) {
    const key = wordOf(keyNode, context);
    if (known.has(key)) continue;
    const message = `Unknown key '${key}'. The key will be ignored.`;
    const place = placeOf(nodeContext(keyNode, "value for", key, context));
    report({ severity: "warning", code: "LOAD_UNKNOWN_KEY", message, context, place });
  }
}
