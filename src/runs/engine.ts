import type { Priority } from "../alert/alert.ts";
import type { Matching } from "../replay/match-rules.ts";
import type { RunInput, RunLimits, RunOutcome } from "../replay/runs/run.ts";
import type { FalcoLoadResult } from "../rules/falco-load-results.ts";
import type { StoredRuleSet } from "../rules/library/rule-library.ts";

export type EngineName = "embedded" | "falco";

/** How rules run, whichever engine runs them. */
export interface EngineOptions {
  readonly matching: Matching;
  /** Rules less urgent than this do not run, as with `priority` of falco.yaml. */
  readonly minPriority?: Priority;
  readonly limits?: RunLimits;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number | undefined, message: string) => void;
  /** Awaited between pieces of the input, so that alerts can be taken away before more come. */
  readonly settle?: () => Promise<void>;
}

/** What an engine says of rule files, in the shape of `falco -V -o json_output=true`. */
export interface EngineVerdict {
  readonly ok: boolean;
  /** One a file, up to its first error; empty where the engine ended without. */
  readonly results: readonly FalcoLoadResult[];
  /** What was said in place of results. */
  readonly fatal?: string;
  readonly warnings: readonly string[];
}

/** One of the two ways to run rules: the engine in this package, and a Falco binary. Results have one shape. */
export interface Engine {
  readonly name: EngineName;
  /** Engine version it is, or follows: 0.63.0. */
  readonly engineVersion: string;
  readonly falcoVersion?: string;
  /** Why it cannot run these rules over this input so; undefined where it can. */
  cannotReplay(input: RunInput, options: EngineOptions): string | undefined;
  validate(set: StoredRuleSet, signal?: AbortSignal): Promise<EngineVerdict>;
  /** Each alert's line of Falco's JSON goes to `take` at once. A fault of the input is part of the outcome. */
  replay(
    set: StoredRuleSet,
    input: RunInput,
    take: (line: string) => void,
    options: EngineOptions,
  ): Promise<RunOutcome>;
}
