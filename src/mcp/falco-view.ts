import { z } from "zod";
import { redactText } from "../audit/redact-text.ts";
import type { FalcoProcess, FalcoWebserver, RunningFalco } from "../falco/host/running-falco.ts";
import type { Engines } from "../runs/choose-engine.ts";

/** The engines that can run rules here. */
export const ENGINES = z
  .array(
    z.strictObject({
      name: z.enum(["embedded", "falco"]),
      version: z.string().optional().describe("Of the Falco binary"),
      engine: z.string().describe("Engine version of the rules language"),
      path: z.string().optional(),
      sha256: z.string().optional(),
    }),
  )
  .describe("What run_falco can run rules with");

/** A running Falco as falco_status tells it; parts that could not be learnt are left out, `problems` says why. */
export const RUNNING_FALCO = z.strictObject({
  state: z.enum(["healthy", "running", "down", "unknown"]),
  version: z.string().optional(),
  engine: z.string().optional(),
  pid: z.int().optional(),
  unit: z.string().optional().describe("systemd unit"),
  container: z.string().optional(),
  url: z.string().optional().describe("Of its webserver"),
  started: z.string().optional(),
  config: z.string().optional(),
  driver: z.string().optional(),
  rule_files: z
    .array(
      z.strictObject({
        path: z.string(),
        sha256: z.string().optional().describe("Of the file on disk"),
        loaded: z.enum(["yes", "no", "unknown"]).describe("Whether exactly these bytes are loaded"),
      }),
    )
    .optional(),
  events: z.int().optional().describe("Since its start"),
  event_drops: z.int().optional().describe("Events the kernel side could not hand over: no rule saw them"),
  queue_drops: z.int().optional().describe("Alerts that a full outputs queue lost"),
  rule_matches: z.record(z.string(), z.int()).optional().describe("The ten rules that matched most"),
  outputs: z
    .array(z.strictObject({ kind: z.string(), target: z.string(), reaches_us: z.boolean() }))
    .optional()
    .describe("Where its alerts go, and whether they come here"),
  mend: z
    .strictObject({
      file: z.string(),
      how: z.enum(["new file", "replace blocks"]).describe("Make the file, or replace its blocks of the same name"),
      lines: z.array(z.string()),
    })
    .optional()
    .describe("All that lines of falco.yaml can mend, put together"),
  problems: z.array(z.string()).describe("Parts that could not be learnt, and why"),
});

/** What is wrong with the set-up of the running Falco. */
export const HOST_FINDING = z.strictObject({
  code: z.string(),
  severity: z.enum(["error", "warning", "note"]),
  message: z.string(),
  where: z.string().optional(),
  fix: z.string(),
  lines: z.array(z.string()).optional().describe("The lines of falco.yaml that mend this one alone"),
});

export function enginesView({ embedded, falco, search }: Engines): z.input<typeof ENGINES> {
  const { found } = search;
  const own = { name: "embedded" as const, engine: embedded().engineVersion };
  if (falco === undefined || found === undefined) return [own];
  const { falcoVersion: version, engineVersion: engine } = falco;
  return [{ name: "falco", version, engine, path: found.realPath, sha256: found.sha256 }, own];
}

export function runningFalcoView(falco: RunningFalco): z.input<typeof RUNNING_FALCO> {
  const { state, process, webserver, configuration, mend } = falco;
  const settings = configuration.ok ? configuration.value.settings : undefined;
  return {
    state,
    ...processView(process),
    ...webserverView(webserver),
    ...(configuration.ok ? { config: configuration.value.path, rule_files: ruleFiles(falco) } : {}),
    ...(settings === undefined
      ? {}
      : {
          driver: settings.engineKind,
          outputs: settings.outputs.map(({ kind, target, reachesUs }) => ({ kind, target, reaches_us: reachesUs })),
        }),
    ...(mend === undefined ? {} : { mend: { file: mend.file, how: mend.how, lines: linesOf(mend.yaml) } }),
    problems: problemsOf(falco),
  };
}

export const hostFindings = ({ findings }: RunningFalco): z.input<typeof HOST_FINDING>[] =>
  findings.map(({ code, severity, message, where, fix, lines }) => ({
    code,
    severity,
    message,
    ...(where === undefined ? {} : { where }),
    fix,
    // They repeat the person's own blocks, where a URL may carry a token: linesOf redacts them.
    ...(lines === undefined ? {} : { lines: linesOf(lines) }),
  }));

/** One text a line, so that they can be copied; redacted whole, since a secret may have several. */
const linesOf = (yaml: string): string[] => redactText(yaml).trimEnd().split("\n");

function processView(process: FalcoProcess | undefined) {
  if (process === undefined) return {};
  const { pid, systemdUnit, container, startedMs } = process;
  return {
    pid,
    ...(systemdUnit === undefined ? {} : { unit: systemdUnit }),
    ...(container === undefined ? {} : { container }),
    ...(startedMs === undefined ? {} : { started: new Date(startedMs).toISOString() }),
  };
}

function webserverView(webserver: FalcoWebserver | undefined) {
  if (webserver === undefined) return {};
  const { url, versions, metrics } = webserver;
  const version = versions.ok ? versions.value.falco : metrics.ok ? metrics.value.version : undefined;
  const engine = versions.ok ? versions.value.engine : undefined;
  return {
    url,
    ...(version === undefined ? {} : { version }),
    ...(engine === undefined ? {} : { engine }),
    ...(metrics.ok ? counters(metrics.value) : {}),
  };
}

type Metrics = Extract<FalcoWebserver["metrics"], { ok: true }>["value"];

function counters({ events, eventDrops, queueDrops, ruleMatches }: Metrics) {
  const most = [...ruleMatches].sort((left, right) => right.matches - left.matches).slice(0, 10);
  return {
    ...(events === undefined ? {} : { events }),
    ...(eventDrops === undefined ? {} : { event_drops: eventDrops }),
    ...(queueDrops === undefined ? {} : { queue_drops: queueDrops }),
    rule_matches: Object.fromEntries(most.map(({ rule, matches }) => [rule, matches])),
  };
}

/** Falco publishes base names with hashes: a file is loaded when one of its name has its hash. */
function ruleFiles({ configuration, webserver }: RunningFalco) {
  if (!configuration.ok) return [];
  const loaded = webserver?.metrics.ok === true ? webserver.metrics.value.ruleFiles : [];
  return configuration.value.ruleFiles.map(({ path, state }) => {
    if (!state.ok) return { path, loaded: "unknown" as const };
    const { sha256 } = state.value;
    const same = loaded.filter(({ name }) => name === path.slice(path.lastIndexOf("/") + 1));
    if (same.length === 0) return { path, sha256, loaded: "unknown" as const };
    return { path, sha256, loaded: same.some((file) => file.sha256 === sha256) ? ("yes" as const) : ("no" as const) };
  });
}

function problemsOf({ processes, configuration, webserver }: RunningFalco): string[] {
  const parts = [processes, configuration, ...(webserver === undefined ? [] : [webserver.health, webserver.metrics])];
  return parts.flatMap((part) => (part.ok ? [] : [`${part.fault.code}: ${part.fault.message}`]));
}
