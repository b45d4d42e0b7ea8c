import type { RuleSet } from "../../rules/rule-set.ts";
import { nearestNames } from "../../text/nearest-names.ts";
import type { RunAlert, RunInput } from "../runs/run.ts";
import { type RunOptions, runRules } from "../runs/run-rules.ts";
import type { CaseResult, CheckResult, Expectation, RuleTestCase, SeenAlert } from "./rule-test.ts";

export type RuleTestOptions = Pick<RunOptions, "matching" | "signal" | "onProgress">;

const SHOWN = 5;

/**
 * The results of the cases, in their order; every input is replayed once, whatever the number of its cases. A faulty input
 * or a rule that the set does not run fails its case. Fails with FILE_… for an input that is not there, and CANCELLED.
 */
export async function runRuleTests(
  cases: readonly RuleTestCase[],
  ruleSet: RuleSet,
  options: RuleTestOptions,
): Promise<readonly CaseResult[]> {
  const byInput = new Map<string, RuleTestCase[]>();
  for (const test of cases) {
    const key = JSON.stringify(test.input);
    const others = byInput.get(key);
    if (others === undefined) byInput.set(key, [test]);
    else others.push(test);
  }
  const results = new Map<RuleTestCase, CaseResult>();
  for (const group of byInput.values()) {
    for (const [test, result] of await runGroup(group, ruleSet, options)) results.set(test, result);
  }
  return cases.flatMap((test) => results.get(test) ?? []);
}

async function runGroup(
  group: readonly RuleTestCase[],
  ruleSet: RuleSet,
  options: RuleTestOptions,
): Promise<Map<RuleTestCase, CaseResult>> {
  const [first] = group;
  if (first === undefined) return new Map();
  const counters = new Map<string, Counter[]>();
  const ofCase = new Map<RuleTestCase, Counter[]>();
  for (const test of group) {
    const own = [
      ...test.mustHit.map((expectation) => newCounter("must_hit", expectation)),
      ...test.mustNotHit.map((expectation) => newCounter("must_not_hit", expectation)),
    ];
    ofCase.set(test, own);
    for (const counter of own) {
      const { rule } = counter.expectation;
      counters.set(rule, [...(counters.get(rule) ?? []), counter]);
    }
  }
  const outcome = await runRules(
    first.input,
    ruleSet,
    (alert) => countAlert(alert, counters.get(alert.rule.name) ?? []),
    { ...options, hostname: "" },
  );
  const { events, fault } = outcome;
  return new Map(
    group.map((test): [RuleTestCase, CaseResult] => {
      const checks = (ofCase.get(test) ?? []).map((counter) => judge(counter, ruleSet, outcome.source));
      const ok = fault === undefined && checks.every((check) => check.ok);
      return [test, { name: test.name, ok, checks, events, ...(fault === undefined ? {} : { fault }) }];
    }),
  );
}

interface Counter {
  readonly kind: CheckResult["kind"];
  readonly expectation: Expectation;
  found: number;
  /** Alerts of the rule whose fields have other values. */
  others: number;
  readonly alerts: SeenAlert[];
}

function newCounter(kind: CheckResult["kind"], expectation: Expectation): Counter {
  return { kind, expectation, found: 0, others: 0, alerts: [] };
}

function countAlert(alert: RunAlert, counters: readonly Counter[]): void {
  if (counters.length === 0) return;
  const parsed = JSON.parse(alert.line) as { output: string; output_fields: Record<string, unknown> };
  for (const counter of counters) {
    if (!hasFields(parsed.output_fields, counter.expectation.fields ?? {})) {
      counter.others += 1;
      continue;
    }
    counter.found += 1;
    if (counter.alerts.length >= SHOWN) continue;
    counter.alerts.push({ rule: alert.rule.name, eventNumber: alert.eventNumber, output: parsed.output });
  }
}

function hasFields(
  fields: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, string | null>>,
): boolean {
  return Object.entries(wanted).every(([name, value]) => {
    const found = Object.hasOwn(fields, name) ? fields[name] : null;
    if (found === null || value === null) return found === value;
    return (typeof found === "object" ? JSON.stringify(found) : String(found)) === value;
  });
}

function judge({ kind, expectation, found, others, alerts }: Counter, ruleSet: RuleSet, source: string): CheckResult {
  const { rule } = expectation;
  const unrunnable = whyNotRun(rule, ruleSet, source, expectation);
  // A rule that cannot fire passes no case, not even one that forbids it: the case would prove nothing.
  if (unrunnable !== undefined) return { kind, rule, ok: false, message: unrunnable, found, alerts };
  const { least, most } = boundsOf(kind, expectation);
  const ok = found >= least && found <= most;
  const wanted =
    most === Number.POSITIVE_INFINITY
      ? `at least ${least}`
      : least === most
        ? `exactly ${least}`
        : `${least} to ${most}`;
  const besides = others === 0 ? "" : `; ${others} more with other field values`;
  return { kind, rule, ok, message: `expected ${wanted}, found ${found}${besides}`, found, alerts };
}

function boundsOf(kind: CheckResult["kind"], { count, atLeast, atMost }: Expectation): { least: number; most: number } {
  if (kind === "must_not_hit") return { least: 0, most: 0 };
  if (count !== undefined) return { least: count, most: count };
  return { least: atLeast ?? (atMost === undefined ? 1 : 0), most: atMost ?? Number.POSITIVE_INFINITY };
}

function whyNotRun(name: string, { rules }: RuleSet, source: string, { fields = {} }: Expectation): string | undefined {
  const rule = rules.find((candidate) => candidate.name === name);
  if (rule === undefined) {
    const [near] = nearestNames(
      name,
      rules.map((candidate) => candidate.name),
      1,
    );
    return `the set has no such rule${near === undefined ? "" : `; near: ${JSON.stringify(near)}`}`;
  }
  if (!rule.active) return "the rule is switched off";
  if (rule.source !== source) return `the rule is of source ${rule.source}, the input of ${source}`;
  const printed = new Set(rule.outputParts.fields.map((field) => field.name));
  const missing = Object.keys(fields).filter((field) => !printed.has(field) && field !== "evt.time");
  return missing.length === 0 ? undefined : `the rule's output does not have ${missing.join(", ")}`;
}

/** Alerts of one set that the other does not give, by rule, event and input. */
export interface AlertChange extends SeenAlert {
  readonly input: string;
}

export interface AlertComparison {
  readonly lost: readonly AlertChange[];
  readonly gained: readonly AlertChange[];
  readonly lostCount: number;
  readonly gainedCount: number;
  readonly lostByRule: ReadonlyMap<string, number>;
  readonly gainedByRule: ReadonlyMap<string, number>;
  readonly same: number;
  /** Inputs that could not be read to their end, in words: alerts after the fault are compared by neither. */
  readonly faults: readonly string[];
}

const CHANGES_SHOWN = 100;
const MAX_COMPARED = 200_000;

/**
 * What another rule set loses and gains in alerts over the same inputs: an alert is the same when rule and event are. At
 * most 200,000 alerts an input are compared. Fails as runRuleTests does.
 */
export async function compareAlerts(
  inputs: readonly RunInput[],
  before: RuleSet,
  after: RuleSet,
  options: RuleTestOptions,
): Promise<AlertComparison> {
  const lost: AlertChange[] = [];
  const gained: AlertChange[] = [];
  const lostByRule = new Map<string, number>();
  const gainedByRule = new Map<string, number>();
  const faults: string[] = [];
  let [lostCount, gainedCount, same] = [0, 0, 0];
  for (const input of inputs) {
    const { found: old } = await alertsOf(input, before, options);
    const { found: now, fault } = await alertsOf(input, after, options);
    if (fault !== undefined) faults.push(`${JSON.stringify(input.path)}: ${fault.code}: ${fault.message}`);
    for (const [key, alert] of old) {
      if (now.has(key)) same += 1;
      else {
        lostCount += 1;
        lostByRule.set(alert.rule, (lostByRule.get(alert.rule) ?? 0) + 1);
        if (lost.length < CHANGES_SHOWN) lost.push({ ...alert, input: input.path });
      }
    }
    for (const [key, alert] of now) {
      if (old.has(key)) continue;
      gainedCount += 1;
      gainedByRule.set(alert.rule, (gainedByRule.get(alert.rule) ?? 0) + 1);
      if (gained.length < CHANGES_SHOWN) gained.push({ ...alert, input: input.path });
    }
  }
  return { lost, gained, lostCount, gainedCount, lostByRule, gainedByRule, same, faults };
}

async function alertsOf(input: RunInput, ruleSet: RuleSet, options: RuleTestOptions) {
  const found = new Map<string, SeenAlert>();
  const { fault } = await runRules(
    input,
    ruleSet,
    ({ rule, eventNumber, line }) => {
      const { output } = JSON.parse(line) as { output: string };
      found.set(`${eventNumber} ${rule.name}`, { rule: rule.name, eventNumber, output });
    },
    { ...options, hostname: "", limits: { alerts: MAX_COMPARED } },
  );
  return { found, fault };
}
