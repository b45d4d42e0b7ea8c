import { join } from "node:path";
import type { AuditTrail } from "../audit/trail-interface.ts";
import type { AuditVerdict } from "../audit/verdict.ts";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import type { RuleLibrary } from "../rules/library/rule-library.ts";
import type { AlertStore } from "../store/alert-store.ts";
import { attestItem } from "./attest.ts";
import type { Checklist, ChecklistStore } from "./checklist.ts";
import type { HeldArtefact } from "./checks/check.ts";
import type { Compliance, ControlsAnswer } from "./compliance.ts";
import { answerControls, type ControlQuery } from "./controls/answer-controls.ts";
import { collectEvidence } from "./evidence/collect-evidence.ts";
import type { EvidenceStore } from "./evidence/evidence.ts";
import { openEvidence } from "./evidence/open-evidence.ts";
import { MAPPINGS, nearControls, resolveControl } from "./pack/control-pack.ts";
import { exportPackage } from "./package/export-package.ts";
import { retainProof } from "./retain-proof.ts";
import { verifyChecklist } from "./verify-checklist.ts";

export interface ComplianceHome {
  /** The data folder; `evidence` and `exports` are made in it when they are first needed. */
  readonly home: string;
  readonly version: string;
  readonly host: string;
  readonly nowMs: () => number;
  /** Letters and digits, never the same twice. */
  readonly newId: () => string;
  readonly alerts: AlertStore;
  readonly audit: AuditTrail;
  readonly checklists: ChecklistStore;
  readonly rules?: RuleLibrary;
  readonly verifyTrail: () => Promise<AuditVerdict>;
  readonly resolveFile: (path: string) => Promise<string>;
}

/** Evidence, controls, checklist tests, attestation and export over one home. Nothing is opened before it is used. */
export function openCompliance(home: ComplianceHome): Compliance {
  const { checklists, audit, alerts } = home;
  const evidence = openEvidence({ ...home, folder: join(home.home, "evidence") });
  return {
    evidence,
    resolveFile: home.resolveFile,
    addEvidence: (request, custodian) => collectEvidence({ store: evidence, alerts, audit }, request, custodian),
    verifyChecklist: (id, request, custodian) => verifyChecklist({ ...home, evidence }, id, request, custodian),
    attest: (id, attestation, session) => attestItem(home, id, attestation, session),
    controls: (query) => answerQuery(query, evidence, checklists, home.nowMs()),
    retain: (settings, work) => retainProof({ audit, evidence }, settings, home.nowMs(), work),
    exportPackage: (request, custodian) => exportPackage({ ...home, evidence }, request, custodian),
  };
}

async function answerQuery(
  { names, framework, sinceMs }: ControlQuery,
  store: EvidenceStore,
  checklists: ChecklistStore,
  nowMs: number,
): Promise<ControlsAnswer> {
  const wanted = names.map((name) => resolveControl(name) ?? unknownControl(name));
  const chosen = new Set(wanted.flatMap(({ mappings }) => mappings));
  const mappings = MAPPINGS.filter(
    (mapping) =>
      (names.length === 0 || chosen.has(mapping)) && (framework === undefined || mapping.framework === framework),
  );
  if (mappings.length === 0 && framework !== undefined) unknownControl(framework);
  const { evidence, faults } = await store.list();
  const held: HeldArtefact[] = [];
  for (const one of evidence) {
    const bytes = await store.check(one);
    // What is past its retention is no longer evidence, and no failure either.
    if (bytes !== "pruned") held.push({ evidence: one, bytes });
  }
  const answers = answerControls({
    mappings,
    evidence: held,
    checklists: await allChecklists(checklists),
    nowMs,
    ...(sinceMs === undefined ? {} : { sinceMs }),
  });
  return {
    answers,
    warnings: [...wanted.flatMap(({ warnings }) => warnings), ...faults.map(({ message }) => message)],
  };
}

async function allChecklists(store: ChecklistStore): Promise<Checklist[]> {
  const { checklists } = await store.list();
  const found: Checklist[] = [];
  for (const { id } of checklists) found.push(await store.get(id));
  return found;
}

/** Throws what a name that means nothing deserves. */
function unknownControl(name: string): never {
  const near = nearControls(name);
  const hint = near.length === 0 ? "" : `; near: ${near.join(", ")}`;
  throw new FalcoSkillsError("CONTROL_UNKNOWN", `no control is called ${JSON.stringify(name.slice(0, 80))}${hint}`, {
    fix: "Write a control as CC7.2, or with its framework as soc2-tsc:CC7.2; frameworks are nist-800-53, nist-csf, fedramp-20x, soc2-tsc, iso-27001, pci-dss, hipaa and cis-controls.",
  });
}
