import { wordOf } from "./decode.ts";
import { fileContext, type LoadContext, nodeContext, reject } from "./load-context.ts";
import { lookup, type YamlNode } from "./yaml/yaml-node.ts";

export interface Overrides {
  readonly append: ReadonlySet<string>;
  readonly replace: ReadonlySet<string>;
}

const BAD_MAP = "invalid node; this may result from using a map iterator as a sequence iterator, or vice-versa";

const NO_OVERRIDES: Overrides = { append: new Set(), replace: new Set() };

/** What `override:` asks for, key by key; refused where a key cannot be appended to or replaced. */
export function readOverrides(
  item: YamlNode,
  appendable: ReadonlySet<string>,
  replaceable: ReadonlySet<string>,
  context: LoadContext,
): Overrides {
  const node = lookup(item, "override");
  if (node === undefined) return NO_OVERRIDES;
  const append = new Set<string>();
  const replace = new Set<string>();
  const at = nodeContext(item, "overrides", "", context);
  if (node.kind === "sequence" && node.items.length > 0) {
    reject("LOAD_ERR_VALIDATE", BAD_MAP, fileContext(context.file));
  }
  for (const [keyNode, operationNode] of node.kind === "map" ? node.pairs : []) {
    const key = wordOf(keyNode, context);
    const operation = wordOf(operationNode, context);
    const keyContext = nodeContext(keyNode, "overrides", key, at);
    if (operation === "append") {
      if (!appendable.has(key)) {
        reject("LOAD_ERR_YAML_VALIDATE", `Key '${key}' cannot be appended to, use 'replace' instead`, keyContext);
      }
      append.add(key);
    } else if (operation === "replace") {
      if (!replaceable.has(key)) reject("LOAD_ERR_YAML_VALIDATE", `Key '${key}' cannot be replaced`, keyContext);
      replace.add(key);
    } else {
      const allowed = `${appendable.has(key) ? "append " : ""}${replaceable.has(key) ? "replace " : ""}`;
      const message = `Invalid override operation for key '${key}': '${operation}'. Allowed values are: ${allowed}`;
      reject("LOAD_ERR_YAML_VALIDATE", message, nodeContext(operationNode, "value for", key, at));
    }
  }
  return { append, replace };
}
