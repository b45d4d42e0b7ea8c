import type { ErrorDescription } from "../../errors/describe-error.ts";
import type { FalcoVersion } from "../binary/falco-binary.ts";
import type { HostFinding } from "./host-finding.ts";

/** One part of what was asked: its value, or why there is none. A part that fails hides no other part. */
export type Part<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly fault: ErrorDescription };

/** A process on this host that is Falco, or bears its name. Texts are what the process says of itself: not to be trusted. */
export interface FalcoProcess {
  readonly pid: number;
  /** Name of the main thread, at most 15 bytes; a process may choose it. */
  readonly name: string;
  /** Real path of the program in the process's own file tree; undefined where the kernel does not tell us. */
  readonly program?: string;
  /** The program's file was removed or replaced after the process started. */
  readonly replaced: boolean;
  /** sensor: watches events; once: a run that ends by itself (-V, -L, --version, replay …); named: only the name is Falco's. */
  readonly kind: "sensor" | "once" | "named";
  readonly arguments: readonly string[];
  /** -c, else /etc/falco/falco.yaml; as the process sees it. */
  readonly configPath: string;
  /** -r, in order; they stand for rules_files where there is one. */
  readonly rulePaths: readonly string[];
  /** -o key=value, in order: they win over every file. */
  readonly options: readonly string[];
  readonly startedMs?: number;
  readonly uid?: number;
  /** 12 characters of a container's id, from the cgroup. */
  readonly container?: string;
  readonly systemdUnit?: string;
  /** It sees another file tree than ours: its files are read through /proc/<pid>/root. */
  readonly ownFiles: boolean;
}

export interface FileState {
  readonly bytes: number;
  readonly sha256: string;
  readonly changedMs: number;
}

export interface ConfigFile {
  /** As Falco sees it. */
  readonly path: string;
  readonly merge: "main" | "append" | "override" | "add-only";
  /** Falco publishes hashes of the main file and of files named in config_files, not of files in folders. */
  readonly hashed: boolean;
  readonly state: Part<FileState>;
}

export interface RuleFileOnDisk {
  readonly path: string;
  /** The entry of rules_files or -r that leads to it. */
  readonly entry: string;
  readonly state: Part<FileState>;
}

/** What falco.yaml and the files it names say, merged as Falco merges them. */
export interface FalcoConfiguration {
  /** Main file, as Falco sees it, and who named it. */
  readonly path: string;
  readonly from: "caller" | "process" | "default";
  readonly files: readonly ConfigFile[];
  /** In load order. */
  readonly ruleFiles: readonly RuleFileOnDisk[];
  /** Entries of rules_files that exist nowhere: Falco passes over them without a word. */
  readonly missingRuleEntries: readonly string[];
  /** Files beside the loaded ones that look like rules or lie in a rules folder, and why Falco does not load them. */
  readonly unloadedFiles: readonly { readonly path: string; readonly reason: string }[];
  /** `rules:` in order, as "enable rule X", "disable tag Y". */
  readonly selection: readonly string[];
  readonly settings: FalcoSettings;
}

/** The settings that decide what can be seen of Falco and what reaches us, with Falco's own defaults filled in. */
export interface FalcoSettings {
  readonly engineKind: string;
  readonly jsonOutput: boolean;
  readonly priority: string;
  readonly ruleMatching: string;
  readonly watchConfigFiles: boolean;
  readonly outputs: readonly FalcoOutput[];
  readonly capture: { readonly enabled: boolean; readonly pathPrefix: string; readonly mode: string };
  readonly metrics: { readonly enabled: boolean; readonly interval: string };
  readonly webserver: {
    readonly enabled: boolean;
    readonly address: string;
    readonly port: number;
    readonly tls: boolean;
    readonly healthPath: string;
    readonly prometheus: boolean;
  };
  readonly plugins: readonly { readonly name: string; readonly library: string }[];
}

export interface FalcoOutput {
  readonly kind: "stdout" | "syslog" | "file" | "http" | "program";
  /** File name, URL without credentials and query, or the program's first word. */
  readonly target: string;
  /** Alerts sent there reach this server: our webhook, or a file it follows. */
  readonly reachesUs: boolean;
}

/** What /versions tells. */
export interface FalcoVersions extends FalcoVersion {
  readonly plugins: readonly { readonly name: string; readonly version: string }[];
}

/** What /metrics tells. Counters count from Falco's start (reload included); undefined where it gives none. */
export interface FalcoMetrics {
  readonly version?: string;
  /** Engine a source: kmod, modern_bpf, nodriver, source_plugin. */
  readonly engines: readonly { readonly source: string; readonly engine: string }[];
  readonly startedNs?: bigint;
  readonly reloadedNs?: bigint;
  readonly events?: number;
  /** Events that the kernel side could not hand over. */
  readonly eventDrops?: number;
  /** Of eventDrops: the full buffers, by kind of event. */
  readonly bufferDrops: readonly { readonly kind: string; readonly drops: number }[];
  /** Alerts that a full outputs queue lost. */
  readonly queueDrops?: number;
  readonly threadTableDrops?: number;
  readonly ruleMatches: readonly RuleMatches[];
  /** Base names with SHA-256, as loaded. Two files of one base name are two rows. */
  readonly ruleFiles: readonly LoadedFile[];
  readonly configFiles: readonly LoadedFile[];
  readonly cpuRatio?: number;
  readonly memoryBytes?: number;
}

export interface RuleMatches {
  readonly rule: string;
  readonly source: string;
  /** Falco's number: 0 Emergency … 7 Debug. */
  readonly priority?: number;
  readonly matches: number;
}

export interface LoadedFile {
  readonly name: string;
  readonly sha256: string;
}

export interface FalcoWebserver {
  /** http://127.0.0.1:8765 and the like, without path. */
  readonly url: string;
  readonly from: "--falco-url" | "falco.yaml";
  readonly health: Part<{ readonly status: string }>;
  readonly versions: Part<FalcoVersions>;
  readonly metrics: Part<FalcoMetrics>;
}

/** What is known of a Falco that runs on this host or behind a URL. Plain values, fit for JSON but for bigint. */
export interface RunningFalco {
  /**
   * healthy: it answers and says ok; running: the process is there but its webserver does not answer or is off;
   * down: neither process nor answer; unknown: this host does not let us look.
   */
  readonly state: "healthy" | "running" | "down" | "unknown";
  readonly checkedMs: number;
  readonly processes: Part<readonly FalcoProcess[]>;
  /** The process the rest is about; undefined when none was found or only a URL was given. */
  readonly process?: FalcoProcess;
  readonly configuration: Part<FalcoConfiguration>;
  /** Undefined where neither a URL nor a webserver is configured. */
  readonly webserver?: FalcoWebserver;
  readonly findings: readonly HostFinding[];
  /** Every change of the findings in one: top-level blocks of falco.yaml, whole, and where to put them. */
  readonly mend?: Mend;
}

export interface Mend {
  readonly yaml: string;
  /** A new file that config_files takes in, or the main file whose blocks of the same name are to be replaced. */
  readonly file: string;
  readonly how: "new file" | "replace blocks";
}

export interface InspectOptions {
  /** http:// or https:// address of Falco's webserver; its path is not used. */
  readonly url?: string;
  /** A falco.yaml to read instead of the process's. */
  readonly configPath?: string;
  /** Address of our webhook, as Falco would have to post to. */
  readonly webhook?: string;
  /** Files of alerts that this server follows. */
  readonly followedFiles?: readonly string[];
  readonly nowMs: () => number;
  readonly signal?: AbortSignal;
  /** For one answer of the webserver, whole; 2000 by default. */
  readonly timeoutMs?: number;
  /** /proc by default. */
  readonly procFolder?: string;
}
