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

/** Remembers what was found for a tree: files are compiled again after each file that is read, and trees stay the same. */
export type AnalysisMemory = Map<Node, Map<string, ConditionAnalysis>>;

export function analyseCondition(node: Node, options: AnalysisOptions, memory: AnalysisMemory): ConditionAnalysis {
  const bySource = memory.get(node) ?? new Map<string, ConditionAnalysis>();
  memory.set(node, bySource);
  const known = bySource.get(options.source) ?? analyse(node, options);
  bySource.set(options.source, known);
  return known;
}

function analyse(node: Node, options: AnalysisOptions): ConditionAnalysis {
  const diagnostics = checkCondition(node, options);
  let events: EventsOfCondition | undefined;
  const isEarly = ({ kind }: Diagnostic) => kind === "unsafe-na-check" || kind === "deprecated-field";
  return {
    early: diagnostics.filter(isEarly),
    errors: diagnostics.filter(({ severity }) => severity === "error"),
    late: diagnostics.filter((diagnostic) => diagnostic.severity === "warning" && !isEarly(diagnostic)),
    events() {
      events ??= eventsOf(node, options.source);
      return events;
    },
  };
}

/** Rules of plugins see the events of their plugin and injected ones, whatever their condition says. */
export const PLUGIN_EVENTS = ["asyncevent", "pluginevent"] as const;

function eventsOf(node: Node, source: string): EventsOfCondition {
  if (source !== "syscall") return { count: PLUGIN_EVENTS.length, names: PLUGIN_EVENTS };
  const events = eventTypesOf(node);
  if ("message" in events) return { count: 0, names: [], fault: events.message };
  return { count: events.count, names: events.names };
}
