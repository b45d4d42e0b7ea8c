import type { RunFault, RunInput } from "../runs/run.ts";

/** What a case says of one rule. */
export interface Expectation {
  readonly rule: string;
  /** Exactly so many alerts. */
  readonly count?: number;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** Values that an alert must have to count, by output field; compared as text, null for an absent one. */
  readonly fields?: Readonly<Record<string, string | null>>;
}

/** One case: an input, and what rules must and must not catch in it. */
export interface RuleTestCase {
  readonly name: string;
  readonly input: RunInput;
  readonly mustHit: readonly Expectation[];
  readonly mustNotHit: readonly Expectation[];
}

/** An alert that a result names. */
export interface SeenAlert {
  readonly rule: string;
  readonly eventNumber: number;
  readonly output: string;
}

export interface CheckResult {
  readonly kind: "must_hit" | "must_not_hit";
  readonly rule: string;
  readonly ok: boolean;
  /** What was asked for and what was found, in words. */
  readonly message: string;
  /** How many alerts counted. */
  readonly found: number;
  /** The first of the alerts that counted. */
  readonly alerts: readonly SeenAlert[];
}

export interface CaseResult {
  readonly name: string;
  readonly ok: boolean;
  readonly checks: readonly CheckResult[];
  readonly events: number;
  /** Why the input was not read to its end; fails the case. */
  readonly fault?: RunFault;
}
