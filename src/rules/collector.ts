import { checkedException } from "./check-exception.ts";
import {
  addTags,
  type CollectedException,
  type CollectedList,
  type CollectedMacro,
  type CollectedRule,
  isGiven,
  type RuleUpdate,
} from "./collected.ts";
import { type LoadContext, type LoadFinding, placeOf, reject } from "./load-context.ts";
import type { PluginRequirement, Step } from "./rule-set.ts";
import { appended } from "./sourced-text.ts";
import { compareVersions, formatVersion, parseVersion, satisfies, type Version } from "./version.ts";

/** What may be read into a collector, and how it is told of what it sees. */
export interface CollectorOptions {
  readonly engineVersion: Version;
  readonly sources: ReadonlySet<string>;
  readonly report: (finding: LoadFinding) => void;
}

/** An item to be defined, which is the collector's from then on: it adds the item's place in the order. */
export type Fresh<Item> = Omit<Item, "index" | "visibility" | "history">;

/** Keys that a definition of each kind gives. */
const LIST_KEYS = ["items"];
const MACRO_KEYS = ["condition"];
const RULE_KEYS = ["condition", "output", "desc", "priority"];

/**
 * Everything that the files read so far define, in the order of first definition: an item defined again keeps its place.
 * Source: falco userspace/engine/rule_loader_collector.cpp @13074749.
 */
export class Collector {
  readonly lists = new Map<string, CollectedList>();
  readonly macros = new Map<string, CollectedMacro>();
  readonly rules = new Map<string, CollectedRule>();
  readonly requiredPlugins: { readonly requirement: PluginRequirement; readonly context: LoadContext }[] = [];
  requiredEngine: Version = [0, 0, 0];
  readonly #options: CollectorOptions;
  #next = 0;

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  requireEngine(version: Version, context: LoadContext): void {
    const { engineVersion } = this.#options;
    if (!satisfies(engineVersion, version)) {
      const message = `Rules require engine version ${formatVersion(version)}, but engine version is ${formatVersion(engineVersion)}`;
      reject("LOAD_ERR_VALIDATE", message, context);
    }
    if (compareVersions(this.requiredEngine, version) < 0) this.requiredEngine = version;
  }

  requirePlugin(requirement: PluginRequirement, context: LoadContext): void {
    const seen = new Set<string>();
    for (const { name, version } of [requirement, ...requirement.alternatives]) {
      if (parseVersion(version) === undefined) {
        reject("LOAD_ERR_VALIDATE", `Invalid required version '${version}' for plugin '${name}'`, context);
      }
      if (seen.has(name)) {
        const message = `Defined multiple alternative version requirements for plugin '${name}'`;
        reject("LOAD_ERR_VALIDATE", message, context);
      }
      seen.add(name);
    }
    this.requiredPlugins.push({ requirement, context });
  }

  defineList(list: Fresh<CollectedList>): void {
    this.#define(this.lists, list, LIST_KEYS);
  }

  appendList({ name, items, context }: Fresh<CollectedList>): void {
    const list = this.lists.get(name);
    if (list === undefined) {
      const message = "List uses 'append' or 'override.items: append' but no list by that name already exists";
      reject("LOAD_ERR_VALIDATE", message, context);
    }
    for (const item of items) list.items.push(item);
    this.#changed(list, "append", ["items"], context);
  }

  defineMacro(macro: Fresh<CollectedMacro>): void {
    this.#define(this.macros, macro, MACRO_KEYS);
  }

  appendMacro({ name, condition, context }: Fresh<CollectedMacro>): void {
    const macro = this.macros.get(name);
    if (macro === undefined) {
      const message = "Macro uses 'append' or 'override.condition: append' but no macro by that name already exists";
      reject("LOAD_ERR_VALIDATE", message, context);
    }
    macro.condition = appended(macro.condition, " ", condition);
    this.#changed(macro, "append", ["condition"], context);
  }

  defineRule(rule: Omit<Fresh<CollectedRule>, "unknownSource">): void {
    this.#earlierRule(rule.name, rule.source, rule.context);
    const unknownSource = !this.#options.sources.has(rule.source);
    if (unknownSource) {
      const message = `Unknown source ${rule.source}, skipping`;
      this.#options.report({ severity: "warning", code: "LOAD_UNKNOWN_SOURCE", message, context: rule.context });
    }
    const exceptions = rule.exceptions.map((exception) => {
      if (!isGiven(exception.fields)) {
        const message = "Rule exception item must have fields property with a list of fields";
        reject("LOAD_ERR_VALIDATE", message, exception.context);
      }
      return checkedException(exception, unknownSource ? undefined : rule.source);
    });
    this.#define(this.rules, Object.assign(rule, { exceptions, unknownSource }), RULE_KEYS);
  }

  /** Adds to a rule: texts behind a blank, tags, new exceptions, new values of exceptions it has. */
  appendRule(update: RuleUpdate): void {
    const rule = this.#earlierRule(update.name, update.source, update.context);
    if (rule === undefined) {
      const message = "Rule uses 'append' or 'override.<key>: append' but no rule by that name already exists";
      reject("LOAD_ERR_VALIDATE", message, update.context);
    }
    const { condition, output, description, tags, exceptions } = update;
    const keys = updatedKeys(update);
    if (keys.length === 0) {
      reject("LOAD_ERR_VALIDATE", "Appended rule must have exceptions or condition property", update.context);
    }
    if (condition !== undefined) rule.condition = appended(rule.condition, " ", condition);
    if (output !== undefined) rule.output = appended(rule.output, " ", output);
    if (description !== undefined) rule.description = `${rule.description} ${description}`;
    if (tags !== undefined) addTags(rule.tags, tags);
    const source = rule.unknownSource ? undefined : rule.source;
    for (const exception of exceptions ?? []) addException(rule.exceptions, exception, source);
    this.#changed(rule, "append", keys, update.context);
  }

  replaceInRule(update: RuleUpdate): void {
    const rule = this.#earlierRule(update.name, update.source, update.context);
    if (rule === undefined) {
      const message = "An 'override.<key>: replace' to a rule was requested but no rule by that name already exists";
      reject("LOAD_ERR_VALIDATE", message, update.context);
    }
    const { name: _name, context: _context, source: _source, ...content } = update;
    const keys = updatedKeys(update);
    if (keys.length === 0) {
      reject("LOAD_ERR_VALIDATE", "The rule must have at least one field that can be replaced", update.context);
    }
    Object.assign(rule, content);
    this.#changed(rule, "replace", keys, update.context);
  }

  /** The old way to switch a rule on or off: an item with its name and `enabled` alone. */
  toggleRule(name: string, enabled: boolean, context: LoadContext): void {
    const rule = this.rules.get(name);
    if (rule === undefined) {
      const message = "Rule has 'enabled' key but no rule by that name already exists";
      reject("LOAD_ERR_VALIDATE", message, context);
    }
    rule.enabled = enabled;
    rule.history.push(step(enabled ? "enable" : "disable", ["enabled"], context));
  }

  #earlierRule(name: string, source: string, context: LoadContext): CollectedRule | undefined {
    const rule = this.rules.get(name);
    if (rule !== undefined && rule.source !== "" && source !== "" && rule.source !== source) {
      reject("LOAD_ERR_VALIDATE", "Rule has been re-defined with a different source", context);
    }
    return rule;
  }

  #define<Item extends CollectedList | CollectedMacro | CollectedRule>(
    items: Map<string, Item>,
    fresh: Fresh<Item>,
    keys: readonly string[],
  ): void {
    const id = this.#next;
    this.#next += 1;
    const earlier = items.get(fresh.name);
    const action = earlier === undefined ? "define" : "redefine";
    // The earlier item is gone with this, so its history can go on: a copy at each step would cost the square of them.
    const history = earlier?.history ?? [];
    history.push(step(action, keys, fresh.context));
    const place = { index: earlier?.index ?? id, visibility: id, history };
    items.set(fresh.name, Object.assign(fresh, place) as unknown as Item);
  }

  #changed(
    item: CollectedList | CollectedMacro | CollectedRule,
    action: Step["action"],
    keys: readonly string[],
    context: LoadContext,
  ): void {
    item.visibility = this.#next;
    this.#next += 1;
    item.history.push(step(action, keys, context));
  }
}

function step(action: Step["action"], keys: readonly string[], context: LoadContext): Step {
  const { file, span } = placeOf(context);
  return { action, keys, at: { file: file.name, span, ...file.lines().placeAt(span.start) } };
}

const KEY_NAMES: Readonly<Record<string, string>> = {
  description: "desc",
  captureDurationMs: "capture_duration",
  warnEventTypes: "warn_evttypes",
  skipIfUnknownFilter: "skip-if-unknown-filter",
};

function updatedKeys({ name: _name, context: _context, source: _source, ...content }: RuleUpdate): string[] {
  return Object.keys(content).map((key) => KEY_NAMES[key] ?? key);
}

function addException(exceptions: CollectedException[], added: CollectedException, source: string | undefined): void {
  const earlier = exceptions.find(({ name }) => name === added.name);
  if (earlier === undefined) {
    if (!isGiven(added.fields)) {
      reject("LOAD_ERR_VALIDATE", "Rule exception must have fields property with a list of fields", added.context);
    }
    if (added.values.length === 0) {
      reject("LOAD_ERR_VALIDATE", "Rule exception must have values property with a list of values", added.context);
    }
    exceptions.push(checkedException(added, source));
    return;
  }
  if (isGiven(added.fields)) {
    const message = "Can not append exception fields to existing exception, only values";
    reject("LOAD_ERR_VALIDATE", message, added.context);
  }
  if (isGiven(added.comps)) {
    const message = "Can not append exception comps to existing exception, only values";
    reject("LOAD_ERR_VALIDATE", message, added.context);
  }
  for (const value of added.values) earlier.values.push(value);
}
