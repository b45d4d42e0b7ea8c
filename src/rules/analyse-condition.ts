import type { Diagnostic, Node } from "../condition/ast.ts";
import { checkCondition } from "../condition/check-condition.ts";
import { eventTypesOf } from "../condition/event-types-of.ts";

/** What is known of a condition whose macros are put in. */
export interface ConditionAnalysis {
  /** What Falco warns of before it compiles a condition, whatever comes after. */
  readonly early: readonly Diagnostic[];
  /** Why it does not compile; Falco reports the first. */
  readonly errors: readonly Diagnostic[];
  /** What Falco warns of once it compiles. */
  readonly late: readonly Diagnostic[];
  /** The events it can be true for; `fault` are the words over which Falco ends without any result. */
  events(): EventsOfCondition;
}

export interface EventsOfCondition {
  readonly count: number;
  readonly names: readonly string[];
  readonly fault?: string;
}

export interface AnalysisOptions {
  readonly source: string;
  /** Minor of the engine version 0.x. */
  readonly engine: number;
  /** Every error, not the first alone. */
  readonly all: boolean;
}

/**
 * Remembers by source what was found for a tree: files are compiled again after each file that is read, and trees stay
 * the same.
 */
export type AnalysisMemory = Map<string, Map<Node, ConditionAnalysis>>;

export function analyseCondition(node: Node, options: AnalysisOptions, memory: AnalysisMemory): ConditionAnalysis {
  const { source } = options;
  const analyses = memory.get(source) ?? new Map<Node, ConditionAnalysis>();
  memory.set(source, analyses);
  const analysis = analyses.get(node) ?? analyse(node, options);
  analyses.set(node, analysis);
  return analysis;
}

function analyse(node: Node, options: AnalysisOptions): ConditionAnalysis {
  let events: EventsOfCondition | undefined;
  return {
    ...sorted(checkCondition(node, options)),
    events() {
      events ??= eventsOf(node, options.source);
      return events;
    },
  };
}

const NOTHING_FOUND = { early: [], errors: [], late: [] };

function sorted(diagnostics: readonly Diagnostic[]): Omit<ConditionAnalysis, "events"> {
  if (diagnostics.length === 0) return NOTHING_FOUND;
  const isEarly = ({ kind }: Diagnostic) => kind === "unsafe-na-check" || kind === "deprecated-field";
  return {
    early: diagnostics.filter(isEarly),
    errors: diagnostics.filter(({ severity }) => severity === "error"),
    late: diagnostics.filter((diagnostic) => diagnostic.severity === "warning" && !isEarly(diagnostic)),
  };
}

/** Rules of plugins see the events of their plugin and injected ones, whatever their condition says. */
export const PLUGIN_EVENTS = ["asyncevent", "pluginevent"] as const;

const EVENTS_OF_PLUGINS: EventsOfCondition = { count: PLUGIN_EVENTS.length, names: PLUGIN_EVENTS };

function eventsOf(node: Node, source: string): EventsOfCondition {
  if (source !== "syscall") return EVENTS_OF_PLUGINS;
  const events = eventTypesOf(node);
  return "message" in events ? { count: 0, names: [], fault: events.message } : events;
}
