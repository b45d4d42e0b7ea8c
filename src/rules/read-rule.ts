import type { Priority } from "../alert/alert.ts";
import { parsePriority } from "../alert/priority.ts";
import { type RuleContent, type RuleUpdate, sortedTags } from "./collected.ts";
import type { Collector } from "./collector.ts";
import {
  decodeEmptyableString,
  decodeOptionalBoolean,
  decodeOptionalString,
  decodeOptionalUint32,
  decodeRequiredBoolean,
  decodeRequiredUint32,
  decodeScalars,
  decodeString,
  decodeText,
  valueContext,
} from "./decode.ts";
import { APPEND_AND_OVERRIDE, DEPRECATED_APPEND, DEPRECATED_TOGGLE, type Report } from "./item-messages.ts";
import { type LoadContext, nodeContext, reject } from "./load-context.ts";
import { readExceptions } from "./read-exceptions.ts";
import { readOverrides } from "./read-overrides.ts";
import { trimmed } from "./sourced-text.ts";
import { lookup, type YamlNode } from "./yaml/yaml-node.ts";

const APPENDABLE = new Set(["condition", "output", "desc", "tags", "exceptions"]);
const REPLACEABLE = new Set([
  "condition",
  "output",
  "desc",
  "priority",
  "capture",
  "capture_duration",
  "tags",
  "exceptions",
  "enabled",
  "warn_evttypes",
  "skip-if-unknown-filter",
]);

/** Reads a rule item: a definition, an override, an append of the old kind, or the old switch `enabled` alone. */
export function readRule(item: YamlNode, parent: LoadContext, collector: Collector, report: Report): LoadContext {
  const name = decodeString(item, "rule", nodeContext(item, "rule", "", parent));
  const context = nodeContext(item, "rule", name, parent);
  const source = decodeEmptyableString(item, "source", context) ?? "";
  const append = decodeOptionalBoolean(item, "append", context) ?? false;
  if (append) report({ severity: "warning", code: "LOAD_DEPRECATED_ITEM", message: DEPRECATED_APPEND, context });
  const { append: appended, replace: replaced } = readOverrides(item, APPENDABLE, REPLACEABLE, context);
  const hasOverrides = appended.size + replaced.size > 0;
  if (append && hasOverrides) reject("LOAD_ERR_YAML_VALIDATE", APPEND_AND_OVERRIDE, context);
  if (hasOverrides) {
    const unclaimed = new Set([...APPENDABLE, ...REPLACEABLE].filter((key) => lookup(item, key) !== undefined));
    const read: UpdateReading = { item, context, report, unclaimed, source };
    if (appended.size > 0) collector.appendRule(readUpdate(read, appended, "append"));
    if (replaced.size > 0) collector.replaceInRule(readUpdate(read, replaced, "replace"));
    rejectUnclaimed(read);
  } else if (append) {
    collector.appendRule(readOldAppend(item, name, source, context, report));
  } else if (["condition", "output", "desc", "priority"].every((key) => lookup(item, key) === undefined)) {
    const enabled = decodeRequiredBoolean(item, "enabled", context);
    report({ severity: "warning", code: "LOAD_DEPRECATED_ITEM", message: DEPRECATED_TOGGLE, context });
    collector.toggleRule(name, enabled, context);
  } else define(item, name, context, collector, report);
  return context;
}

function define(item: YamlNode, name: string, context: LoadContext, collector: Collector, report: Report): void {
  const condition = decodeText(item, "condition", context);
  const conditionContext = valueContext(item, "condition", "rule condition", "", context);
  const output = trimmed(decodeText(item, "output", context));
  const outputContext = valueContext(item, "output", "rule output", "", context);
  const description = decodeString(item, "desc", context);
  const priority = readPriority(item, context);
  collector.defineRule({
    name,
    context,
    condition,
    conditionContext,
    output,
    outputContext,
    description,
    priority,
    source: decodeOptionalString(item, "source", context) ?? "syscall",
    enabled: decodeOptionalBoolean(item, "enabled", context) ?? true,
    capture: decodeOptionalBoolean(item, "capture", context) ?? false,
    captureDurationMs: decodeOptionalUint32(item, "capture_duration", context) ?? 0,
    warnEventTypes: decodeOptionalBoolean(item, "warn_evttypes", context) ?? true,
    skipIfUnknownFilter: decodeOptionalBoolean(item, "skip-if-unknown-filter", context) ?? false,
    tags: readTags(item, context),
    exceptions: readExceptions(item, context, false, report),
  });
}

function readPriority(item: YamlNode, context: LoadContext): Priority {
  const priority = parsePriority(decodeString(item, "priority", context));
  if (priority !== undefined) return priority;
  reject("LOAD_ERR_YAML_VALIDATE", "Invalid priority", valueContext(item, "priority", "rule priority", "", context));
}

function readTags(item: YamlNode, context: LoadContext): string[] {
  return sortedTags((decodeScalars(item, "tags", context, true) ?? []).map(({ value }) => value));
}

function readOldAppend(item: YamlNode, name: string, source: string, context: LoadContext, report: Report): RuleUpdate {
  const hasCondition = lookup(item, "condition") !== undefined;
  const hasExceptions = lookup(item, "exceptions") !== undefined;
  return {
    name,
    source,
    context,
    ...(hasCondition ? { condition: decodeText(item, "condition", context) } : {}),
    ...(hasExceptions ? { exceptions: readExceptions(item, context, true, report) } : {}),
  };
}

interface UpdateReading {
  readonly item: YamlNode;
  readonly context: LoadContext;
  readonly report: Report;
  /** Keys of the item that no override has asked for yet. */
  readonly unclaimed: Set<string>;
  readonly source: string;
}

/** One reader a key, in the order in which Falco reads them (and therefore refuses them). */
type KeyReader = (reading: UpdateReading, operation: "append" | "replace") => Partial<RuleContent>;

const READERS: readonly (readonly [string, KeyReader])[] = [
  ["condition", ({ item, context }) => ({ condition: decodeText(item, "condition", context) })],
  [
    "exceptions",
    ({ item, context, report }, operation) => ({
      exceptions: readExceptions(item, context, operation === "append", report),
    }),
  ],
  ["output", ({ item, context }) => ({ output: decodeText(item, "output", context) })],
  ["desc", ({ item, context }) => ({ description: decodeString(item, "desc", context) })],
  ["tags", ({ item, context }) => ({ tags: readTags(item, context) })],
  ["priority", ({ item, context }) => ({ priority: readPriority(item, context) })],
  ["capture", ({ item, context }) => ({ capture: decodeRequiredBoolean(item, "capture", context) })],
  [
    "capture_duration",
    ({ item, context }) => ({ captureDurationMs: decodeRequiredUint32(item, "capture_duration", context) }),
  ],
  ["enabled", ({ item, context }) => ({ enabled: decodeRequiredBoolean(item, "enabled", context) })],
  ["warn_evttypes", ({ item, context }) => ({ warnEventTypes: decodeRequiredBoolean(item, "warn_evttypes", context) })],
  [
    "skip-if-unknown-filter",
    ({ item, context }) => ({ skipIfUnknownFilter: decodeRequiredBoolean(item, "skip-if-unknown-filter", context) }),
  ],
];

function readUpdate(reading: UpdateReading, keys: ReadonlySet<string>, operation: "append" | "replace"): RuleUpdate {
  const { context, unclaimed, source } = reading;
  const content: Partial<RuleContent> = {};
  for (const [key, read] of READERS) {
    if (!keys.has(key)) continue;
    if (!unclaimed.delete(key)) {
      const message = `An ${operation} override for '${key}' was specified but '${key}' is not defined`;
      reject("LOAD_ERR_YAML_VALIDATE", message, context);
    }
    Object.assign(content, read(reading, operation));
  }
  return { name: context.name, context, source: keys.has("condition") ? source : "", ...content };
}

function rejectUnclaimed({ item, context, unclaimed }: UpdateReading): void {
  const [key] = [...unclaimed].sort();
  if (key === undefined) return;
  const message = `Unexpected key '${key}': no corresponding entry under 'override' is defined.`;
  reject("LOAD_ERR_YAML_VALIDATE", message, valueContext(item, key, "overrides", key, context));
}
