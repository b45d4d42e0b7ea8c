import { decodeBoolean, lookup, type YamlNode } from "../../rules/yaml/yaml-node.ts";

/** Where a value was set. */
export type Origin = { readonly file: string; readonly line: number } | { readonly option: string };

/** A value that was set: always text, as Falco's YAML library has it. */
export interface FoundText {
  readonly text: string;
  /** It names an environment variable of Falco that we cannot read. */
  readonly unknown: boolean;
  readonly at: Origin;
}

export interface PlacedNode {
  readonly node: YamlNode;
  readonly file: string;
}

/** A merged configuration by dotted paths. */
export interface ConfigView {
  /** The text at a path; undefined where nothing, or no text, was set. */
  text(path: string): FoundText | undefined;
  /** What Falco takes for a switch: its default where the text is none; undefined when we cannot know. */
  isOn(path: string, byDefault: boolean): boolean | undefined;
  /** The elements of a list, one text counting as a list of one; undefined where nothing was set. */
  items(path: string): readonly PlacedNode[] | undefined;
  /** Texts among the elements of a list. */
  texts(path: string): readonly FoundText[];
  /** Where the path, or the nearest block above it, was set. */
  originOf(path: string): Origin | undefined;
  /** The merged top-level block as YAML nodes; undefined where nothing was set. */
  block(key: string): YamlNode | undefined;
  /** Whether the merged block, or an element of it, comes from that file: another file may have replaced it. */
  comesFrom(key: string, file: string): boolean;
  /** Options of the command line that set this path or something in it. */
  optionsOn(path: string): readonly string[];
}

/** A top-level value after all files were merged. */
export interface MergedBlock {
  readonly file: string;
  readonly node: YamlNode;
  /** Elements that other files appended to a list. */
  readonly appended: readonly PlacedNode[];
}

export interface OptionSetting {
  /** As on the command line. */
  readonly option: string;
  /** Dotted, without brackets; `adds` for key[]=value. */
  readonly path: string;
  readonly adds: boolean;
  readonly value: YamlNode;
}

/** A view of merged blocks and the options that win over them. `environment` is Falco's own, where it can be read. */
export function createConfigView(
  blocks: ReadonlyMap<string, MergedBlock>,
  options: readonly OptionSetting[],
  environment: ReadonlyMap<string, string> | undefined,
): ConfigView {
  const found = (node: YamlNode | undefined, at: Origin): FoundText | undefined => {
    if (node?.kind !== "scalar") return undefined;
    const text = expandVariables(node.value, environment);
    return { text: text ?? node.value, unknown: text === undefined, at };
  };
  /** The last option that sets the path or a block above it; its node is undefined where that block lacks the path. */
  const optionFor = (path: string) => {
    const setting = options.findLast((one) => !one.adds && (path === one.path || path.startsWith(`${one.path}.`)));
    if (setting === undefined) return undefined;
    const inside = path.slice(setting.path.length + 1).split(".");
    const node = path === setting.path ? setting.value : descend(setting.value, inside);
    return { option: setting.option, node };
  };

  const view: ConfigView = {
    text(path) {
      const option = optionFor(path);
      if (option !== undefined) return found(option.node, { option: option.option });
      const placed = findIn(blocks, path);
      return placed === undefined ? undefined : found(placed.node, placeOf(placed));
    },
    isOn(path, byDefault) {
      const set = view.text(path);
      if (set === undefined) return byDefault;
      return set.unknown ? undefined : (decodeBoolean(set.text) ?? byDefault);
    },
    items(path) {
      const added = options
        .filter((setting) => setting.path === path && setting.adds)
        .map(({ value, option }) => ({ node: value, file: option }));
      const whole = optionFor(path);
      const placed = whole === undefined ? findIn(blocks, path) : placedBy(whole);
      if (placed === undefined && added.length === 0) return undefined;
      const appended = whole === undefined ? (blocks.get(path)?.appended ?? []) : [];
      return [...elementsOf(placed), ...appended, ...added];
    },
    texts: (path) => (view.items(path) ?? []).flatMap((placed) => found(placed.node, placeOf(placed)) ?? []),
    originOf(path) {
      const option = optionFor(path);
      if (option !== undefined) return { option: option.option };
      for (let at = path; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf(".")))) {
        const placed = findIn(blocks, at);
        if (placed !== undefined) return placeOf(placed);
      }
      return undefined;
    },
    block: (key) => blocks.get(key)?.node,
    comesFrom(key, file) {
      const block = blocks.get(key);
      return block?.file === file || block?.appended.some((placed) => placed.file === file) === true;
    },
    optionsOn: (path) =>
      options
        .filter((setting) => setting.path === path || setting.path.startsWith(`${path}.`))
        .map(({ option }) => option),
  };
  return view;
}

function findIn(blocks: ReadonlyMap<string, MergedBlock>, path: string): PlacedNode | undefined {
  const [top = "", ...rest] = path.split(".");
  const block = blocks.get(top);
  if (block === undefined) return undefined;
  const node = descend(block.node, rest);
  return node === undefined ? undefined : { node, file: block.file };
}

function descend(from: YamlNode, path: readonly string[]): YamlNode | undefined {
  let node: YamlNode | undefined = from;
  for (const key of path) node = node === undefined ? undefined : lookup(node, key);
  return node;
}

function placedBy({ node, option }: { node: YamlNode | undefined; option: string }): PlacedNode | undefined {
  return node === undefined ? undefined : { node, file: option };
}

function elementsOf(placed: PlacedNode | undefined): PlacedNode[] {
  if (placed === undefined || placed.node.kind === "null") return [];
  const { node, file } = placed;
  return node.kind === "sequence" ? node.items.map((item) => ({ node: item, file })) : [placed];
}

const placeOf = ({ node, file }: PlacedNode): Origin =>
  file.startsWith("-o ") ? { option: file } : { file, line: node.mark.line + 1 };

/**
 * The text with every ${NAME} as Falco puts it in when it reads a file: the variable's value, nothing for one that is
 * not set; $${x} stands for ${x}. Undefined when a variable is named and the environment is not known.
 */
export function expandVariables(
  text: string,
  environment: ReadonlyMap<string, string> | undefined,
): string | undefined {
  if (!text.includes("${")) return text;
  if (environment === undefined) return undefined;
  return text.replace(/\$\$\{([^}]*)\}|\$\{([^}]*)\}/g, (_whole, kept: string | undefined, name: string) =>
    kept === undefined ? (environment.get(name) ?? "") : `\${${kept}}`,
  );
}

/** A place in words: `file:line`, or the option. */
export function showOrigin(origin: Origin): string {
  return "option" in origin ? origin.option : `${origin.file}:${origin.line}`;
}
