import type { Priority } from "../../alert/alert.ts";
import type { Rule } from "../../rules/rule-set.ts";

/** Where a run ends before its input does; none is set where a key is left out. */
export interface RunLimits {
  /** Events that rules may see. */
  readonly events?: number;
  /** Seconds of the input's own time, from its first event. */
  readonly seconds?: number;
  readonly alerts?: number;
}

/** What rules are run over: a capture, or a file of JSON events of one plugin source (found out where it is not named). */
export type RunInput =
  | { readonly kind: "capture"; readonly path: string }
  | { readonly kind: "events"; readonly path: string; readonly source?: string };

/** One alert of a run. */
export interface RunAlert {
  readonly rule: Rule;
  readonly eventNumber: number;
  readonly timeNs: bigint;
  /** A line of Falco's JSON. */
  readonly line: string;
}

/** Why the input, or a part of it, was not read. */
export interface RunFault {
  readonly code: string;
  readonly message: string;
  readonly fix?: string;
  readonly where?: string;
}

/** What came of running rules over an input. */
export interface RunOutcome {
  /** Event source of the input: syscall for captures. */
  readonly source: string;
  /** Rules that could have fired: active, of this source, urgent enough. */
  readonly rulesRun: number;
  /** Events that rules saw; undefined where the engine does not tell. */
  readonly events?: number;
  /** Of the input, as far as it was read. */
  readonly bytes?: number;
  readonly alerts: number;
  /** Rules without alerts are left out. */
  readonly alertsByRule: Readonly<Record<string, number>>;
  readonly alertsByPriority: Readonly<Partial<Record<Priority, number>>>;
  /** Time of the first and the last event that rules saw; of the alerts, where the engine does not tell. */
  readonly firstNs?: bigint;
  readonly lastNs?: bigint;
  readonly endedBy: "end of input" | "limit of events" | "limit of seconds" | "limit of alerts" | "fault";
  /** What stopped the reading; alerts from before it stand. */
  readonly fault?: RunFault;
  /** Parts that were passed over while reading went on: lines that are no JSON. The first hundred. */
  readonly skipped: readonly RunFault[];
  readonly skippedCount: number;
}

/** The outcome of an engine that sees every event itself. */
export interface CountedOutcome extends RunOutcome {
  readonly events: number;
  readonly bytes: number;
}
