import type { Node } from "../condition/ast.ts";
import { conditionFacts } from "../condition/condition-facts.ts";
import { eventTypesOf } from "../condition/event-types-of.ts";
import { parseCondition } from "../condition/parse-condition.ts";
import type { LoadedPlugin } from "./load-options.ts";
import type { ExceptionEntry, List, Macro, Rule, RuleSet } from "./rule-set.ts";
import { usedPlugins } from "./used-plugins.ts";

/** `falco -L -o json_output=true`: the rule set as Falco describes it. Arrays that Falco leaves unordered are sorted. */
export interface RulesDescription {
  readonly required_engine_version: string;
  readonly required_plugin_versions: RuleSet["requiredPlugins"];
  readonly rules: readonly RuleDescription[];
  readonly macros: readonly MacroDescription[];
  readonly lists: readonly ListDescription[];
}

export interface RuleDescription {
  readonly info: {
    readonly name: string;
    readonly condition: string;
    readonly priority: string;
    readonly output: string;
    readonly description: string;
    readonly enabled: boolean;
    readonly source: string;
    readonly capture: boolean;
    readonly capture_duration: number;
    readonly tags: readonly string[];
  };
  readonly details: ConditionDescription & {
    readonly output_fields: readonly string[];
    readonly exception_fields: readonly string[];
    readonly exception_names: readonly string[];
    readonly exception_operators: readonly string[];
    readonly output_compiled: string;
    readonly plugins: readonly string[];
  };
}

export interface MacroDescription {
  readonly info: { readonly name: string; readonly condition: string };
  readonly details: ConditionDescription & { readonly used: boolean; readonly plugins: readonly string[] };
}

export interface ListDescription {
  readonly info: { readonly name: string; readonly items: readonly string[] };
  readonly details: {
    readonly used: boolean;
    readonly lists: readonly string[];
    readonly items_compiled: readonly string[];
    readonly plugins: readonly string[];
  };
}

interface ConditionDescription {
  /** Named in the condition as written: what those name in turn is not listed. */
  readonly macros: readonly string[];
  readonly lists: readonly string[];
  readonly condition_operators: readonly string[];
  readonly condition_fields: readonly string[];
  readonly events: readonly string[];
  readonly condition_compiled: string;
}

interface Names {
  readonly macros: ReadonlySet<string>;
  readonly lists: ReadonlySet<string>;
}

/**
 * What Falco says of a rule set that loads. `plugins` are those it was loaded with.
 * Source: falco userspace/engine/falco_engine.cpp describe_rule, get_json_details @13074749.
 */
export function describeRules(ruleSet: RuleSet, plugins: readonly LoadedPlugin[]): RulesDescription {
  const names: Names = {
    macros: new Set(ruleSet.macros.map(({ name }) => name)),
    lists: new Set(ruleSet.lists.map(({ name }) => name)),
  };
  return {
    required_engine_version: ruleSet.requiredEngineVersion,
    required_plugin_versions: ruleSet.requiredPlugins,
    rules: ruleSet.rules.map((rule) => describeRule(rule, names, plugins)),
    macros: ruleSet.macros.map((macro) => describeMacro(macro, names)),
    lists: ruleSet.lists.map(describeList),
  };
}

function describeRule(rule: Rule, names: Names, plugins: readonly LoadedPlugin[]): RuleDescription {
  const { exceptions } = rule;
  const condition = describeCondition(rule.condition, rule.tree, rule.compiled, rule.events, names);
  const outputFields = rule.outputParts.fields.map(({ name }) => name);
  const given = exceptions.filter(({ values }) => values.length > 0);
  return {
    info: {
      name: rule.name,
      condition: rule.condition,
      priority: rule.priority,
      output: rule.output,
      description: rule.description,
      enabled: rule.enabled,
      source: rule.source,
      capture: rule.capture,
      capture_duration: rule.captureDurationMs,
      tags: rule.tags,
    },
    details: {
      ...condition,
      output_fields: outputFields,
      exception_fields: sorted(given.flatMap(({ fields }) => words(fields))),
      exception_names: sorted(exceptions.map(({ name }) => name)),
      exception_operators: sorted(exceptions.flatMap(({ comps }) => words(comps))),
      output_compiled: rule.compiledOutput,
      plugins: usedPlugins(rule, [...condition.condition_fields, ...outputFields], plugins),
    },
  };
}

function describeMacro(macro: Macro, names: Names): MacroDescription {
  const { name, condition, tree, compiled, used } = macro;
  const events = eventTypesOf(tree);
  const eventNames = "message" in events ? [] : events.names;
  return {
    info: { name, condition },
    // A macro has no source, so that nobody can say which plugins it uses.
    details: { ...describeCondition(condition, tree, compiled, eventNames, names), used, plugins: [] },
  };
}

function describeList({ name, items, expandedItems, used }: List): ListDescription {
  const compiled = new Set(expandedItems);
  return {
    info: { name, items: items.filter((item) => compiled.has(item)) },
    details: {
      used,
      lists: sorted(items.filter((item) => !compiled.has(item))),
      items_compiled: expandedItems,
      plugins: [],
    },
  };
}

function describeCondition(
  text: string,
  tree: Node,
  compiled: string,
  events: readonly string[],
  names: Names,
): ConditionDescription {
  const written = parseCondition(text).node;
  const named = written === undefined ? undefined : conditionFacts(written, names);
  const facts = conditionFacts(tree, names);
  const isFault = "message" in facts;
  return {
    macros: named === undefined || "message" in named ? [] : named.macros,
    lists: named === undefined || "message" in named ? [] : named.lists,
    condition_operators: isFault ? [] : facts.operators,
    condition_fields: isFault ? [] : facts.fields,
    events,
    condition_compiled: compiled,
  };
}

/** The words of a scalar or of a list of at most two levels. */
function words(entry: ExceptionEntry): string[] {
  return typeof entry === "string"
    ? [entry]
    : entry.flatMap((inner) => (typeof inner === "string" ? [inner] : words(inner)));
}

function sorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}
