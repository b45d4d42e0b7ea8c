import type { Priority } from "../../alert/alert.ts";
import type { Rule } from "../../rules/rule-set.ts";
import type { Matching } from "../match-rules.ts";

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
  /** Events that rules saw. */
  readonly events: number;
  readonly bytes: number;
  readonly alerts: number;
  /** Rules without alerts are left out. */
  readonly alertsByRule: Readonly<Record<string, number>>;
  readonly alertsByPriority: Readonly<Partial<Record<Priority, number>>>;
  /** Time of the first and the last event that rules saw. */
  readonly firstNs?: bigint;
  readonly lastNs?: bigint;
  readonly endedBy: "end of input" | "limit of events" | "limit of seconds" | "limit of alerts" | "fault";
  /** What stopped the reading; alerts from before it stand. */
  readonly fault?: RunFault;
  /** Parts that were passed over while reading went on: lines that are no JSON. The first hundred. */
  readonly skipped: readonly RunFault[];
  readonly skippedCount: number;
}

export interface RunCaller {
  readonly session: string;
  readonly client?: { readonly name: string; readonly version: string };
}

/** What is known of a run when it begins. */
export interface RunFacts {
  readonly mode: "validate" | "replay" | "test";
  readonly engine: "embedded";
  readonly caller: RunCaller;
  readonly rules: {
    readonly set: string;
    /** SHA-256 over the files' names and bytes. */
    readonly digest: string;
    readonly engineVersion: string;
  };
  readonly input?: {
    readonly kind: RunInput["kind"];
    readonly path: string;
    readonly bytes: number;
    /** SHA-256 (hex) of the file as it stands on disk. */
    readonly sha256: string;
  };
  readonly options?: {
    readonly matching: Matching;
    readonly minPriority?: Priority;
    readonly limits: RunLimits;
  };
}

/** What is added when it ends. */
export interface RunResult {
  readonly state: "finished" | "faulty" | "cancelled" | "failed";
  readonly source?: string;
  readonly events?: number;
  readonly alerts?: number;
  readonly alertsByRule?: Readonly<Record<string, number>>;
  readonly alertsByPriority?: Readonly<Record<string, number>>;
  readonly endedBy?: string;
  readonly fault?: RunFault;
  /** Of validate: whether Falco would start. */
  readonly ok?: boolean;
}

/** A run as home keeps it. */
export interface KeptRun extends RunFacts {
  readonly id: string;
  readonly startedAt: string;
  /** Absent while it goes on, and for ever where the process died. */
  readonly endedAt?: string;
  readonly result?: RunResult;
}

/** The runs of one home folder. */
export interface Runs {
  /** Writes the run down before it does anything, so that its alerts never lack their run. */
  begin(facts: RunFacts): Promise<KeptRun>;
  end(run: KeptRun, result: RunResult): Promise<KeptRun>;
  get(id: string): Promise<KeptRun | undefined>;
  /** Newest first; `unreadable` counts files that hold no run. */
  list(
    limit: number,
  ): Promise<{ readonly runs: readonly KeptRun[]; readonly total: number; readonly unreadable: number }>;
}

/** What tools that run rules need beside rules and alerts. */
export interface ReplayServices {
  readonly captures: {
    /** The real path of a capture or event file that may be read, or a refusal. */
    locate(path: string): Promise<string>;
  };
  readonly runs: Runs;
  /** Goes into alerts as Falco puts its own machine's name there. */
  readonly hostname: string;
}
