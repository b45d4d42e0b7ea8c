import type { AuditVerdict } from "../../audit/verdict.ts";
import type { StoredRuleSet } from "../../rules/library/rule-library.ts";
import type { AlertFilter, AlertStore, StoreStatus, Summary } from "../../store/alert-store.ts";
import type { Checklist, TestState } from "../checklist.ts";
import type { Evidence, EvidenceState } from "../evidence/evidence.ts";
import type { EvidenceKind } from "../evidence/evidence-manifest.ts";

/** What one test found, in words that a person can check, with what it rests on. */
export interface Finding {
  readonly state: TestState;
  readonly reason: string;
  readonly records?: readonly number[];
  /** Ids of artefacts and alerts. */
  readonly evidence?: readonly string[];
}

export interface HeldArtefact {
  readonly evidence: Evidence;
  readonly bytes: EvidenceState;
}

/** A record of the trail that belongs to the work. */
export interface WorkRecord {
  readonly seq: number;
  readonly record: Readonly<Record<string, unknown>>;
}

/** What the newest metrics snapshot of a host says; Falco writes it itself, so it is the sensor's own word. */
export interface SensorSnapshot {
  readonly host: string;
  readonly version?: string;
  readonly engine?: string;
  readonly dropsPercent?: number;
  readonly queueDrops?: number;
  readonly alertId: string;
}

/** Everything the tests may look at, gathered once. */
export interface CheckInputs {
  readonly checklist: Checklist;
  readonly nowMs: number;
  /** Absent while nobody fixed one. */
  readonly window?: { readonly fromNs: bigint; readonly toNs: bigint };
  readonly filter: AlertFilter;
  readonly alerts: AlertStore;
  readonly store: StoreStatus;
  readonly total: Summary;
  readonly byRule: Summary;
  readonly byPriority: Summary;
  /** Falco's own alerts about lost events in the window. */
  readonly drops: Summary;
  readonly snapshots: readonly SensorSnapshot[];
  /** The rule sets that are loaded; undefined where this server has no rules at hand. */
  readonly ruleSets?: readonly StoredRuleSet[];
  readonly artefacts: readonly HeldArtefact[];
  readonly trail: AuditVerdict;
  /** Oldest first; `recordsCut` when there were more than were read. */
  readonly records: readonly WorkRecord[];
  readonly recordsCut: boolean;
  /** Sessions that are running this very verification. */
  readonly session: string;
}

/** A test of a checklist item. Findings of earlier tests of the run are at hand for those that sum up. */
export type Check = (inputs: CheckInputs, before: ReadonlyMap<string, Finding>) => Finding | Promise<Finding>;

export const pass = (reason: string, more: Partial<Finding> = {}): Finding => ({ state: "pass", reason, ...more });
export const fail = (reason: string, more: Partial<Finding> = {}): Finding => ({ state: "fail", reason, ...more });
export const unknown = (reason: string, more: Partial<Finding> = {}): Finding => ({
  state: "not-evaluated",
  reason,
  ...more,
});

/** Artefacts that were added for this checklist, of some kinds or for some item. */
export function artefactsOf(
  { checklist, artefacts }: CheckInputs,
  wanted: { readonly kinds?: readonly EvidenceKind[]; readonly item?: string } = {},
): readonly HeldArtefact[] {
  return artefacts.filter(({ evidence: { manifest } }) => {
    if (manifest.checklist?.id !== checklist.id) return false;
    if (wanted.kinds !== undefined && !wanted.kinds.includes(manifest.kind)) return false;
    return wanted.item === undefined || manifest.checklist.items.includes(wanted.item);
  });
}

/** What findings rest on, as ids and record numbers, at most a few dozen. */
export function restingOn(artefacts: readonly HeldArtefact[]): Pick<Finding, "records" | "evidence"> {
  return {
    evidence: artefacts.slice(0, 32).map(({ evidence }) => evidence.manifest.id),
    records: artefacts
      .flatMap(({ evidence }) => (evidence.receipt === undefined ? [] : [evidence.receipt.seq]))
      .slice(0, 64),
  };
}

/** The worst of several findings: fail, then not evaluated, then pass; reasons joined. */
export function worstOf(findings: readonly (readonly [string, Finding | undefined])[]): Finding {
  const known = findings.map(([name, finding]) => [name, finding ?? unknown("the test did not run")] as const);
  const of = (state: TestState) => known.filter(([, finding]) => finding.state === state);
  const worst = of("fail").length > 0 ? of("fail") : of("not-evaluated").length > 0 ? of("not-evaluated") : known;
  const all = known.map(([, finding]) => finding);
  return {
    state: of("fail").length > 0 ? "fail" : of("not-evaluated").length > 0 ? "not-evaluated" : "pass",
    reason: worst.map(([name, { reason }]) => `${name}: ${reason}`).join("; "),
    records: [...new Set(all.flatMap(({ records }) => records ?? []))].slice(0, 64),
    evidence: [...new Set(all.flatMap(({ evidence }) => evidence ?? []))].slice(0, 32),
  };
}
