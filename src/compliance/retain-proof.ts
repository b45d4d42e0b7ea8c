import type { RetentionWork, TrailRetained } from "../audit/retain-trail.ts";
import type { AuditTrail } from "../audit/trail-interface.ts";
import { monthsBefore, type RetentionSettings } from "../retention/retention-settings.ts";
import type { EvidenceStore } from "./evidence/evidence.ts";
import type { EvidencePruned } from "./evidence/prune-evidence.ts";

/** What retention did, or would do, to the audit trail and to evidence. */
export interface ProofRetained {
  readonly records: TrailRetained;
  readonly evidence: EvidencePruned;
}

/**
 * Applies the limits of a home to records and evidence: old bytes of artefacts go first, then closed segments of the
 * trail are packed and pruned. Everything that goes is told by a record. Fails with AUDIT_DAMAGED when the trail does not
 * hold, CANCELLED, and as an append does.
 */
export async function retainProof(
  { audit, evidence }: { readonly audit: AuditTrail; readonly evidence: EvidenceStore },
  settings: RetentionSettings,
  nowMs: number,
  work: RetentionWork = {},
): Promise<ProofRetained> {
  const { dryRun, signal } = work;
  const pruned = await evidence.prune(monthsBefore(nowMs, settings.evidence.inAllMonths), {
    ...(dryRun === undefined ? {} : { dryRun }),
    ...(signal === undefined ? {} : { signal }),
  });
  const records = await audit.retain(
    {
      packBeforeMs: monthsBefore(nowMs, settings.records.atHandMonths),
      pruneBeforeMs: monthsBefore(nowMs, settings.records.inAllMonths),
    },
    work,
  );
  return { records, evidence: pruned };
}
