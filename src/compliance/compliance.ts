import type { Attestation, AttestedItem } from "./attest.ts";
import type { ControlAnswer, ControlQuery } from "./controls/answer-controls.ts";
import type { EvidenceRequest } from "./evidence/collect-evidence.ts";
import type { Custodian, Evidence, EvidenceStore } from "./evidence/evidence.ts";
import type { ExportRequest, ExportResult, ExportWork } from "./package/export-package.ts";
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
  /** Which evidence is held for controls, and how fresh it is. */
  controls(query: ControlQuery): Promise<readonly ControlAnswer[]>;
  exportPackage(request: ExportRequest, custodian: Custodian, work?: ExportWork): Promise<ExportResult>;
}

/** What tools of this part look for among the services; loaded on first use. */
export interface ComplianceServices {
  readonly compliance: () => Promise<Compliance>;
}
