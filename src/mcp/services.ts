import type { AuditHead, AuditTrail } from "../audit/trail-interface.ts";
import type { AuditVerdict } from "../audit/verdict.ts";
import type { ChecklistStore } from "../compliance/checklist.ts";
import type { ComplianceServices } from "../compliance/compliance.ts";
import type { Approvals } from "../falco/approvals/approval.ts";
import type { DeploymentPorts, Deployments } from "../falco/deploy/deployment.ts";
import type { FalcoLoading } from "../falco/deploy/falco-ports.ts";
import type { RunningFalco } from "../falco/host/running-falco.ts";
import type { IngestReport } from "../ingest/import-files.ts";
import type { RuleLibrary } from "../rules/library/rule-library.ts";
import type { LoadOptions } from "../rules/load-rules.ts";
import type { Engines } from "../runs/choose-engine.ts";
import type { RunServices } from "../runs/kept-run.ts";
import type { SkillCatalog } from "../skills/skill.ts";
import type { AlertStore } from "../store/alert-store.ts";

/** Everything that tools, resources and prompts may use; built in cli, the only place that constructs things. */
export interface Services extends ComplianceServices, RunServices {
  readonly version: string;
  readonly home: string;
  readonly nowNs: () => bigint;
  /** One line for the person who runs the server; never reaches a client. */
  readonly log: (line: string) => void;
  readonly alerts: AlertStore;
  readonly checklists: ChecklistStore;
  readonly audit: AuditTrail;
  readonly rules: RuleLibrary;
  readonly captures: Captures;
  /** The engines of this machine; a Falco binary is looked for once, when first asked. */
  readonly engines: () => Promise<Engines>;
  /** The Falco that runs on this host or behind --falco-url, as it is now. */
  readonly inspectFalco: (signal: AbortSignal) => Promise<RunningFalco>;
  /** Deployments of rules, with the Falco of this host behind them as it is now. */
  readonly deployments: (options: DeploymentWish) => Promise<DeploymentPlace>;
  /** What waits for a person's yes. */
  readonly approvals: Approvals;
  /** The server was started with --allow-changes. */
  readonly changesAllowed: boolean;
  /** The skills as they are on disk now; a skill added while the server runs is in the next answer. */
  readonly skills: () => Promise<SkillCatalog>;
  readonly verifyAudit: (work: Work, knownHeads: readonly AuditHead[]) => Promise<AuditVerdict>;
  /** Imports files and folders the caller named; each path is resolved inside the roots first. */
  readonly importAlerts: (paths: readonly string[], work: Work) => Promise<IngestReport>;
  /** What feeds the store while this server runs. */
  readonly feeds: () => readonly Feed[];
}

export interface DeploymentWish {
  /** Under which session the audit trail keeps what is done. */
  readonly session: string;
  /** Makes what tells alerts gained and lost, for rules loaded as the running Falco loads them. */
  readonly impact?: (load: LoadOptions) => Promise<NonNullable<DeploymentPorts["impact"]>>;
}

export interface DeploymentPlace {
  readonly deployments: Deployments;
  /** How the running Falco loads rules, as far as that can be seen. */
  readonly loading: FalcoLoading;
  /** The only folder that is written; undefined where none is configured and no running Falco names one. */
  readonly folder: string | undefined;
}

/** Captures that the model may name, and where parts of them are written. */
export interface Captures {
  /** The real path of a capture or event file inside the roots. Fails as resolveInside does. */
  readonly locate: (path: string) => Promise<string>;
  readonly exportFolder: string;
}

/** How long work is followed and stopped. */
export interface Work {
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number | undefined, message: string) => void;
}

/** A tailed file or the webhook, with what came through it since the server started. */
export interface Feed {
  readonly kind: "file" | "webhook";
  readonly name: string;
  /** following, waiting, failing, listening, … in the feed's own word. */
  readonly state: string;
  readonly alerts: number;
  readonly rejected: number;
  readonly fault?: string;
}
