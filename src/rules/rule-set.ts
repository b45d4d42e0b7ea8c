import type { Priority } from "../alert/alert.ts";
import type { Node } from "../condition/ast.ts";
import type { Output } from "../condition/parse-output.ts";
import type { Span } from "../text/span.ts";

/** A stretch of a rule file: where an item, or the part of a condition, was written. */
export interface Origin {
  readonly file: string;
  readonly span: Span;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** What one item of a rule file did to a rule, macro or list. */
export interface Step {
  readonly action: "define" | "redefine" | "append" | "replace" | "enable" | "disable";
  readonly at: Origin;
  /** The keys it changed: condition, output, tags… */
  readonly keys: readonly string[];
}

/** One exception of a rule as the rule files give it; fields, comps and values keep Falco's two forms. */
export interface RuleException {
  readonly name: string;
  readonly fields: ExceptionEntry;
  readonly comps: ExceptionEntry;
  readonly values: readonly ExceptionEntry[];
}

/** A scalar, or a list of entries. */
export type ExceptionEntry = string | readonly ExceptionEntry[];

/** A rule that compiles, with everything that later work needs to know about it. */
export interface Rule {
  readonly name: string;
  readonly source: string;
  readonly priority: Priority;
  readonly description: string;
  /** The `enabled` of the files. */
  readonly enabled: boolean;
  /** Whether it runs: enabled, or chosen by a selection, and urgent enough. */
  readonly active: boolean;
  /** Sorted, without repeats. */
  readonly tags: readonly string[];
  readonly capture: boolean;
  readonly captureDurationMs: number;
  readonly warnEventTypes: boolean;
  readonly skipIfUnknownFilter: boolean;
  readonly exceptions: readonly RuleException[];
  /** As written, with appends, before exceptions and lists. */
  readonly condition: string;
  /** The text that was parsed: exceptions wrapped round it, lists substituted. Spans of `tree` point into it. */
  readonly expandedCondition: string;
  /** Macros resolved. */
  readonly tree: Node;
  /** The condition as Falco prints it once compiled. */
  readonly compiled: string;
  /** As written, with appends, trimmed. */
  readonly output: string;
  /** The output that is formatted: with what the configuration appends. */
  readonly compiledOutput: string;
  /** Its text and fields, ready to be formatted. */
  readonly outputParts: Output;
  /** Names of the event types it can fire on, sorted. */
  readonly events: readonly string[];
  /** Lists substituted into its condition or exceptions, in that order. */
  readonly lists: readonly string[];
  /** Definition, then appends and overrides, in load order. */
  readonly history: readonly Step[];
  /** The place in a file of an offset of `expandedCondition`; undefined inside text that no file holds. */
  conditionOrigin(offset: number): Origin | undefined;
}

export interface Macro {
  readonly name: string;
  readonly condition: string;
  readonly expandedCondition: string;
  readonly tree: Node;
  readonly compiled: string;
  /** By another macro or rule. */
  readonly used: boolean;
  readonly history: readonly Step[];
  conditionOrigin(offset: number): Origin | undefined;
}

export interface List {
  readonly name: string;
  /** As written. */
  readonly items: readonly string[];
  /** References to earlier lists replaced by their items (one level, as Falco does). */
  readonly expandedItems: readonly string[];
  readonly used: boolean;
  readonly history: readonly Step[];
}

/** A plugin that rules may require: all of these must hold, each by the first alternative that is loaded. */
export interface PluginRequirement {
  readonly name: string;
  readonly version: string;
  readonly alternatives: readonly { readonly name: string; readonly version: string }[];
}

/** Rule files after loading, in the order in which Falco evaluates them. */
export interface RuleSet {
  readonly rules: readonly Rule[];
  readonly macros: readonly Macro[];
  readonly lists: readonly List[];
  /** Highest that a file asks for; "0.0.0" where none does. */
  readonly requiredEngineVersion: string;
  readonly requiredPlugins: readonly PluginRequirement[];
  /** The engine it was loaded for. */
  readonly engineVersion: string;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
  /**
   * SHA-256 (hex) of what the rules mean: names, sources, priorities, compiled conditions, outputs, tags and whether
   * they run, in order. Comments, layout, file names and unused macros do not change it.
   */
  readonly digest: string;
}
