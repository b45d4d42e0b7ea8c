import type { YamlNode } from "../../rules/yaml/yaml-node.ts";
import type { ConfigView } from "./config-view.ts";

/** One setting to change, by its dotted path; `adds` puts the elements behind those that a list has. */
export interface Change {
  readonly path: string;
  readonly value: string | boolean | number | readonly (string | Readonly<Record<string, string>>)[];
  readonly adds?: true;
}

/** A value to be written: a scalar is YAML already. */
type Written = { readonly yaml: string } | readonly Written[] | Map<string, Written>;

const LONGEST = 20_000;

/**
 * The changed top-level blocks of falco.yaml, whole: what the configuration has in them stays, comments are lost. Falco
 * replaces blocks whole when it merges files, so these lines do the same in a file of config_files and in place of the
 * blocks of the same name. With `appending`, a list that grows is given its new elements only. Undefined beyond 20,000
 * characters.
 */
export function blocksWith(view: ConfigView, changes: readonly Change[], appending: boolean): string | undefined {
  const blocks = new Map<string, Written>();
  for (const change of changes) {
    const [top = "", ...inside] = change.path.split(".");
    const there = blocks.get(top) ?? startOf(view, top, change, appending);
    blocks.set(top, inside.length === 0 ? atTop(there, change) : within(there, inside, written(change.value)));
  }
  const lines: string[] = [];
  for (const [key, value] of blocks) write(lines, key, value, "");
  const text = lines.map((line) => `${line}\n`).join("");
  return text.length > LONGEST ? undefined : text;
}

function startOf(view: ConfigView, top: string, { adds }: Change, appending: boolean): Written | undefined {
  if (adds === true) return appending ? [] : (view.items(top) ?? []).map(({ node }) => fromNode(node));
  const node = view.block(top);
  return node === undefined ? undefined : fromNode(node);
}

function atTop(there: Written | undefined, { value, adds }: Change): Written {
  const next = written(value);
  if (adds !== true || !Array.isArray(next)) return next;
  return [...(Array.isArray(there) ? there : []), ...next];
}

function within(there: Written | undefined, [key = "", ...rest]: readonly string[], value: Written): Written {
  const map = there instanceof Map ? new Map(there) : new Map<string, Written>();
  map.set(key, rest.length === 0 ? value : within(map.get(key), rest, value));
  return map;
}

function fromNode(node: YamlNode): Written {
  if (node.kind === "null") return { yaml: "null" };
  if (node.kind === "scalar") return { yaml: node.plain ? scalar(node.value) : JSON.stringify(node.value) };
  if (node.kind === "sequence") return node.items.map(fromNode);
  const map = new Map<string, Written>();
  for (const [key, value] of node.pairs) {
    if (key.kind === "scalar" && !map.has(key.value)) map.set(key.value, fromNode(value));
  }
  return map;
}

function written(value: Change["value"]): Written {
  if (typeof value === "string") return { yaml: scalar(value) };
  if (typeof value === "object") {
    return value.map((item) => (typeof item === "string" ? { yaml: scalar(item) } : mapOf(item)));
  }
  return { yaml: String(value) };
}

function mapOf(texts: Readonly<Record<string, string>>): Written {
  return new Map(Object.entries(texts).map(([key, text]) => [key, { yaml: scalar(text) }]));
}

/** Plain where nobody could take it for something else; quoted text in JSON's form is YAML too. */
function scalar(text: string): string {
  return /^[\w./][\w./:@%+$\x7B\x7D-]*$/.test(text) && !/:$|^(?:~|null)$/i.test(text) ? text : JSON.stringify(text);
}

function write(lines: string[], key: string, value: Written, indent: string): void {
  const name = `${indent}${scalar(key)}:`;
  if (value instanceof Map) {
    lines.push(value.size === 0 ? `${name} {}` : name);
    for (const [inside, below] of value) write(lines, inside, below, `${indent}  `);
  } else if (Array.isArray(value)) {
    lines.push(value.length === 0 ? `${name} []` : name);
    for (const item of value) writeItem(lines, item, `${indent}  `);
  } else if ("yaml" in value) lines.push(`${name} ${value.yaml}`);
}

function writeItem(lines: string[], item: Written, indent: string): void {
  if (!(item instanceof Map) && "yaml" in item) {
    lines.push(`${indent}- ${item.yaml}`);
    return;
  }
  const below: string[] = [];
  if (item instanceof Map) for (const [key, value] of item) write(below, key, value, `${indent}  `);
  else for (const inner of item as readonly Written[]) writeItem(below, inner, `${indent}  `);
  const [first, ...rest] = below;
  lines.push(
    first === undefined ? `${indent}- ${item instanceof Map ? "{}" : "[]"}` : `${indent}- ${first.trimStart()}`,
    ...rest,
  );
}
