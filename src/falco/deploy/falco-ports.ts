import type { LoadOptions } from "../../rules/load-rules.ts";
import { visible } from "../../text/visible.ts";
import type { FalcoBinary } from "../binary/falco-binary.ts";
import type { FalcoMetrics, FalcoProcess, RunningFalco } from "../host/running-falco.ts";
import type { DeploymentPorts, FalcoHealth, Verdict } from "./deployment.ts";
import * as wrong from "./errors.ts";
import { ruleFileNames } from "./rules-folder.ts";

/** How a look at the Falco of this host is taken: `inspectFalco` with everything but the signal given. */
export type Inspect = (signal?: AbortSignal) => Promise<RunningFalco>;

/**
 * A port that tells a running Falco's health from what `inspect` finds. Rates are between two answers of one start of
 * Falco, since its counters begin anew with each. The Falco of the first answer is the one that is asked about: when it is
 * gone, another one on the host does not stand in for it.
 */
export function healthPort(inspect: Inspect): NonNullable<DeploymentPorts["health"]> {
  let last: { readonly metrics: FalcoMetrics; readonly atMs: number } | undefined;
  let watched: FalcoProcess | undefined;
  return async (signal) => {
    const falco = await inspect(signal);
    watched ??= falco.process;
    if (watched !== undefined && falco.process !== undefined && !isSame(watched, falco.process)) {
      return { healthy: false, problem: `the Falco of ${quote(watched.configPath)} is gone; another one runs` };
    }
    const metrics = falco.webserver?.metrics.ok ? falco.webserver.metrics.value : undefined;
    const rates = metrics === undefined || last === undefined ? {} : ratesBetween(last, metrics, falco.checkedMs);
    last = metrics === undefined ? undefined : { metrics, atMs: falco.checkedMs };
    const version = falco.webserver?.versions.ok ? falco.webserver.versions.value.falco : metrics?.version;
    return {
      ...wellness(falco),
      ...(version === undefined ? {} : { version }),
      ...(metrics === undefined ? {} : { loadedFiles: metrics.ruleFiles }),
      ...rates,
    };
  };
}

/** A restart changes the process, not the configuration that it is started with. */
const isSame = (one: FalcoProcess, other: FalcoProcess): boolean => one.configPath === other.configPath;

const quote = (path: string): string => JSON.stringify(visible(path));

/** A process whose webserver is switched off counts as healthy: that it is there is all that can be known. */
function wellness({ state, webserver }: RunningFalco): Pick<FalcoHealth, "healthy" | "problem" | "isGone"> {
  if (state === "healthy" || (state === "running" && webserver === undefined)) return { healthy: true };
  const fault = webserver?.health.ok === false ? webserver.health.fault.message : undefined;
  if (state === "down") return { healthy: false, problem: fault ?? "no Falco runs", isGone: true };
  return { healthy: false, problem: fault ?? `its state is ${state}` };
}

function ratesBetween(
  last: { readonly metrics: FalcoMetrics; readonly atMs: number },
  now: FalcoMetrics,
  atMs: number,
): Pick<FalcoHealth, "dropsPerSecond" | "alertsPerSecond"> {
  const seconds = (atMs - last.atMs) / 1_000;
  const isSameStart = last.metrics.startedNs === now.startedNs && last.metrics.reloadedNs === now.reloadedNs;
  if (seconds <= 0 || !isSameStart) return {};
  const rate = (count: (metrics: FalcoMetrics) => number): number =>
    Math.max(0, count(now) - count(last.metrics)) / seconds;
  return {
    dropsPerSecond: rate(({ eventDrops = 0, queueDrops = 0 }) => eventDrops + queueDrops),
    alertsPerSecond: rate(({ ruleMatches }) => ruleMatches.reduce((sum, { matches }) => sum + matches, 0)),
  };
}

/** A port that asks the real Falco. What keeps it from answering is thrown: no answer is no yes. */
export function validatePort(falco: FalcoBinary): NonNullable<DeploymentPorts["validate"]> {
  return async (files, signal): Promise<Verdict> => {
    const { ok, results, fatal, failure } = await falco.validate(files, signal === undefined ? {} : { signal });
    if (failure !== undefined && results.length === 0 && fatal === undefined) throw failure;
    const faults = results.flatMap(({ name, errors }) =>
      errors.map(({ code, message }) => `${name}: ${code}: ${message}`),
    );
    const engine = `falco ${falco.binary.version.falco}`;
    return { engine, ok, errors: fatal === undefined ? faults.slice(0, 20) : [fatal] };
  };
}

/** What the running Falco says of how it loads rules. */
export interface FalcoLoading {
  /** `rules_files` or -r in load order; undefined where its configuration cannot be read or names another file tree. */
  readonly rulesFiles?: readonly string[];
  readonly load: LoadOptions;
  /** It does not watch its files, so it has to be told. */
  readonly reload?: () => Promise<void>;
}

/** How the Falco that was found loads rules, and how it is made to load those in this folder. */
export function loadingOf(falco: RunningFalco, folder: string, inspect: Inspect): FalcoLoading {
  if (!falco.configuration.ok) return { load: {} };
  const { ruleFiles, selection, settings } = falco.configuration.value;
  const entries = [...new Set(ruleFiles.map(({ entry }) => entry))];
  // A folder without rules is seen nowhere; Falco's own configuration lists rules.d last.
  if (!entries.includes(folder) && isEmpty(folder)) entries.push(folder);
  return {
    ...(falco.process?.ownFiles === true ? {} : { rulesFiles: entries }),
    load: { selection: selection.flatMap(selectorOf) },
    ...(settings.watchConfigFiles ? {} : { reload: () => hangUp(inspect) }),
  };
}

function isEmpty(folder: string): boolean {
  try {
    return ruleFileNames(folder).length === 0;
  } catch {
    return false;
  }
}

function selectorOf(text: string): NonNullable<LoadOptions["selection"]>[number][] {
  const [, action, what, name] = /^(enable|disable) (rule|tag) (.+)$/su.exec(text) ?? [];
  if ((action !== "enable" && action !== "disable") || name === undefined) return [];
  return [what === "rule" ? { action, rule: name } : { action, tag: name }];
}

/** SIGHUP to the Falco that runs now: the one that was found first may have been started anew meanwhile. */
async function hangUp(inspect: Inspect): Promise<void> {
  const { process: sensor } = await inspect();
  if (sensor === undefined) throw wrong.noProcess();
  try {
    process.kill(sensor.pid, "SIGHUP");
  } catch (error) {
    throw wrong.notSignalled(sensor.pid, error);
  }
}
