import type { FoundProcess } from "./find-processes.ts";
import type { Found } from "./found.ts";
import type { FalcoConfiguration, FalcoMetrics, FalcoWebserver, LoadedFile } from "./running-falco.ts";

/** What runs, held against itself: several, strangers, replaced programs. */
export function processFindings(processes: readonly FoundProcess[]): Found[] {
  const found: Found[] = [];
  const shown = processes.map((process) => process.shown);
  const sensors = shown.filter(({ kind }) => kind === "sensor");
  if (sensors.length > 1) {
    found.push({
      code: "HOST_SEVERAL_FALCOS",
      message: `${sensors.length} sensors run here: processes ${sensors.map(({ pid }) => pid).join(", ")}`,
      fix: "Pass --config or --falco-url to ask about another of them.",
    });
  }
  for (const { pid, program } of shown.filter(({ kind }) => kind === "named")) {
    found.push({
      code: "HOST_ANOTHER_IN_FALCOS_NAME",
      message: `process ${pid} calls itself "falco" and runs ${JSON.stringify(program ?? "")}`,
      fix: "Find out who started that process and why it bears this name.",
    });
  }
  for (const { pid, program } of sensors.filter(({ replaced }) => replaced)) {
    found.push({
      code: "HOST_PROGRAM_REPLACED",
      message: `${JSON.stringify(program ?? "")} was replaced or removed since process ${pid} started`,
      fix: "Restart Falco.",
    });
  }
  return found;
}

/** Whether its answers say that Falco is alive and what it lost. */
export function webserverFindings(webserver: FalcoWebserver): Found[] {
  const found: Found[] = [];
  // What lies in another network was not asked, which says nothing about it.
  if (!webserver.health.ok && webserver.health.fault.code !== "FALCO_ELSEWHERE") {
    const { code, message } = webserver.health.fault;
    found.push({
      code: "HOST_NOT_ANSWERING",
      message: `${message} (${code})`,
      fix: "Check Falco's log and restart it; check webserver.listen_address and listen_port.",
      where: webserver.url,
    });
  }
  return webserver.metrics.ok ? [...found, ...lossFindings(webserver.metrics.value)] : found;
}

function lossFindings({ events, eventDrops = 0, bufferDrops, queueDrops = 0 }: FalcoMetrics): Found[] {
  const found: Found[] = [];
  if (eventDrops > 0) {
    const share =
      events === undefined || events === 0 ? "" : ` of ${events + eventDrops} (${percent(eventDrops, events)})`;
    const kinds = bufferDrops.map(({ kind, drops }) => `${kind} ${drops}`).join(", ");
    found.push({
      code: "HOST_EVENTS_DROPPED",
      message: `${eventDrops} events${share} were lost since the last start${kinds === "" ? "" : `: ${kinds}`}`,
      fix: "Give Falco more CPU, raise engine.<kind>.buf_size_preset, or narrow base_syscalls to what the rules need.",
    });
  }
  if (queueDrops > 0) {
    found.push({
      code: "HOST_ALERTS_DROPPED",
      message: `${queueDrops} alerts were lost in the outputs queue since the last start`,
      fix: "Set outputs_queue.capacity to 0, and find out which output is too slow.",
    });
  }
  return found;
}

const percent = (drops: number, events: number): string => `${((100 * drops) / (events + drops)).toFixed(2)} %`;

/** A Falco that was told to give metrics and gives none has not taken its configuration. */
export function metricsFindings(configuration: FalcoConfiguration, webserver: FalcoWebserver): Found[] {
  const { metrics, webserver: settings } = configuration.settings;
  const isOff = !webserver.metrics.ok && webserver.metrics.fault.code === "FALCO_METRICS_OFF";
  if (!metrics.enabled || !settings.prometheus || !isOff || !webserver.health.ok) return [];
  return [
    {
      code: "HOST_CONFIG_NOT_RELOADED",
      message: "metrics are on in the configuration, and the running Falco has no /metrics",
      fix: "Restart Falco, and read its log.",
    },
  ];
}

/** What is loaded held against what is on disk, by hash, and by time where Falco publishes no hash. */
export function loadedFindings(configuration: FalcoConfiguration, metrics: FalcoMetrics): Found[] {
  const watched = configuration.settings.watchConfigFiles;
  const fix = watched
    ? "Read Falco's log for why it did not take the change (rules with errors are refused), mend it, then restart Falco."
    : "Send Falco SIGHUP or restart it.";
  const found: Found[] = [];
  const rules = differences(configuration.ruleFiles, metrics.ruleFiles);
  if (metrics.ruleFiles.length > 0 && rules.length > 0) {
    found.push({ code: "HOST_RULES_NOT_RELOADED", message: few(rules), fix });
  }
  const hashed = configuration.files.filter((file) => file.hashed);
  const configs = metrics.configFiles.length === 0 ? [] : differences(hashed, metrics.configFiles);
  const later = configuration.files
    .filter((file) => !file.hashed && file.state.ok && isLater(file.state.value.changedMs, metrics.reloadedNs))
    .map(({ path }) => `${JSON.stringify(path)} changed after the last load`);
  if (configs.length + later.length > 0) {
    found.push({ code: "HOST_CONFIG_NOT_RELOADED", message: few([...configs, ...later]), fix });
  }
  return found;
}

/** Falco's files are known by base name and hash only, so files of one name are compared as a group. */
function differences(
  onDisk: FalcoConfiguration["ruleFiles"] | FalcoConfiguration["files"],
  loaded: readonly LoadedFile[],
): string[] {
  const left = new Map<string, string[]>();
  for (const { name, sha256 } of loaded) left.set(name, [...(left.get(name) ?? []), sha256]);
  const changed: string[] = [];
  for (const { path, state } of onDisk) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const hashes = left.get(name);
    if (!state.ok) left.delete(name);
    else if (hashes === undefined || hashes.length === 0) changed.push(`${JSON.stringify(path)} is not loaded`);
    else {
      const at = hashes.indexOf(state.value.sha256);
      if (at === -1) changed.push(`${JSON.stringify(path)} differs from what is loaded`);
      left.set(name, hashes.toSpliced(Math.max(at, 0), 1));
    }
  }
  const gone = [...left].flatMap(([name, hashes]) =>
    hashes.map(() => `${JSON.stringify(name)} is loaded and gone from disk`),
  );
  return [...changed, ...gone];
}

/** A second of tolerance: files are written, then loaded. */
const isLater = (changedMs: number, reloadedNs: bigint | undefined): boolean =>
  reloadedNs !== undefined && changedMs > Number(reloadedNs / 1_000_000n) + 1_000;

const few = (parts: readonly string[]): string =>
  parts.length <= 5 ? parts.join("; ") : `${parts.slice(0, 5).join("; ")}; and ${parts.length - 5} more`;
