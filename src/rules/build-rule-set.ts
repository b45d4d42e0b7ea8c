import { createHash } from "node:crypto";
import { printCondition } from "../condition/print-condition.ts";
import type { Entry } from "./collected.ts";
import type { CompiledRule } from "./compile.ts";
import type { CompiledList } from "./compile-lists.ts";
import type { CompiledMacro } from "./compile-macros.ts";
import type { FilePlace, SourceFile } from "./load-context.ts";
import type { LoadSettings } from "./load-settings.ts";
import type { FilesOutcome } from "./rule-files.ts";
import type { ExceptionEntry, List, Macro, Origin, Rule, RuleSet } from "./rule-set.ts";
import { isActive } from "./select-rules.ts";
import { placeInExpanded } from "./substitute-lists.ts";
import { formatVersion } from "./version.ts";

/**
 * The rule set that a load gives: what compiled, in the order of evaluation. Digest, printed forms and names of events are
 * worked out when asked for: whoever only checks rules needs none of them.
 */
export function buildRuleSet({ files, collector, compilation }: FilesOutcome, settings: LoadSettings): RuleSet {
  const rules = compilation.rules.map((rule) => ruleOf(rule, settings));
  let digest: string | undefined;
  return {
    rules,
    macros: [...compilation.macros.values()].map(macroOf),
    lists: compilation.lists.map(listOf),
    requiredEngineVersion: formatVersion(collector.requiredEngine),
    requiredPlugins: collector.requiredPlugins.map(({ requirement }) => requirement),
    engineVersion: formatVersion(settings.engineVersion),
    files: files.map(({ file }) => fileOf(file)),
    get digest() {
      digest ??= digestOf(rules);
      return digest;
    },
  };
}

function ruleOf(
  { collected, expanded, tree, output, outputParts, analysis }: CompiledRule,
  settings: LoadSettings,
): Rule {
  const { name, source, priority, description, enabled, tags, capture, captureDurationMs } = collected;
  let compiled: string | undefined;
  return {
    name,
    source,
    priority,
    description,
    enabled,
    active: isActive(collected, settings.selection, settings.minimumPriority),
    tags,
    capture,
    captureDurationMs,
    warnEventTypes: collected.warnEventTypes,
    skipIfUnknownFilter: collected.skipIfUnknownFilter,
    exceptions: collected.exceptions.map((exception) => ({
      name: exception.name,
      fields: entryOf(exception.fields),
      comps: entryOf(exception.comps),
      values: exception.values.map(entryOf),
    })),
    condition: collected.condition.text,
    expandedCondition: expanded.text,
    tree,
    get compiled() {
      compiled ??= printCondition(tree);
      return compiled;
    },
    output: collected.output.text,
    compiledOutput: output,
    outputParts,
    get events() {
      return analysis.events().names;
    },
    lists: expanded.lists,
    history: collected.history,
    conditionOrigin: (offset) => originOf(placeInExpanded(expanded, offset, offset + 1)),
  };
}

function macroOf({ collected, expanded, tree, used }: CompiledMacro): Macro {
  let compiled: string | undefined;
  return {
    name: collected.name,
    condition: collected.condition.text,
    expandedCondition: expanded.text,
    tree,
    get compiled() {
      compiled ??= printCondition(tree);
      return compiled;
    },
    used,
    history: collected.history,
    conditionOrigin: (offset) => originOf(placeInExpanded(expanded, offset, offset + 1)),
  };
}

function listOf({ collected, items, used }: CompiledList): List {
  return {
    name: collected.name,
    items: collected.items.map(({ text }) => text),
    expandedItems: items.map(({ text }) => text),
    used,
    history: collected.history,
  };
}

function entryOf(entry: Entry): ExceptionEntry {
  return entry.kind === "text" ? entry.text.text : entry.items.map(entryOf);
}

function originOf(place: FilePlace | undefined): Origin | undefined {
  if (place === undefined) return undefined;
  const { file, span } = place;
  return { file: file.name, span, ...file.lines().placeAt(span.start) };
}

function fileOf({ name, text }: SourceFile): RuleSet["files"][number] {
  return { name, bytes: Buffer.byteLength(text), sha256: createHash("sha256").update(text).digest("hex") };
}

function digestOf(rules: readonly Rule[]): string {
  const hash = createHash("sha256");
  for (const { name, source, priority, active, compiled, compiledOutput, tags } of rules) {
    hash.update(`${JSON.stringify([name, source, priority, active, compiled, compiledOutput, tags])}\n`);
  }
  return hash.digest("hex");
}
