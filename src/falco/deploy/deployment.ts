import type { RuleSetDiff } from "../../rules/diff/diff-rule-sets.ts";
import type { LoadOptions, RuleFile } from "../../rules/load-rules.ts";
import type { Approvals } from "../approvals/approval.ts";

/** What somebody wants to become of the rules folder. */
export interface DeploymentRequest {
  /** Absolute path of the configured rules folder: the only place that is written. */
  readonly folder: string;
  /** `rules_files` of the running Falco in load order, absolute paths of files and folders; `[folder]` by default. */
  readonly rulesFiles?: readonly string[];
  /** Files to add or replace: a name directly in the folder and the whole text. */
  readonly write: readonly RuleFile[];
  /** Names of files to remove. */
  readonly remove?: readonly string[];
  /** Why, in the words of whoever asks; shown to the person who approves. */
  readonly reason: string;
  /** How the running Falco loads rules: engine version, plugins, selection. */
  readonly load?: LoadOptions;
  /** How long Falco's health is watched after it loaded the new files, in seconds: 5 to 3,600; 30 by default. */
  readonly watchSeconds?: number;
}

export interface FileFacts {
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** One file that the plan changes. */
export interface FileChange {
  readonly action: "add" | "replace" | "remove";
  readonly name: string;
  readonly before?: FileFacts;
  readonly after?: FileFacts;
  /** Of the file that is replaced or removed: what is written in its place, or put back, gets the same. */
  readonly permissions?: { readonly mode: number; readonly uid: number; readonly gid: number };
}

/** What an engine says of the whole rule set as Falco would load it. */
export interface Verdict {
  /** "embedded", or "falco 0.44.0". */
  readonly engine: string;
  readonly ok: boolean;
  /** The first errors, each with its place. */
  readonly errors: readonly string[];
}

/** Something the lints say of the new set that they did not say of the old one. */
export interface NewLint {
  readonly code: string;
  readonly severity: "error" | "warning" | "note";
  readonly message: string;
  /** `file:line:column` */
  readonly where: string;
}

/** Alerts that the new rules would raise or no longer raise on what was looked at. */
export interface Impact {
  /** What was looked at: "3 captures", "the 7 days up to …, 12,031 alerts". */
  readonly basis: string;
  readonly gained: readonly { readonly rule: string; readonly count: number }[];
  readonly lost: readonly { readonly rule: string; readonly count: number }[];
  /** What this cannot tell. */
  readonly notes: readonly string[];
}

/**
 * oneRename: the switch is a single rename or removal. checked: every set in between loads in the embedded engine.
 * unchecked: no order was found in which it does; a Falco that starts within the moment of the switch could meet one.
 */
export type Switching = "oneRename" | "checked" | "unchecked";

/** What would be done, to the byte. Kept in home; its digest is what a person approves. */
export interface DeploymentPlan {
  readonly id: string;
  /** RFC 3339, UTC. */
  readonly plannedAt: string;
  /** The deployment whose former bytes this brings back. */
  readonly rollbackOf?: string;
  readonly reason: string;
  readonly folder: string;
  readonly rulesFiles: readonly string[];
  /** In the order in which they are switched. */
  readonly changes: readonly FileChange[];
  readonly switching: Switching;
  /** Every file that Falco loads, in load order. */
  readonly loads: {
    readonly before: readonly (FileFacts & { readonly path: string })[];
    readonly after: readonly (FileFacts & { readonly path: string })[];
  };
  /** Of the new set. False: it would not load, and is not deployed. */
  readonly fit: boolean;
  readonly verdicts: readonly Verdict[];
  /** What the old set is worth: the embedded engine's verdict. */
  readonly wasOk: boolean;
  readonly diff: RuleSetDiff;
  readonly newLints: readonly NewLint[];
  readonly impact?: Impact;
  readonly watchSeconds: number;
  readonly warnings: readonly string[];
  /** SHA-256 (hex) of the plan's file. */
  readonly digest: string;
}

/** A running Falco as far as a deployment asks. */
export interface FalcoHealth {
  readonly healthy: boolean;
  /** Why it is not, in words. */
  readonly problem?: string;
  /** No process of it is there any more; a supervisor may still start it again. */
  readonly isGone?: boolean;
  readonly version?: string;
  /** The rule files it has loaded, by path or by file name alone; absent or empty where it does not tell. */
  readonly loadedFiles?: readonly { readonly name: string; readonly sha256: string }[];
  readonly dropsPerSecond?: number;
  readonly alertsPerSecond?: number;
}

/** One thing that happened, for the audit trail. */
export interface DeploymentRecord {
  readonly deployment: string;
  /** "writing" comes before anything is changed: when it cannot be recorded, nothing is changed. */
  readonly step: "writing" | DeploymentEnd;
  readonly digest: string;
  readonly folder: string;
  readonly files: readonly { readonly name: string; readonly before?: string; readonly after?: string }[];
  readonly approvedBy?: string;
  readonly approval?: string;
  readonly why?: string;
}

/** What a deployment needs of the world around it. */
export interface DeploymentPorts {
  /** The verdict of the real Falco; absent where there is none. */
  readonly validate?: (files: readonly RuleFile[], signal?: AbortSignal) => Promise<Verdict>;
  /** Makes Falco load its rules again (SIGHUP). Absent: Falco watches the folder, and is made to look. */
  readonly reload?: () => Promise<void>;
  /** How the running Falco is; absent where none runs that could be asked. */
  readonly health?: (signal?: AbortSignal) => Promise<FalcoHealth>;
  readonly impact?: (before: readonly RuleFile[], after: readonly RuleFile[], signal?: AbortSignal) => Promise<Impact>;
  readonly record: (entry: DeploymentRecord) => Promise<void>;
  readonly log: (line: string) => void;
  readonly nowMs: () => number;
  /** Letters and digits, never the same twice. */
  readonly newId: () => string;
  /** Comes back after that time, or at once when the signal fires. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Called between all steps with the name of the step just taken: to show it, and for tests that end the process there. */
  readonly afterStep?: (step: string) => void;
}

/**
 * confirmed: Falco runs with the new files and stayed well. unconfirmed: the new files are in place, but nobody could say
 * that Falco loaded them. rolled-back: the old files are in place again. failed: nothing was changed, or what was found
 * could not be put right; `why` says which.
 */
export type DeploymentEnd = "confirmed" | "unconfirmed" | "rolled-back" | "failed";

export type DeploymentState = "planned" | "running" | "interrupted" | DeploymentEnd;

export interface JournalLine {
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly step:
    | "approved"
    | "validated"
    | "backed-up"
    | "switching"
    | "written"
    | "reloaded"
    | "rolling-back"
    | "restored"
    | DeploymentEnd;
  /** What was seen, or why. */
  readonly note?: string;
}

export interface DeploymentOutcome {
  readonly id: string;
  readonly state: DeploymentEnd;
  /** Why it was rolled back or failed, or what could not be confirmed. */
  readonly why?: string;
  readonly journal: readonly JournalLine[];
}

export interface DeploymentEntry {
  readonly id: string;
  readonly plannedAt: string;
  readonly rollbackOf?: string;
  readonly reason: string;
  readonly folder: string;
  readonly changes: readonly FileChange[];
  readonly state: DeploymentState;
  readonly digest: string;
  readonly journal: readonly JournalLine[];
}

export interface DeploymentsHome {
  /** The `deployments` folder of home; made with the first plan. */
  readonly folder: string;
  readonly approvals: Approvals;
  readonly ports: DeploymentPorts;
}

/** Deployments kept under one home folder. */
export interface Deployments {
  /** What the request would do, kept under its id. Changes nothing outside home. */
  plan(request: DeploymentRequest, signal?: AbortSignal): Promise<DeploymentPlan>;
  /** The plan of a deployment that brings back the bytes the named one replaced. */
  planRollback(id: string, request: RollbackRequest, signal?: AbortSignal): Promise<DeploymentPlan>;
  /** The plan as text for the person who decides: a line an entry. */
  describe(plan: DeploymentPlan): Promise<{ readonly title: string; readonly lines: readonly string[] }>;
  /**
   * Does what the plan says with an approval of its digest, and comes back when Falco is confirmed or the old files are
   * back. Settles interrupted deployments first. Fails, with nothing changed, before the files are switched.
   */
  deploy(id: string, approval: string, signal?: AbortSignal): Promise<DeploymentOutcome>;
  /** Settles deployments that were cut off: each ends with the old or the new files whole. */
  recover(signal?: AbortSignal): Promise<readonly DeploymentOutcome[]>;
  /** Newest first. */
  list(): Promise<readonly DeploymentEntry[]>;
  get(id: string): Promise<DeploymentPlan>;
}

export type RollbackRequest = Pick<DeploymentRequest, "rulesFiles" | "reason" | "load" | "watchSeconds">;
