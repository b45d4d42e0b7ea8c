import type { Priority } from "../../alert/alert.ts";
import { priorityNumber } from "../../alert/priority.ts";
import type { Rule, RuleSet } from "../../rules/rule-set.ts";
import type { Matching } from "../match-rules.ts";
import type { CountedOutcome, RunAlert, RunInput, RunLimits } from "./run.ts";

export interface RunOptions {
  readonly matching: Matching;
  /** Goes into the alerts, as Falco puts its own machine's name there. */
  readonly hostname: string;
  /** Rules less urgent than this do not run, as with `priority` of falco.yaml. */
  readonly minPriority?: Priority;
  readonly limits?: RunLimits;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly bytes: number; readonly events: number }) => void;
  /** Awaited between pieces of the input, so that alerts can be taken away before more come. */
  readonly settle?: () => Promise<void>;
}

/**
 * What came of running a rule set over a capture or a file of JSON events. Each alert goes to `onAlert` at once. A fault of
 * the input is part of the answer and follows the alerts before it; memory grows neither with the input nor the alerts.
 * CANCELLED when the signal fires; FILE_… where the file cannot be opened; REPLAY_… for events of no known source.
 */
export async function runRules(
  input: RunInput,
  ruleSet: RuleSet,
  onAlert: (alert: RunAlert) => void,
  options: RunOptions,
): Promise<CountedOutcome> {
  const rules = rulesToRun(ruleSet, options.minPriority);
  // Each kind of input has its own engine; a run loads one of them.
  if (input.kind === "events") {
    const { replayJsonEvents } = await import("../json-sources/replay-json-events.ts");
    return replayJsonEvents(input, rules, onAlert, options);
  }
  const [{ replayCapture }, { openCapture }] = await Promise.all([
    import("../replay-capture.ts"),
    import("../../scap/open-capture.ts"),
  ]);
  return replayCapture((await openCapture(input.path)).bytes, rules, onAlert, options);
}

/** The rules of a set that are switched on and urgent enough. */
export function rulesToRun({ rules }: RuleSet, minPriority: Priority | undefined): readonly Rule[] {
  const least = minPriority === undefined ? Number.POSITIVE_INFINITY : priorityNumber(minPriority);
  return rules.filter(({ active, priority }) => active && priorityNumber(priority) <= least);
}
