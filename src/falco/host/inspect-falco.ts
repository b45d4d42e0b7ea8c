import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { describeError } from "../../errors/describe-error.ts";
import type { ConfigContext } from "./config-context.ts";
import { configFindings } from "./config-findings.ts";
import { minorOf } from "./config-keys.ts";
import { elsewhere, strangeAddress } from "./errors.ts";
import { falcoAddress, isLoopback } from "./falco-address.ts";
import { environmentOf, type FoundProcess, findProcesses, readSmall } from "./find-processes.ts";
import { type Found, tell } from "./found.ts";
import type { HostFinding, HostSeverity } from "./host-finding.ts";
import { keyFindings } from "./key-findings.ts";
import { loadedFindings, metricsFindings, processFindings, webserverFindings } from "./live-findings.ts";
import { blocksWith } from "./mend.ts";
import { createProcessFiles, type ProcessFiles } from "./process-files.ts";
import { type ConfigurationRead, readConfiguration } from "./read-configuration.ts";
import { readWebserver } from "./read-webserver.ts";
import type { FalcoSettings, FalcoWebserver, InspectOptions, Mend, Part, RunningFalco } from "./running-falco.ts";
import { driverFindings, pluginFindings, ruleFileFindings, type SensorQuestion } from "./sensor-findings.ts";

const DEFAULT_CONFIG = "/etc/falco/falco.yaml";

/**
 * What is known of the Falco of this host, or of the one behind a URL: processes, configuration on disk, answers of its
 * webserver, and what is wrong with its set-up. Each part has its own failure; nothing is changed, started or signalled.
 * Fails only with INVALID_ARGUMENT for a URL that is none.
 */
export async function inspectFalco(options: InspectOptions): Promise<RunningFalco> {
  const { procFolder = "/proc", nowMs } = options;
  const named = options.url === undefined ? undefined : falcoAddress(options.url);
  const isHere = named === undefined || isOwnAddress(named.hostname);
  const processes = await partly(findProcesses(procFolder));
  const sensor = processes.ok && isHere ? chosenFrom(processes.value, options.configPath) : undefined;
  const files = createProcessFiles(sensor?.shown.ownFiles === true ? `${sensor.folder}/root` : "");
  const read = await partly(
    isHere || options.configPath !== undefined ? readOf(options, sensor, files) : Promise.reject(elsewhere()),
  );
  const webserver = await askWebserver(options, named, read, sensor);
  const found = await findAll({ options, processes, sensor, read, webserver, files, procFolder });
  const view = read.ok ? read.value.view : undefined;
  const appending = !read.ok || placeFor(read.value).how === "new file";
  const mend = read.ok ? mendOf(found, read.value) : undefined;
  return {
    state: stateOf(processes, sensor, webserver),
    checkedMs: nowMs(),
    processes: processes.ok ? { ok: true, value: processes.value.map(({ shown }) => shown) } : processes,
    ...(sensor === undefined ? {} : { process: sensor.shown }),
    configuration: read.ok ? { ok: true, value: read.value.configuration } : read,
    ...(webserver === undefined ? {} : { webserver }),
    findings: bySeverity(found.map((one) => tell(one, view, appending))),
    ...(mend === undefined ? {} : { mend }),
  };
}

async function partly<Value>(work: Promise<Value>): Promise<Part<Value>> {
  return work.then(
    (value) => ({ ok: true, value }),
    (error: unknown) => ({ ok: false, fault: describeError(error) }),
  );
}

/** The oldest sensor, or the one that uses the named configuration; none where that is nobody's. */
function chosenFrom(processes: readonly FoundProcess[], configPath: string | undefined): FoundProcess | undefined {
  return processes.find(
    ({ shown }) => shown.kind === "sensor" && (configPath === undefined || shown.configPath === configPath),
  );
}

async function readOf(
  { configPath, webhook, followedFiles }: InspectOptions,
  sensor: FoundProcess | undefined,
  files: ProcessFiles,
): Promise<ConfigurationRead> {
  const process = sensor?.shown;
  return readConfiguration({
    files,
    path: configPath ?? process?.configPath ?? DEFAULT_CONFIG,
    from: configPath !== undefined ? "caller" : process !== undefined ? "process" : "default",
    folder: sensor?.cwd ?? "/",
    environment: sensor === undefined ? undefined : await environmentOf(sensor.folder),
    options: process?.options ?? [],
    rulePaths: process?.rulePaths ?? [],
    ...(webhook === undefined ? {} : { webhook }),
    ...(followedFiles === undefined ? {} : { followedFiles }),
  });
}

async function askWebserver(
  { timeoutMs, signal }: InspectOptions,
  named: URL | undefined,
  read: Part<ConfigurationRead>,
  sensor: FoundProcess | undefined,
): Promise<FalcoWebserver | undefined> {
  const settings = read.ok ? read.value.configuration.settings.webserver : undefined;
  const limits = {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(signal === undefined ? {} : { signal }),
    ...(settings === undefined ? {} : { healthPath: settings.healthPath }),
  };
  if (named !== undefined) return readWebserver({ address: named, from: "--falco-url", ...limits });
  if (settings?.enabled !== true) return undefined;
  const address = addressOf(settings);
  const refusal =
    sensor?.ownNetwork === true
      ? elsewhere()
      : isOwnAddress(address.hostname)
        ? undefined
        : strangeAddress(settings.address);
  if (refusal === undefined) return readWebserver({ address, from: "falco.yaml", ...limits });
  const fault = { ok: false, fault: describeError(refusal) } as const;
  return { url: address.origin, from: "falco.yaml", health: fault, versions: fault, metrics: fault };
}

/** Where to ask a webserver that listens there: all addresses of a host include its loopback. */
function addressOf({ address, port, tls }: FalcoSettings["webserver"]): URL {
  const host =
    address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "[::1]" : address.includes(":") ? `[${address}]` : address;
  const text = `${tls ? "https" : "http"}://${host}:${port}/`;
  return URL.canParse(text) ? new URL(text) : new URL("http://0.0.0.0/");
}

/** An address of this host: what a falco.yaml says must not make us knock at others' doors. */
function isOwnAddress(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, "");
  if (isLoopback(host)) return true;
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === host));
}

interface Seen {
  readonly options: InspectOptions;
  readonly processes: Part<readonly FoundProcess[]>;
  readonly sensor: FoundProcess | undefined;
  readonly read: Part<ConfigurationRead>;
  readonly webserver: FalcoWebserver | undefined;
  readonly files: ProcessFiles;
  readonly procFolder: string;
}

async function findAll(seen: Seen): Promise<Found[]> {
  const { processes, sensor, read, webserver } = seen;
  const found: Found[] = [];
  if (processes.ok) found.push(...processFindings(processes.value));
  if (webserver !== undefined) found.push(...webserverFindings(webserver));
  if (!read.ok) return found;
  const versions = webserver?.versions.ok === true ? webserver.versions.value : undefined;
  const metrics = webserver?.metrics.ok === true && isSame(seen) ? webserver.metrics.value : undefined;
  const { configuration, view, roots, rulesCapture } = read.value;
  const minor = minorOf(versions?.falco ?? metrics?.version);
  const question: SensorQuestion = {
    view,
    configuration,
    metrics,
    versions,
    minor,
    modules: await modulesOf(seen.procFolder),
    withoutSyscalls: sensor?.withoutSyscalls === true,
    rulesNamedByOption: (sensor?.shown.rulePaths.length ?? 0) > 0,
  };
  const { webhook } = seen.options;
  const context: ConfigContext = {
    minor,
    reachesUs: configuration.settings.outputs.some((output) => output.reachesUs),
    rulesCapture,
    ...(webhook === undefined ? {} : { webhook }),
  };
  const keys = roots.flatMap(({ path, root, included }) =>
    keyFindings({ path, root, included, minor, counts: (key) => view.comesFrom(key, path) }),
  );
  if (metrics !== undefined) found.push(...loadedFindings(configuration, metrics));
  if (webserver !== undefined && isSame(seen)) found.push(...metricsFindings(configuration, webserver));
  found.push(
    ...driverFindings(question),
    ...(await pluginFindings(question, seen.files)),
    ...ruleFileFindings(question),
  );
  return [...found, ...configFindings(view, context), ...keys];
}

/** Whether what answers is the Falco whose configuration was read: a URL may lead to another one through a tunnel. */
function isSame({ options, read, webserver }: Seen): boolean {
  if (options.url === undefined || !read.ok || webserver === undefined) return true;
  return Number(new URL(webserver.url).port || "80") === read.value.configuration.settings.webserver.port;
}

async function modulesOf(procFolder: string): Promise<ReadonlySet<string> | undefined> {
  const text = await readSmall(join(procFolder, "modules"), 1_048_576);
  return text === undefined ? undefined : new Set(text.split("\n").map((line) => line.split(" ", 1)[0] ?? ""));
}

function stateOf(
  processes: Part<readonly FoundProcess[]>,
  sensor: FoundProcess | undefined,
  webserver: FalcoWebserver | undefined,
): RunningFalco["state"] {
  if (webserver?.health.ok === true) return "healthy";
  if (sensor !== undefined || webserver?.versions.ok === true) return "running";
  if (webserver?.from === "--falco-url") return "down";
  return processes.ok ? "down" : "unknown";
}

const RANK: Readonly<Record<HostSeverity, number>> = { error: 0, warning: 1, note: 2 };

function bySeverity(findings: readonly HostFinding[]): HostFinding[] {
  return [...findings].sort((a, b) => RANK[a.severity] - RANK[b.severity]);
}

/** The file that our lines are proposed for. */
const OURS = "zz-forensics.yaml";

/** Changes that an option of the command line would undo are left out. */
function mendOf(found: readonly Found[], read: ConfigurationRead): Mend | undefined {
  const changes = found
    .flatMap((one) => one.changes ?? [])
    .filter(({ path }) => read.view.optionsOn(path).length === 0);
  if (changes.length === 0) return undefined;
  const place = placeFor(read);
  const yaml = blocksWith(read.view, changes, place.how === "new file");
  return yaml === undefined ? undefined : { yaml, ...place };
}

/**
 * A new file in the last folder of config_files, where it is read behind all others; else the file that is read last, as
 * our own from last time is.
 * In a file of strategy add-only nothing could be changed.
 */
function placeFor({ configuration, includes }: ConfigurationRead): Pick<Mend, "file" | "how"> {
  const last = includes.findLast(({ strategy }) => strategy !== "add-only");
  if (last === undefined) return { file: configuration.path, how: "replace blocks" };
  if (last.kind === "file") return { file: last.path, how: "replace blocks" };
  const behind = last.names.at(-1) ?? "";
  if (behind === OURS) return { file: join(last.path, OURS), how: "replace blocks" };
  const name = behind < OURS ? OURS : `zz-${behind}`;
  return { file: join(last.path, name), how: "new file" };
}
