import type { RetentionWork } from "../audit/retain-trail.ts";
import type { RetentionSettings } from "../retention/retention-settings.ts";
import type { Attestation, AttestedItem } from "./attest.ts";
import type { ControlAnswer, ControlQuery } from "./controls/answer-controls.ts";
import type { EvidenceRequest } from "./evidence/collect-evidence.ts";
import type { Custodian, Evidence, EvidenceStore } from "./evidence/evidence.ts";
import type { ExportRequest, ExportResult } from "./package/export-package.ts";
import type { ProofRetained } from "./retain-proof.ts";
import type { VerificationRequest, VerifiedChecklist } from "./verify-checklist.ts";

/** Everything that evidence, controls, checklist tests, attestation and export need, as one service. */
export interface Compliance {
  readonly evidence: EvidenceStore;
  /** The real path of a file that may become evidence. Fails with PATH_OUTSIDE_ROOTS, FILE_NOT_FOUND, FILE_UNREADABLE. */
  resolveFile(path: string): Promise<string>;
  addEvidence(request: EvidenceRequest, custodian: Custodian): Promise<Evidence>;
  /** Runs every automatic test of a checklist and writes down what each found. */
  verifyChecklist(id: string, request: VerificationRequest, custodian: Custodian): Promise<VerifiedChecklist>;
  /** A person's word for a manual item or for the manual half of a hybrid one. */
  attest(id: string, attestation: Attestation, session: string): Promise<AttestedItem>;
  /** Which evidence is held for controls, and how fresh it is. Fails with CONTROL_UNKNOWN. */
  controls(query: ControlQuery): Promise<ControlsAnswer>;
  /** Applies a home's retention to records and evidence, or says what it would do. */
  retain(settings: RetentionSettings, work?: RetentionWork): Promise<ProofRetained>;
  exportPackage(request: ExportRequest, custodian: Custodian): Promise<ExportResult>;
}

export interface ControlsAnswer {
  /** In the order of the mapping pack. */
  readonly answers: readonly ControlAnswer[];
  /** What must be said about the names that were asked for, and artefacts that could not be read. */
  readonly warnings: readonly string[];
}

/** What tools of this part look for among the services; loaded on first use. */
export interface ComplianceServices {
  readonly compliance: () => Promise<Compliance>;
}
