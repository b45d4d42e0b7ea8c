import type { RetentionWork } from "../audit/retain-trail.ts";
import type { ProofRetained } from "../compliance/retain-proof.ts";
import type { RetentionSettings } from "../retention/retention-settings.ts";
import { buildCompliance } from "./build-compliance.ts";
import { buildServices } from "./build-services.ts";

/** Applies a home's limits to audit records and evidence, or says what it would do. */
export async function retainProofOf(
  home: string,
  settings: RetentionSettings,
  work: RetentionWork,
): Promise<ProofRetained> {
  const { services, close } = await buildServices({ home, alertRoots: undefined });
  try {
    return await buildCompliance(services, undefined).retain(settings, work);
  } finally {
    await close();
  }
}

/** What was done, as rows of what, how and how many; none when nothing was old enough. */
export function proofRows({ records, evidence }: ProofRetained, isDryRun: boolean): string[][] {
  const did = (word: string, past: string) => (isDryRun ? `would ${word}` : past);
  const { packed, pruned } = records;
  return [
    ...(packed.segments === 0 ? [] : [["audit records", did("pack", "packed"), `${packed.segments} closed files`]]),
    ...(pruned.segments === 0
      ? []
      : [["audit records", did("prune", "pruned"), `${pruned.records} records in ${pruned.segments} closed files`]]),
    ...(evidence.files === 0
      ? []
      : [["evidence", did("delete", "deleted"), `${evidence.artefacts} artefacts, ${evidence.bytes} bytes`]]),
  ];
}
