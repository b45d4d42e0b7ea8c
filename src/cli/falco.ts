import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { formatTimeNs } from "../alert/time.ts";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { checkConfig } from "../falco/host/check-config.ts";
import { forensicConfig } from "../falco/host/forensic-config.ts";
import type { HostFinding, HostSeverity } from "../falco/host/host-finding.ts";
import { inspectFalco } from "../falco/host/inspect-falco.ts";
import type { FalcoConfiguration, FalcoWebserver, RunningFalco } from "../falco/host/running-falco.ts";
import { visible, visibleLines } from "../text/visible.ts";
import { nowMs } from "./ambient.ts";
import { colors, printJson, printLine } from "./print.ts";

export interface FalcoStatusFlags {
  readonly falcoUrl?: string;
  readonly config?: string;
  readonly alerts?: readonly string[];
  readonly listen?: string;
  readonly json?: boolean;
}

export interface FalcoConfigFlags {
  readonly for?: string;
  readonly check?: string;
  readonly webhook?: string;
  readonly file?: string;
  readonly capture: "rules" | "all_rules";
  readonly json?: boolean;
}

const MOST_BYTES = 1_048_576;

/** Prints what is known of the Falco of this host, or behind the URL. */
export async function showFalcoStatus(flags: FalcoStatusFlags): Promise<void> {
  const falco = await inspectFalco({
    nowMs,
    ...(flags.falcoUrl === undefined ? {} : { url: flags.falcoUrl }),
    ...(flags.config === undefined ? {} : { configPath: resolve(flags.config) }),
    ...(flags.listen === undefined ? {} : { webhook: `http://${flags.listen}/` }),
    ...(flags.alerts === undefined ? {} : { followedFiles: flags.alerts.map((path) => resolve(path)) }),
  });
  if (falco.state !== "healthy" || falco.findings.some(({ severity }) => severity === "error")) process.exitCode = 1;
  if (flags.json === true) return printJson(falco);
  printLine(headline(falco));
  for (const [name, text] of facts(falco)) printText(text, `  ${name.padEnd(11)}`);
  printFindings(falco.findings);
  if (falco.mend !== undefined) {
    const { how, file, yaml } = falco.mend;
    const todo = how === "new file" ? "Write this to the new file" : "Replace the blocks of the same name in";
    const place = falco.process?.ownFiles === true ? `${file} (in its container)` : file;
    printMend(`${todo} ${place} to mend what falco.yaml can:`, yaml);
  }
}

/** Prints a fragment for forensics, or what a file lacks. */
export async function showFalcoConfig(flags: FalcoConfigFlags): Promise<void> {
  const version = flags.for ?? (await versionHere());
  const options = {
    ...(version === undefined ? {} : { version }),
    ...(flags.webhook === undefined ? {} : { webhook: flags.webhook }),
  };
  if (flags.check === undefined) {
    const fragment = {
      ...options,
      captureMode: flags.capture,
      ...(flags.file === undefined ? {} : { file: flags.file }),
    };
    process.stdout.write(forensicConfig(fragment));
    return;
  }
  const { findings, mended } = checkConfig(await readText(flags.check), { ...options, name: flags.check });
  if (findings.some(({ severity }) => severity !== "note")) process.exitCode = 1;
  if (flags.json === true) return printJson({ findings, ...(mended === undefined ? {} : { mended }) });
  if (findings.length === 0) return printLine("nothing to mend");
  printFindings(findings);
  if (mended !== undefined) printMend("Replace the blocks of the same name to mend what values can:", mended);
}

/** The version of the Falco that runs here; undefined where none answers, or it is no release. */
async function versionHere(): Promise<string | undefined> {
  const { webserver } = await inspectFalco({ nowMs, timeoutMs: 1_000 });
  const version = webserver?.versions.ok === true ? webserver.versions.value.falco : undefined;
  return version !== undefined && /^0\.[1-9]\d*\./.test(version) ? version : undefined;
}

async function readText(path: string): Promise<string> {
  const state = await stat(path).catch((cause: unknown) => Promise.reject(unreadable(path, cause)));
  if (!state.isFile() || state.size > MOST_BYTES) {
    throw new FalcoSkillsError(
      "FILE_NOT_REGULAR",
      `${JSON.stringify(path)} is no file of at most ${MOST_BYTES} bytes`,
      {
        fix: "Name a falco.yaml.",
      },
    );
  }
  return readFile(path, "utf8").catch((cause: unknown) => Promise.reject(unreadable(path, cause)));
}

function unreadable(path: string, cause: unknown): FalcoSkillsError {
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  const isMissing = code === "ENOENT" || code === "ENOTDIR";
  return new FalcoSkillsError(
    isMissing ? "FILE_NOT_FOUND" : "FILE_UNREADABLE",
    `${JSON.stringify(path)} cannot be read (${code})`,
    {
      fix: "Check the path and who may read it.",
      cause,
    },
  );
}

function headline({ state, webserver, process: sensor }: RunningFalco): string {
  const version = webserver?.versions.ok === true ? ` ${webserver.versions.value.falco}` : "";
  const words = {
    healthy: colors.green(`Falco${version} is healthy`),
    running: colors.yellow(
      sensor === undefined
        ? `Falco${version} answers, but not that it is healthy`
        : `Falco${version} runs, and its health is not known`,
    ),
    down: colors.red(
      webserver?.from === "--falco-url" ? `no Falco answers at ${visible(webserver.url)}` : "Falco does not run",
    ),
    unknown: colors.yellow("whether Falco runs cannot be seen from here"),
  };
  return words[state];
}

function facts(falco: RunningFalco): (readonly [string, string])[] {
  const { processes, process: sensor, configuration, webserver } = falco;
  return [
    ["process", processes.ok ? processText(sensor) : faultText(processes.fault)],
    ["config", configuration.ok ? configText(configuration.value) : faultText(configuration.fault)],
    ...(configuration.ok ? settingsTexts(configuration.value) : []),
    ...(webserver === undefined ? [] : webserverTexts(webserver)),
  ];
}

const faultText = ({ code, message }: { readonly code: string; readonly message: string }): string =>
  `${message} (${code})`;

function processText(sensor: RunningFalco["process"]): string {
  if (sensor === undefined) return "none found";
  const { pid, program, uid, startedMs, container, systemdUnit } = sensor;
  return [
    `${pid} ${program ?? "falco"}`,
    ...(uid === undefined ? [] : [uid === 0 ? "root" : `user ${uid}`]),
    ...(startedMs === undefined
      ? []
      : [`since ${formatTimeNs(BigInt(Math.round(startedMs)) * 1_000_000n).slice(0, 19)}Z`]),
    ...(systemdUnit === undefined ? [] : [systemdUnit]),
    ...(container === undefined ? [] : [`container ${container}`]),
  ].join(", ");
}

function configText({ path, files, ruleFiles, selection }: FalcoConfiguration): string {
  const more = files.length > 1 ? ` and ${count(files.length - 1, "file")} more` : "";
  const chosen =
    selection.length === 0 ? "" : `; ${selection.slice(0, 5).join(", ")}${selection.length > 5 ? " …" : ""}`;
  return `${path}${more}; ${count(ruleFiles.length, "rule file")}${chosen}`;
}

function settingsTexts({ settings, ruleFiles }: FalcoConfiguration): (readonly [string, string])[] {
  const outputs = settings.outputs.map(
    ({ kind, target, reachesUs }) =>
      `${kind}${target === "" ? "" : ` ${target}`}${reachesUs ? " (reaches this server)" : ""}`,
  );
  return [
    ["rules", ruleFiles.length === 0 ? "none" : ruleFiles.map(({ path }) => path).join(", ")],
    ["outputs", outputs.length === 0 ? "none" : outputs.join(", ")],
    ["driver", settings.engineKind],
  ];
}

function webserverTexts({ url, health, versions, metrics }: FalcoWebserver): (readonly [string, string])[] {
  const rows: (readonly [string, string])[] = [
    ["webserver", health.ok ? `${url} says ${health.value.status}` : faultText(health.fault)],
  ];
  if (versions.ok) {
    const { engine, plugins } = versions.value;
    const named = plugins.map(({ name, version }) => `${name} ${version}`).join(", ");
    rows.push(["versions", `engine ${engine ?? "unknown"}, plugins ${named === "" ? "none" : named}`]);
  }
  if (!metrics.ok) return [...rows, ["metrics", faultText(metrics.fault)]];
  const { events, eventDrops, queueDrops, ruleMatches } = metrics.value;
  const matches = ruleMatches.reduce((sum, row) => sum + row.matches, 0);
  return [
    ...rows,
    ["events", eventsText(events, eventDrops)],
    ["alerts", queueDrops === undefined ? "losses are not counted" : `${queueDrops} lost in the queue`],
    [
      "matches",
      ruleMatches.length === 0
        ? "none"
        : `${matches}, most: ${ruleMatches
            .slice(0, 3)
            .map(({ rule, matches: times }) => `${rule} ${times}`)
            .join(", ")}`,
    ],
  ];
}

function eventsText(seen: number | undefined, lost: number | undefined): string {
  if (seen === undefined && lost === undefined) return "not counted";
  return `${seen ?? "uncounted"} seen, ${lost ?? "uncounted"} lost`;
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;

const COLOUR: Readonly<Record<HostSeverity, (text: string) => string>> = {
  error: colors.red,
  warning: colors.yellow,
  note: colors.dim,
};

/** A finding: severity and code, what was seen and where, why it matters (once a code), what to do. */
function printFindings(findings: readonly HostFinding[]): void {
  const told = new Set<string>();
  for (const { severity, code, message, reason, where, fix } of findings) {
    printLine();
    printLine(`${COLOUR[severity](severity)} ${colors.bold(code)}`);
    printText(message, "  ");
    if (where !== undefined) printText(`at ${where}`, "  ");
    if (!told.has(code)) printText(reason, "  ");
    told.add(code);
    printText(`→ ${fix}`, "  ");
  }
}

function printMend(title: string, yaml: string): void {
  printLine();
  printText(title, "");
  printLine();
  process.stdout.write(visibleLines(yaml));
}

/** The text in lines that fit the terminal (80 columns where there is none), the first behind `head`. */
function printText(text: string, head: string): void {
  const width = Math.max(40, process.stdout.columns ?? 80) - head.length;
  let line = "";
  let before = head;
  const flush = () => {
    printLine(`${before}${line}`);
    before = " ".repeat(head.length);
    line = "";
  };
  for (const word of visible(text).split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) flush();
    line = line === "" ? word : `${line} ${word}`;
    while (line.length > width) {
      const rest = line.slice(width);
      line = line.slice(0, width);
      flush();
      line = rest;
    }
  }
  if (line !== "" || before === head) flush();
}
