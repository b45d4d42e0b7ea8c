import type { Priority } from "../alert/alert.ts";
import type { Matching } from "../replay/match-rules.ts";
import type { RunFault, RunInput, RunLimits } from "../replay/runs/run.ts";
import type { EngineName } from "./engine.ts";

export interface RunCaller {
  readonly session: string;
  readonly client?: { readonly name: string; readonly version: string };
}

/** What is known of a run when it begins. */
export interface RunFacts {
  readonly mode: "validate" | "replay" | "live" | "test";
  readonly engine: EngineName;
  readonly caller: RunCaller;
  readonly rules: {
    readonly set: string;
    /** SHA-256 over the files' names and bytes. */
    readonly digest: string;
    readonly engineVersion: string;
  };
  /** Of the Falco that ran them; absent for the embedded engine. */
  readonly falcoVersion?: string;
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
export interface RunServices {
  readonly captures: {
    /** The real path of a capture or event file that may be read, or a refusal. */
    locate(path: string): Promise<string>;
  };
  readonly runs: Runs;
  /** Goes into alerts as Falco puts its own machine's name there. */
  readonly hostname: string;
}
