import type { Alert } from "../alert/alert.ts";
import type { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import type { FalcoBinary, FalcoLiveRequest, FalcoRunEnd } from "../falco/binary/falco-binary.ts";
import type { RunFault, RunLimits, RunOutcome } from "../replay/runs/run.ts";
import { rulesToRun } from "../replay/runs/run-rules.ts";
import type { StoredRuleSet } from "../rules/library/rule-library.ts";
import { alertCounts } from "./alert-counts.ts";
import type { Engine, EngineOptions } from "./engine.ts";

/** A Falco binary as an engine, and what only it can: watch this host. */
export interface FalcoEngine extends Engine {
  readonly falcoVersion: string;
  /** Rules over what this host does, for a bounded time. */
  live(set: StoredRuleSet, seconds: number, take: (line: string) => void, options: EngineOptions): Promise<RunOutcome>;
}

export function falcoEngine(binary: FalcoBinary): FalcoEngine {
  const { falco: falcoVersion, engine: engineVersion = "unknown" } = binary.binary.version;
  return {
    name: "falco",
    falcoVersion,
    engineVersion,
    cannotReplay(input, { limits = {} }) {
      if (input.kind === "events") return "the Falco binary reads JSON events through plugins only";
      const limit = unknownLimit(limits);
      return limit === undefined ? undefined : `the Falco binary has no limit of ${limit}`;
    },
    async validate(set, signal) {
      const { ok, results, fatal, failure, warnings } = await binary.validate(set.files, callOf(signal));
      if (failure !== undefined && results.length === 0 && fatal === undefined) throw failure;
      return { ok, results, warnings, ...(fatal === undefined ? {} : { fatal }) };
    },
    async replay(set, input, take, options) {
      const { path } = input;
      const { takeAlert, counts } = taking(take, options);
      const end = await binary.replay({ capture: path, ...requestOf(set, options) }, takeAlert);
      return outcomeOf(set, end, counts(), options);
    },
    async live(set, seconds, take, options) {
      const { takeAlert, counts } = taking(take, options);
      const request: FalcoLiveRequest = { seconds, ...requestOf(set, options) };
      return outcomeOf(set, await binary.live(request, takeAlert), counts(), options);
    },
  };
}

const callOf = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal });

function requestOf(set: StoredRuleSet, { matching, minPriority, limits, signal }: EngineOptions) {
  return {
    files: set.files,
    matching,
    ...callOf(signal),
    ...(minPriority === undefined ? {} : { minimumPriority: minPriority }),
    ...(limits?.alerts === undefined ? {} : { maxAlerts: limits.alerts }),
  };
}

function unknownLimit({ events, seconds }: RunLimits): string | undefined {
  if (events !== undefined) return "events";
  return seconds === undefined ? undefined : "seconds";
}

/** Counts what comes, passes it on, and lets the taker catch up. */
function taking(take: (line: string) => void, { settle, onProgress }: EngineOptions) {
  const counted = alertCounts();
  return {
    counts: counted.result,
    async takeAlert(line: string, alert: Alert): Promise<void> {
      counted.add(alert);
      take(line);
      onProgress?.(counted.result().alerts, undefined, `${counted.result().alerts} alerts`);
      await settle?.();
    },
  };
}

/** The outcome as the embedded engine tells it; events that no rule matched are not counted by Falco. */
function outcomeOf(
  set: StoredRuleSet,
  { isLimited, failure, unreadable }: FalcoRunEnd,
  counts: ReturnType<ReturnType<typeof alertCounts>["result"]>,
  { minPriority }: EngineOptions,
): RunOutcome {
  if (failure?.code === "CANCELLED") throw failure;
  return {
    source: "syscall",
    rulesRun: rulesToRun(set.ruleSet, minPriority).filter(({ source }) => source === "syscall").length,
    ...counts,
    endedBy: isLimited ? "limit of alerts" : failure === undefined ? "end of input" : "fault",
    ...(failure === undefined ? {} : { fault: faultOf(failure) }),
    skipped: unreadable.first.map((line) => ({ code: "FALCO_OUTPUT", message: `no alert: ${line}` })),
    skippedCount: unreadable.count,
  };
}

const faultOf = ({ code, message, fix, where }: FalcoSkillsError): RunFault => ({
  code,
  message,
  fix,
  ...(where === undefined ? {} : { where }),
});
