import type { Priority } from "../../alert/alert.ts";
import type { Rule } from "../../rules/rule-set.ts";
import type { RunAlert, RunLimits, RunOutcome } from "./run.ts";

interface Timed {
  readonly number: number;
  readonly timeNs: bigint;
}

/** Keeps the time of an event, and gives the last one kept. */
export interface LastTime<Event> {
  keep(event: Event): void;
  ns(): bigint;
}

export interface TallyOptions<Event> {
  /** Calls back for the rules that the event matches, in their order. */
  readonly match: (event: Event, onMatch: (rule: Rule) => void) => void;
  /** Makes the writer of a rule's alert lines; asked once a rule, when it first matches. */
  readonly writerOf: (rule: Rule) => (event: Event) => string;
  readonly onAlert: (alert: RunAlert) => void;
  readonly limits: RunLimits;
  readonly lastTime: LastTime<Event>;
}

/** What the tally knows of a run's outcome. */
export type Tallied = Pick<RunOutcome, "alerts" | "alertsByRule" | "alertsByPriority"> & {
  readonly events: number;
} & Partial<Pick<RunOutcome, "firstNs" | "lastNs" | "endedBy">>;

export interface Tally<Event> {
  /** Shows an event to the rules; false when a limit says that no more should come. */
  onEvent(event: Event): boolean;
  /** `endedBy` is there when a limit was met. */
  result(): Tallied;
}

/** Runs rules over events one by one, passes each alert on at once, counts, and keeps to the limits. */
export function tallyAlerts<Event extends Timed>({
  match,
  writerOf,
  onAlert,
  limits,
  lastTime,
}: TallyOptions<Event>): Tally<Event> {
  const { events: maxEvents = Number.POSITIVE_INFINITY, alerts: maxAlerts = Number.POSITIVE_INFINITY } = limits;
  const spanNs = limits.seconds === undefined ? undefined : BigInt(Math.ceil(limits.seconds * 1e9));
  const writers = new Map<Rule, (event: Event) => string>();
  const byRule = new Map<string, number>();
  const byPriority = new Map<Priority, number>();
  let events = 0;
  let alerts = 0;
  let firstNs: bigint | undefined;
  let endedBy: RunOutcome["endedBy"] | undefined;
  let current: Event | undefined;

  const onMatch = (rule: Rule): void => {
    if (current === undefined || alerts >= maxAlerts) return;
    let write = writers.get(rule);
    if (write === undefined) {
      write = writerOf(rule);
      writers.set(rule, write);
    }
    alerts += 1;
    byRule.set(rule.name, (byRule.get(rule.name) ?? 0) + 1);
    byPriority.set(rule.priority, (byPriority.get(rule.priority) ?? 0) + 1);
    onAlert({ rule, eventNumber: current.number, timeNs: current.timeNs, line: write(current) });
  };

  return {
    onEvent(event) {
      firstNs ??= event.timeNs;
      if (spanNs !== undefined && event.timeNs - firstNs > spanNs) {
        endedBy = "limit of seconds";
        return false;
      }
      events += 1;
      lastTime.keep(event);
      current = event;
      match(event, onMatch);
      if (alerts >= maxAlerts) endedBy = "limit of alerts";
      else if (events >= maxEvents) endedBy = "limit of events";
      return endedBy === undefined;
    },
    result: () => ({
      events,
      alerts,
      alertsByRule: Object.fromEntries(byRule),
      alertsByPriority: Object.fromEntries(byPriority),
      ...(firstNs === undefined ? {} : { firstNs, lastNs: lastTime.ns() }),
      ...(endedBy === undefined ? {} : { endedBy }),
    }),
  };
}
