import { fileContext, type ItemType, type LoadContext, nodeContext, reject } from "./load-context.ts";
import { type SourcedText, sourcedScalar } from "./sourced-text.ts";
import { decodeBoolean, decodeUint32, lookup, type YamlNode, type YamlScalar } from "./yaml/yaml-node.ts";

/*
 * How the values of a rule file's items are read, and with which words they are refused:
 * falco userspace/engine/rule_loader_reader.cpp decode_* @13074749.
 */

/** The scalar under a key, or undefined where an optional key is missing (or, for `mayBeEmpty`, says nothing). */
function scalar(
  item: YamlNode,
  key: string,
  context: LoadContext,
  optional: boolean,
  mayBeEmpty = false,
): YamlScalar | undefined {
  const node = lookup(item, key);
  if (node === undefined) {
    if (optional) return undefined;
    reject("LOAD_ERR_YAML_VALIDATE", `Item has no mapping for key '${key}'`, context);
  }
  if (node.kind === "null") {
    if (mayBeEmpty) return undefined;
    reject("LOAD_ERR_YAML_VALIDATE", `Mapping for key '${key}' is empty`, context);
  }
  if (node.kind === "scalar" && node.value !== "") return node;
  if (node.kind === "scalar" && mayBeEmpty) return undefined;
  const message = node.kind === "scalar" ? "Value must be non-empty" : "Value is not a scalar value";
  reject("LOAD_ERR_YAML_VALIDATE", message, nodeContext(node, "value for", key, context));
}

function required(item: YamlNode, key: string, context: LoadContext): YamlScalar {
  const value = scalar(item, key, context, false);
  if (value === undefined) throw new Error(`the scalar of a required key was not read: ${key}`);
  return value;
}

export function decodeText(item: YamlNode, key: string, context: LoadContext): SourcedText {
  return sourcedScalar(context.file, required(item, key, context));
}

export function decodeString(item: YamlNode, key: string, context: LoadContext): string {
  return required(item, key, context).value;
}

export function decodeOptionalString(item: YamlNode, key: string, context: LoadContext): string | undefined {
  return scalar(item, key, context, true)?.value;
}

/** As optional, and "" or nothing at all is the same as a missing key. */
export function decodeEmptyableString(item: YamlNode, key: string, context: LoadContext): string | undefined {
  return scalar(item, key, context, true, true)?.value;
}

export function decodeRequiredBoolean(item: YamlNode, key: string, context: LoadContext): boolean {
  return booleanOf(required(item, key, context), key, context);
}

export function decodeOptionalBoolean(item: YamlNode, key: string, context: LoadContext): boolean | undefined {
  const value = scalar(item, key, context, true);
  return value === undefined ? undefined : booleanOf(value, key, context);
}

function booleanOf(value: YamlScalar, key: string, context: LoadContext): boolean {
  return decodeBoolean(value.value) ?? undecodable(value, key, context);
}

export function decodeRequiredUint32(item: YamlNode, key: string, context: LoadContext): number {
  return uint32Of(required(item, key, context), key, context);
}

export function decodeOptionalUint32(item: YamlNode, key: string, context: LoadContext): number | undefined {
  const value = scalar(item, key, context, true);
  return value === undefined ? undefined : uint32Of(value, key, context);
}

function uint32Of(value: YamlScalar, key: string, context: LoadContext): number {
  return decodeUint32(value.value) ?? undecodable(value, key, context);
}

function undecodable(value: YamlScalar, key: string, context: LoadContext): never {
  reject("LOAD_ERR_YAML_VALIDATE", "Can't decode YAML scalar value", nodeContext(value, "value for", key, context));
}

/** The scalars of the sequence under a key; undefined where the key is missing and optional. */
export function decodeScalars(
  item: YamlNode,
  key: string,
  context: LoadContext,
  optional: boolean,
): YamlScalar[] | undefined {
  const node = lookup(item, key);
  if (node === undefined) {
    if (optional) return undefined;
    reject("LOAD_ERR_YAML_VALIDATE", `Item has no mapping for key '${key}'`, context);
  }
  const at = nodeContext(node, "value for", key, context);
  if (node.kind !== "sequence") reject("LOAD_ERR_YAML_VALIDATE", "Value is not a sequence", at);
  return node.items.map((element) => scalarElement(element, at));
}

function scalarElement(element: YamlNode, sequence: LoadContext): YamlScalar {
  if (element.kind === "scalar") return element;
  reject("LOAD_ERR_YAML_VALIDATE", "sequence value is not scalar", nodeContext(element, "list item", "", sequence));
}

/** Where the value of a key stands, as Falco names it. */
export function valueContext(
  item: YamlNode,
  key: string,
  type: ItemType,
  name: string,
  parent: LoadContext,
): LoadContext {
  const node = lookup(item, key);
  return node === undefined ? parent : nodeContext(node, type, name, parent);
}

/** A map's key or a short word as text: nothing is "null", a collection cannot be one. */
export function wordOf(node: YamlNode, context: LoadContext): string {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "null") return "null";
  const { line, column } = node.mark;
  reject(
    "LOAD_ERR_VALIDATE",
    `yaml-cpp: error at line ${line + 1}, column ${column + 1}: bad conversion`,
    fileContext(context.file),
  );
}
