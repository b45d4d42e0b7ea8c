import { isInteger, type Mark, type YamlMap, type YamlNode } from "./yaml/yaml-node.ts";

/** What Falco's JSON schema of rule files allows; it is advice only, the loader has its own rules. */
type Shape =
  | { readonly type: "anything" | "string" | "boolean" | "integer" }
  | { readonly type: "string"; readonly words: readonly string[] }
  | { readonly type: "array"; readonly items: Shape }
  | { readonly type: "integer or string" }
  | ObjectShape;

interface ObjectShape {
  readonly type: "object";
  /** In the order of their names: that is the order of the findings. */
  readonly properties: readonly (readonly [string, Shape])[];
  readonly required?: readonly string[];
  readonly minimum?: number;
}

const ANYTHING: Shape = { type: "anything" };
const TEXT: Shape = { type: "string" };
const SWITCH: Shape = { type: "boolean" };
const OPERATION: Shape = { type: "string", words: ["append", "replace"] };

const ALTERNATIVE: ObjectShape = {
  type: "object",
  properties: [
    ["name", TEXT],
    ["version", TEXT],
  ],
  required: ["name", "version"],
};

const EXCEPTION: ObjectShape = {
  type: "object",
  properties: [
    ["comps", ANYTHING],
    ["fields", ANYTHING],
    ["name", TEXT],
    ["values", ANYTHING],
  ],
  required: ["name"],
};

const OVERRIDE_KEYS = [
  "capture",
  "capture_duration",
  "condition",
  "desc",
  "enabled",
  "exceptions",
  "items",
  "output",
  "priority",
  "skip-if-unknown-filter",
  "tags",
  "warn_evttypes",
];

const PRIORITIES = ["EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "INFORMATIONAL", "DEBUG"];

const ITEM: ObjectShape = {
  type: "object",
  properties: [
    ["append", SWITCH],
    ["capture", SWITCH],
    ["capture_duration", { type: "integer" }],
    ["condition", TEXT],
    ["desc", TEXT],
    ["enabled", SWITCH],
    ["exceptions", { type: "array", items: EXCEPTION }],
    ["items", { type: "array", items: { type: "integer or string" } }],
    ["list", TEXT],
    ["macro", TEXT],
    ["output", TEXT],
    ["override", { type: "object", properties: OVERRIDE_KEYS.map((key) => [key, OPERATION] as const), minimum: 1 }],
    ["priority", { type: "string", words: PRIORITIES }],
    ["required_engine_version", TEXT],
    [
      "required_plugin_versions",
      {
        type: "array",
        items: {
          type: "object",
          properties: [["alternatives", { type: "array", items: ALTERNATIVE }], ...ALTERNATIVE.properties],
          required: ["name", "version"],
        },
      },
    ],
    ["rule", TEXT],
    ["skip-if-unknown-filter", SWITCH],
    ["source", TEXT],
    ["tags", { type: "array", items: TEXT }],
    ["warn_evttypes", SWITCH],
  ],
};

const FILE: Shape = { type: "array", items: ITEM };

export interface SchemaVerdict {
  readonly valid: boolean;
  /** Falco's words, one finding after another over all documents. */
  readonly warnings: readonly string[];
}

/** What Falco's schema says of a file's documents (schema of falco userspace/engine/rule_json_schema.h @13074749). */
export function checkSchema(documents: readonly YamlNode[]): SchemaVerdict {
  const statuses = documents.flatMap((document) => {
    const faults = faultsOf(document, FILE, "<root>");
    return faults.length === 0 ? ["ok"] : faults.map(({ path, words }) => `failed for ${path}: ${words}`);
  });
  // Falco looks at the first document's verdict, and shows all of them when it is not "ok".
  const valid = statuses.length === 0 || statuses[0] === "ok";
  return { valid, warnings: valid ? [] : statuses };
}

/**
 * A key that is a collection, in a map that the schema has a say in: there Falco's reading of the file ends.
 * Its words and place, or undefined.
 */
export function schemaFault(documents: readonly YamlNode[]): { mark: Mark; message: string; limit: false } | undefined {
  for (const document of documents) {
    const mark = badKey(document, FILE);
    if (mark !== undefined) return { mark, message: "bad conversion", limit: false };
  }
  return undefined;
}

function badKey(node: YamlNode, shape: Shape): Mark | undefined {
  if (shape.type === "array")
    return node.kind === "sequence" ? firstOf(node.items, (item) => badKey(item, shape.items)) : undefined;
  if (shape.type !== "object" || node.kind !== "map") return undefined;
  const bad = node.pairs.find((pair) => isCollection(pair[0]));
  if (bad !== undefined) return bad[0].mark;
  if (!node.pairs.some((pair) => isCollection(pair[1]))) return undefined;
  return firstOf(shape.properties, ([name, inner]) => {
    const value = propertyOf(node, name);
    return value === undefined ? undefined : badKey(value, inner);
  });
}

function isCollection({ kind }: YamlNode): boolean {
  return kind === "sequence" || kind === "map";
}

function firstOf<Item>(items: readonly Item[], find: (item: Item) => Mark | undefined): Mark | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

interface Fault {
  readonly path: string;
  readonly words: string;
}

function faultsOf(node: YamlNode, shape: Shape, path: string): Fault[] {
  const wrongType = { path, words: "Value type not permitted by 'type' constraint." };
  switch (shape.type) {
    case "anything":
      return [];
    case "array":
      if (node.kind !== "sequence") return [wrongType];
      return node.items.flatMap((item, index) =>
        behind(faultsOf(item, shape.items, `${path}[${index}]`), path, `Failed to validate item #${index} in array.`),
      );
    case "object":
      return node.kind === "map" ? objectFaults(node, shape, path) : [wrongType];
    case "integer or string":
      return node.kind === "scalar" ? [] : eitherFaults(wrongType);
    default: {
      const faults = scalarFits(node, shape.type) ? [] : [wrongType];
      if (!("words" in shape) || (node.kind === "scalar" && shape.words.includes(node.value))) return faults;
      return [...faults, { path, words: "Failed to match against any enum values." }];
    }
  }
}

function behind(faults: readonly Fault[], path: string, words: string): readonly Fault[] {
  return faults.length === 0 ? faults : [...faults, { path, words }];
}

function eitherFaults(wrongType: Fault): Fault[] {
  const { path } = wrongType;
  return [
    wrongType,
    { path, words: "Failed to validate against child schema #0." },
    wrongType,
    { path, words: "Failed to validate against child schema #1." },
    { path, words: "Failed to validate against any schemas allowed by anyOf constraint." },
  ];
}

function objectFaults(node: YamlMap, { properties, required, minimum }: ObjectShape, path: string): Fault[] {
  const faults: Fault[] = [];
  if (node.pairs.length < (minimum ?? 0)) {
    faults.push({ path, words: `Object should have no fewer than ${minimum} properties.` });
  }
  const known = new Set<string>();
  for (const [name, shape] of properties) {
    const value = propertyOf(node, name);
    if (value === undefined) continue;
    known.add(name);
    const words = `Failed to validate against schema associated with property name '${name}'.`;
    for (const fault of behind(faultsOf(value, shape, `${path}["${name}"]`), path, words)) faults.push(fault);
  }
  // Falco counts: a key that stands twice makes one too many, and then no name can be given.
  if (known.size !== node.pairs.length) {
    const unknown = node.pairs.map(([key]) => nameOf(key)).find((name) => !known.has(name)) ?? "";
    const words = `Object contains a property that could not be validated using 'properties' or 'additionalProperties' constraints: '${unknown}'.`;
    faults.push({ path, words });
  }
  for (const name of required ?? []) {
    if (propertyOf(node, name) === undefined) faults.push({ path, words: `Missing required property '${name}'.` });
  }
  return faults;
}

function nameOf(key: YamlNode): string {
  return key.kind === "scalar" ? key.value : "null";
}

function propertyOf(node: YamlMap, name: string): YamlNode | undefined {
  return node.pairs.find((pair) => nameOf(pair[0]) === name)?.[1];
}

function scalarFits(node: YamlNode, type: "string" | "boolean" | "integer"): boolean {
  if (node.kind !== "scalar") return false;
  if (type === "boolean") return node.value === "true" || node.value === "false";
  return type === "string" || isInteger(node.value);
}
