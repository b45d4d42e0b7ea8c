import type { Alert, Priority } from "../../alert/alert.ts";
import type { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { RulesDescription } from "../../rules/describe.ts";
import type { FalcoLoadResult } from "../../rules/falco-load-results.ts";
import type { RuleFile } from "../../rules/load-options.ts";

/** A file that answered `--version` as Falco does, with what shows whether it is still the same one. */
export interface FoundFalco {
  /** As it was named or found. */
  readonly path: string;
  /** Symlinks resolved: this is what is started. */
  readonly realPath: string;
  readonly foundBy: "named" | "path" | "package";
  readonly sizeBytes: number;
  readonly modifiedNs: bigint;
  /** When the system last saw it changed in any way: a touched file is hashed again before it is started. */
  readonly changedNs: bigint;
  readonly sha256: string;
  readonly version: FalcoVersion;
}

/** What `falco --version` prints; an entry that it leaves out is undefined. */
export interface FalcoVersion {
  /** "0.44.0"; also "0.0.0-local" and the like of builds that are no release. */
  readonly falco: string;
  /** As x.y.z; the plain numbers of Falco before 0.37 come out as 0.N.0. */
  readonly engine?: string;
  readonly libs?: string;
  readonly pluginApi?: string;
  readonly driverApi?: string;
  readonly driverSchema?: string;
  readonly defaultDriver?: string;
}

/** A place where no usable Falco is, and why. */
export interface RefusedFalco {
  readonly path: string;
  readonly reason: RefusalReason;
  /** One clause in words, for people. */
  readonly detail: string;
}

export type RefusalReason =
  | "missing"
  | "unreadable"
  | "not-a-file"
  | "not-executable"
  | "writable-by-others"
  | "foreign-owner"
  | "does-not-start"
  | "hangs"
  | "floods"
  | "not-falco"
  | "relative-place";

export interface FalcoSearch {
  readonly found?: FoundFalco;
  /** Every place looked at before the found one; all of them where nothing was found. */
  readonly refused: readonly RefusedFalco[];
}

export type FalcoAbility =
  | "validate"
  | "describe"
  | "list_fields"
  | "list_events"
  | "list_plugins"
  | "dry_run"
  | "support"
  | "schemas"
  | "replay"
  | "live";

/** A plugin that the runs load, as `falco --list-plugins` names it. */
export interface FalcoPlugin {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly capabilities: readonly string[];
  /** Event source it gives; undefined for one that only adds fields. */
  readonly source?: string;
}

export interface FalcoAbout {
  readonly binary: FoundFalco;
  /** Options that `--help` lists, with their dashes, sorted. */
  readonly options: readonly string[];
  readonly plugins: readonly FalcoPlugin[];
  /** Plugins that the host's configuration loads and that a run cannot: their library is not there, and the like. */
  readonly pluginsLeftOut: readonly { readonly name: string; readonly why: string }[];
  /** Files of the host's configuration that plugins and driver were taken from. */
  readonly hostConfigFiles: readonly string[];
  /** `engine.kind` of the host's configuration, used by live runs. */
  readonly hostEngineKind?: string;
  /** What this version can do through us; `why` names what is missing. */
  readonly abilities: Readonly<Record<FalcoAbility, { readonly works: boolean; readonly why?: string }>>;
  readonly warnings: readonly string[];
}

/** A rule file Falco has been given: `text` is written to a private file for the run, `name` stands in the answers. */
export type FalcoRuleFile = RuleFile;

export interface FalcoValidation {
  readonly verdict: "valid" | "valid_with_warnings" | "invalid" | "no_result";
  readonly ok: boolean;
  /** One a file, in order, names as given; empty where Falco printed no result. */
  readonly results: readonly FalcoLoadResult[];
  /** What Falco said in place of results ("Error: Plugin requirement …"), as `falcoLoadResults` puts it. */
  readonly fatal?: string;
  /** Why there is no result; invalid rules are no failure of the run. */
  readonly failure?: FalcoSkillsError;
  /** What the run itself has to say: configuration findings, plugins left out, output that was not understood. */
  readonly warnings: readonly string[];
}

/** A finished call whose result is the parsed document; `failure` says why there is none. */
export type FalcoAnswer<T> =
  | { readonly value: T; readonly failure?: never; readonly warnings: readonly string[] }
  | { readonly value?: never; readonly failure: FalcoSkillsError; readonly warnings: readonly string[] };

/** An element of `--list --format json`. Versions without that format give names only: one class with an empty name. */
export interface FalcoFieldClass {
  readonly name: string;
  readonly sources: readonly string[];
  readonly fields: readonly { readonly name: string; readonly type?: string; readonly description?: string }[];
}

/** Limits of one run; every one has a default that suits the action. */
export interface FalcoLimits {
  /** From the start to the first output of any kind. */
  readonly startMs?: number;
  /** Longest silence. No limit where nothing is given and silence is normal (replay, live). */
  readonly idleMs?: number;
  readonly wholeMs?: number;
  /** From SIGTERM to SIGKILL of the process group. */
  readonly graceMs?: number;
  readonly outputBytes?: number;
  readonly lineBytes?: number;
}

export interface FalcoCall {
  readonly limits?: FalcoLimits;
  readonly signal?: AbortSignal;
}

/**
 * Takes one alert of a run: Falco's line as printed, and the line as read. The run waits for the promise, so a slow taker
 * slows Falco down instead of filling memory. What it throws ends the run and is thrown on.
 */
export type TakeAlert = (line: string, alert: Alert) => void | Promise<void>;

export interface FalcoReplayRequest extends FalcoCall {
  /** Path of the capture, already resolved inside its roots. */
  readonly capture: string;
  readonly files: readonly FalcoRuleFile[];
  readonly matching?: "first" | "all";
  readonly minimumPriority?: Priority;
  /** Alerts after which the run is ended. */
  readonly maxAlerts?: number;
}

export interface FalcoLiveRequest extends FalcoCall {
  readonly files: readonly FalcoRuleFile[];
  /** Whole seconds after which Falco stops, 1 to 86,400. */
  readonly seconds: number;
  readonly maxAlerts?: number;
  readonly matching?: "first" | "all";
  readonly minimumPriority?: Priority;
  /** The host's own kind by default, else modern_ebpf. "nodriver" sees no system call. */
  readonly engineKind?: "modern_ebpf" | "kmod" | "ebpf" | "nodriver";
}

/** What Falco prints at its end; undefined parts were not printed. */
export interface FalcoStatistics {
  readonly eventsDetected?: number;
  readonly bySeverity: Readonly<Record<string, number>>;
  readonly byRule: Readonly<Record<string, number>>;
  readonly dropsDetected?: number;
  readonly dropActions?: number;
}

/** Lines of one kind: how many there were and the first of them, hidden characters made visible. */
export interface KeptLines {
  readonly count: number;
  readonly first: readonly string[];
}

/** How a replay or a live run ended. Alerts that were taken before a failure count. */
export interface FalcoRunEnd {
  readonly alerts: number;
  readonly statistics: FalcoStatistics;
  /** True when it was ended because of `maxAlerts`. */
  readonly isLimited: boolean;
  /** Undefined after a run that ended well. CANCELLED, FALCO_HUNG, FALCO_CAPTURE_CUT … see `src/errors/codes.ts`. */
  readonly failure?: FalcoSkillsError;
  readonly exitCode?: number;
  readonly killedBy?: string;
  /** Lines on stdout that are neither alerts nor statistics: half lines, text of libraries, anything foreign. */
  readonly unreadable: KeptLines;
  /** Falco's log on stderr. */
  readonly log: KeptLines;
  readonly warnings: readonly string[];
  readonly outputBytes: number;
  readonly durationMs: number;
}

/** Drives one Falco binary. Calls reject with FALCO_CHANGED when the file is no longer the one that was found. */
export interface FalcoBinary {
  readonly binary: FoundFalco;
  /** Version, options, plugins and abilities; asked once and kept. */
  about(call?: FalcoCall): Promise<FalcoAbout>;
  /** `falco -V`: what Falco says of rule files, in the shape of `falcoLoadResults`. */
  validate(files: readonly FalcoRuleFile[], call?: FalcoCall): Promise<FalcoValidation>;
  /** `falco -L`: rules, macros and lists; with `rule` that rule alone, RULE_NOT_FOUND where it is not loaded. */
  describe(files: readonly FalcoRuleFile[], rule?: string, call?: FalcoCall): Promise<FalcoAnswer<RulesDescription>>;
  listFields(call?: FalcoCall): Promise<FalcoAnswer<readonly FalcoFieldClass[]>>;
  /** `falco --list-events --format json`, as Falco prints it. */
  listEvents(call?: FalcoCall): Promise<FalcoAnswer<Readonly<Record<string, unknown>>>>;
  listPlugins(call?: FalcoCall): Promise<FalcoAnswer<readonly FalcoPlugin[]>>;
  /** `falco --dry-run` with these rules: everything but events. `value` is Falco's log. */
  dryRun(files: readonly FalcoRuleFile[], call?: FalcoCall): Promise<FalcoAnswer<KeptLines>>;
  /** `falco --support`: versions, configuration, rule files and host, as Falco prints it. */
  support(files: readonly FalcoRuleFile[], call?: FalcoCall): Promise<FalcoAnswer<Readonly<Record<string, unknown>>>>;
  /** The JSON schema that this version holds its configuration or rules against. */
  schema(of: "config" | "rules", call?: FalcoCall): Promise<FalcoAnswer<Readonly<Record<string, unknown>>>>;
  /** Rules over a capture. Never throws for what Falco does: the end says it. */
  replay(request: FalcoReplayRequest, take: TakeAlert): Promise<FalcoRunEnd>;
  /** Rules over what this host does, for a bounded time. Reads the whole host: only for callers that may change it. */
  live(request: FalcoLiveRequest, take: TakeAlert): Promise<FalcoRunEnd>;
  /** Ends every run that is under way and waits for its processes to be gone. */
  close(): Promise<void>;
}

/** What the ambient world gives; every part is a plain value. */
export interface FalcoSettings {
  /** Folder for the private folders of runs: `<home>/falco-runs`. Made when first needed. */
  readonly runsFolder: string;
  readonly nowMs: () => number;
  /** Letters and digits, never the same twice and not to be guessed. */
  readonly newId: () => string;
  /** Name that Falco puts into alerts; the host's own without it. */
  readonly hostname?: string;
  /** Main configuration files of a Falco on this host, the first readable one counts; Falco's usual places by default. */
  readonly hostConfigs?: readonly string[];
  /** Folders that plugin libraries are looked for in; Falco's usual places by default. */
  readonly pluginFolders?: readonly string[];
}
