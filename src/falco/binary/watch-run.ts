import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { checkFiles } from "./ask-falco.ts";
import type { FalcoLimits, FalcoRunEnd, TakeAlert } from "./falco-binary.ts";
import { alertReader } from "./read-alerts.ts";
import { limitsOf, type RunContext, type RunRequest, startRun } from "./start-run.ts";
import type { ProcessLimits } from "./supervise.ts";

const MINUTE_MS = 60_000;
/** A capture may hold nothing that a rule matches, so silence is no fault. */
const REPLAY_LIMITS: ProcessLimits = {
  startMs: 30_000,
  wholeMs: 30 * MINUTE_MS,
  graceMs: 2_000,
  outputBytes: 4 * 1024 ** 3,
  lineBytes: 1024 * 1024,
};
/** What a live run may take beyond its seconds: loading the driver, stopping. */
const LIVE_EXTRA_MS = 30_000;
const MAX_SECONDS = 86_400;
const ENGINE_KINDS = ["modern_ebpf", "kmod", "ebpf", "nodriver"] as const;

export interface WatchRequest extends Omit<RunRequest, "limits" | "onLine"> {
  readonly given: FalcoLimits | undefined;
  readonly maxAlerts?: number | undefined;
}

/** Runs Falco over a capture or the host and hands its alerts on as they come. */
export async function watchRun(context: RunContext, request: WatchRequest, take: TakeAlert): Promise<FalcoRunEnd> {
  const { given, maxAlerts, seconds, ...run } = request;
  checkFiles(run.files ?? []);
  checkCount("the number of alerts", maxAlerts, Number.MAX_SAFE_INTEGER);
  checkCount("the number of seconds", seconds, MAX_SECONDS);
  const wholeMs = seconds === undefined ? {} : { wholeMs: seconds * 1000 + LIVE_EXTRA_MS };
  const reader = alertReader(take, maxAlerts);
  const report = await startRun(context, {
    ...run,
    ...(seconds === undefined ? {} : { seconds }),
    limits: limitsOf({ ...REPLAY_LIMITS, ...wholeMs }, given),
    onLine: reader.take,
  });
  const { end, failure, errors } = report;
  const statistics = { ...reader.statistics(), ...errors.drops() };
  const alerts = reader.alerts();
  const warnings = [...errors.warnings()];
  const { eventsDetected } = statistics;
  if (eventsDetected !== undefined && eventsDetected !== alerts && !reader.isLimited()) {
    warnings.push(`falco counted ${eventsDetected} alerts and ${alerts} were read`);
  }
  return {
    alerts,
    statistics,
    isLimited: reader.isLimited(),
    ...(failure === undefined ? {} : { failure }),
    ...(end.exitCode === undefined ? {} : { exitCode: end.exitCode }),
    ...(end.killedBy === undefined ? {} : { killedBy: end.killedBy }),
    unreadable: reader.unreadable(),
    log: report.log,
    warnings,
    outputBytes: end.outputBytes,
    durationMs: end.durationMs,
  };
}

/** The kind of driver for a live run: what was asked, else the host's, else the one of Falco's packages. */
export function engineKindOf(asked: string | undefined, host: string | undefined): string {
  const kind = asked ?? (ENGINE_KINDS.find((known) => known === host && known !== "nodriver") || "modern_ebpf");
  if (ENGINE_KINDS.some((known) => known === kind)) return kind;
  throw new FalcoSkillsError("FALCO_ENGINE_KIND", `${JSON.stringify(kind)} is no kind of driver`, {
    fix: `Name one of ${ENGINE_KINDS.join(", ")}.`,
  });
}

function checkCount(what: string, count: number | undefined, most: number): void {
  if (count === undefined || (Number.isInteger(count) && count >= 1 && count <= most)) return;
  throw new FalcoSkillsError("FALCO_ARGUMENT", `${what} is ${count}`, {
    fix: `Pass a whole number from 1 to ${most}.`,
  });
}
