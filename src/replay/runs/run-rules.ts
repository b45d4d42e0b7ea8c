import type { Priority } from "../../alert/alert.ts";
import { priorityNumber } from "../../alert/priority.ts";
import type { Rule, RuleSet } from "../../rules/rule-set.ts";
import type { CaptureFault } from "../../scap/capture-fault.ts";
import { type CaptureBytes, openCapture } from "../../scap/open-capture.ts";
import { readCapture } from "../../scap/read-capture.ts";
import { captureFields } from "../../state/capture-fields.ts";
import { CaptureState } from "../../state/capture-state.ts";
import { followCapture } from "../../state/follow-capture.ts";
import { alertWriter } from "../alert-line.ts";
import { replayJsonEvents } from "../json-sources/replay-json-events.ts";
import { type Matching, ruleMatcher } from "../match-rules.ts";
import type { RunAlert, RunFault, RunInput, RunLimits, RunOutcome } from "./run.ts";
import { tallyAlerts } from "./tally-alerts.ts";

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
): Promise<RunOutcome> {
  const rules = rulesToRun(ruleSet, options.minPriority);
  return input.kind === "capture"
    ? runOverCapture(input.path, rules, onAlert, options)
    : replayJsonEvents(input, rules, onAlert, options);
}

function rulesToRun({ rules }: RuleSet, minPriority: Priority | undefined): readonly Rule[] {
  const least = minPriority === undefined ? Number.POSITIVE_INFINITY : priorityNumber(minPriority);
  return rules.filter(({ active, priority }) => active && priorityNumber(priority) <= least);
}

async function runOverCapture(
  path: string,
  rules: readonly Rule[],
  onAlert: (alert: RunAlert) => void,
  { matching, hostname, limits = {}, signal, onProgress, settle }: RunOptions,
): Promise<RunOutcome> {
  const own = rules.filter(({ source }) => source === "syscall");
  const state = new CaptureState();
  const fields = captureFields(state);
  const tally = tallyAlerts({
    match: ruleMatcher(own, fields, matching),
    writerOf: (rule) => alertWriter(rule, fields, hostname),
    onAlert,
    limits,
  });
  const { bytes } = await openCapture(path);
  const handler = followCapture(state, (event) => tally.onEvent(event));
  const read = await readCapture(settled(bytes, settle), handler, {
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  await settle?.();
  const { endedBy = read.fault === undefined ? "end of input" : "fault", ...counts } = tally.result();
  return {
    source: "syscall",
    rulesRun: own.length,
    bytes: read.bytes,
    ...counts,
    endedBy,
    ...(read.fault === undefined ? {} : { fault: faultOf(read.fault) }),
    skipped: [],
    skippedCount: 0,
  };
}

/** The pieces as they are, with what must be done before the next one is read. */
async function* settled(pieces: CaptureBytes, settle: RunOptions["settle"]): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    yield piece;
    await settle?.();
  }
}

const faultOf = ({ code, message, fix, where }: CaptureFault): RunFault => ({ code, message, fix, where });
