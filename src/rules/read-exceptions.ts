import { type CollectedException, type Entry, NO_ENTRY } from "./collected.ts";
import { decodeString } from "./decode.ts";
import { type LoadContext, type LoadFinding, nodeContext, reject } from "./load-context.ts";
import { sourcedScalar } from "./sourced-text.ts";
import { lookup, type YamlNode } from "./yaml/yaml-node.ts";

/** The exceptions of a rule item; none where the key is missing or says nothing. `update`: fields may be left out. */
export function readExceptions(
  item: YamlNode,
  parent: LoadContext,
  update: boolean,
  warn: (finding: LoadFinding) => void,
): CollectedException[] {
  const node = lookup(item, "exceptions");
  if (node === undefined || node.kind === "null") return [];
  const all = nodeContext(node, "exceptions", "", parent);
  if (node.kind !== "sequence") reject("LOAD_ERR_YAML_VALIDATE", "Rule exceptions must be a sequence", all);
  const exceptions: CollectedException[] = [];
  const names = new Map<string, number>();
  for (const element of node.items) {
    const unnamed = nodeContext(element, "exception", "", all);
    if (element.kind !== "map") reject("LOAD_ERR_YAML_VALIDATE", "Rule exception must be a mapping", unnamed);
    const name = decodeString(element, "name", unnamed);
    const context = nodeContext(element, "exception", name, parent);
    // Falco says it once for every earlier one of the name.
    for (let earlier = names.get(name) ?? 0; earlier > 0; earlier -= 1) {
      const message = `Multiple definitions of exception '${name}' in the same rule`;
      warn({ severity: "warning", code: "LOAD_EXCEPTION_NAME_NOT_UNIQUE", message, context });
    }
    names.set(name, (names.get(name) ?? 0) + 1);
    const fields = readKey(element, "fields", context, update);
    const comps = readKey(element, "comps", context, true);
    exceptions.push({ name, context, fields, comps, values: readValues(element, context, update, warn) });
  }
  return exceptions;
}

function readValues(
  element: YamlNode,
  context: LoadContext,
  update: boolean,
  warn: (finding: LoadFinding) => void,
): Entry[] {
  const node = lookup(element, "values");
  if (node === undefined) {
    const message = "Overriding/appending exception with no values";
    if (update) warn({ severity: "warning", code: "LOAD_APPEND_NO_VALUES", message, context });
    return [];
  }
  const at = nodeContext(node, "exception values", "", context);
  if (node.kind !== "sequence") reject("LOAD_ERR_YAML_VALIDATE", "Rule exception values must be a sequence", at);
  return node.items.map((value) => readEntry(value, "", nodeContext(value, "exception value", "", at)));
}

function readKey(element: YamlNode, key: string, context: LoadContext, optional: boolean): Entry {
  const node = lookup(element, key);
  if (node !== undefined) return readEntry(node, key, context);
  if (optional) return NO_ENTRY;
  reject("LOAD_ERR_YAML_VALIDATE", `Item has no mapping for key '${key}'`, context);
}

function readEntry(node: YamlNode, key: string, context: LoadContext): Entry {
  if (node.kind === "scalar" && node.value !== "") return { kind: "text", text: sourcedScalar(context.file, node) };
  const at = nodeContext(node, "value for", key, context);
  if (node.kind === "scalar") reject("LOAD_ERR_YAML_VALIDATE", "Value must be non-empty", at);
  if (node.kind !== "sequence") return NO_ENTRY;
  if (node.recursive === true) reject("RULES_YAML_LIMIT", "an alias stands inside the value it names", at);
  return { kind: "list", items: node.items.map((item) => readEntry(item, "", nodeContext(item, "exception", "", at))) };
}
