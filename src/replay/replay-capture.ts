import type { ScapEvent } from "../event/event.ts";
import type { Rule, RuleSet } from "../rules/rule-set.ts";
import type { CaptureBytes } from "../scap/open-capture.ts";
import { type CaptureSummary, type ReadCaptureOptions, readCapture } from "../scap/read-capture.ts";
import { captureFields } from "../state/capture-fields.ts";
import { CaptureState } from "../state/capture-state.ts";
import { followCapture } from "../state/follow-capture.ts";
import { type AlertWriter, alertWriter } from "./alert-line.ts";
import { type Matching, ruleMatcher } from "./match-rules.ts";

export interface ReplayOptions extends ReadCaptureOptions {
  readonly matching: Matching;
  /** Goes into the alerts, as Falco puts its own machine's name there. */
  readonly hostname: string;
  /** Alerts after which the replay ends; no limit without it. */
  readonly maxAlerts?: number;
}

/** One alert of a replay. */
export interface ReplayAlert {
  readonly rule: Rule;
  readonly eventNumber: number;
  readonly timeNs: bigint;
  /** A line of Falco's JSON. */
  readonly line: string;
}

export interface ReplaySummary extends CaptureSummary {
  readonly alerts: number;
  /** How many alerts each rule gave; rules without any are left out. */
  readonly alertsByRule: ReadonlyMap<string, number>;
  /** Time of the first and the last event that rules could see. */
  readonly firstNs?: bigint;
  readonly lastNs?: bigint;
  /** True when it ended because of `maxAlerts`. */
  readonly isLimited: boolean;
}

/**
 * What came of running a rule set over a capture; each alert goes to `onAlert` as soon as it is known, in the order of the
 * events and, under `all`, of the rules. A fault of the capture is part of the answer and follows the alerts before it.
 * Memory grows neither with the capture nor with the alerts. CANCELLED when the signal fires.
 */
export async function replayCapture(
  capture: CaptureBytes,
  ruleSet: RuleSet,
  onAlert: (alert: ReplayAlert) => void,
  options: ReplayOptions,
): Promise<ReplaySummary> {
  const state = new CaptureState();
  const fields = captureFields(state);
  const match = ruleMatcher(ruleSet.rules, fields, options.matching);
  const writers = new Map<Rule, AlertWriter>();
  const alertsByRule = new Map<string, number>();
  const maxAlerts = options.maxAlerts ?? Number.POSITIVE_INFINITY;
  let alerts = 0;
  let firstNs: bigint | undefined;
  let current: ScapEvent | undefined;

  const onMatch = (rule: Rule): void => {
    if (alerts >= maxAlerts || current === undefined) return;
    const writer = writers.get(rule) ?? alertWriter(rule, fields, options.hostname);
    writers.set(rule, writer);
    alerts += 1;
    alertsByRule.set(rule.name, (alertsByRule.get(rule.name) ?? 0) + 1);
    onAlert({ rule, eventNumber: current.number, timeNs: current.timeNs, line: writer(current) });
  };
  const handler = followCapture(state, (event) => {
    current = event;
    firstNs ??= event.timeNs;
    match(event, onMatch);
    return alerts < maxAlerts;
  });
  const summary = await readCapture(capture, handler, options);
  const lastNs = current?.timeNs;
  return {
    ...summary,
    alerts,
    alertsByRule,
    ...(firstNs === undefined ? {} : { firstNs }),
    ...(lastNs === undefined ? {} : { lastNs }),
    isLimited: alerts >= maxAlerts,
  };
}
