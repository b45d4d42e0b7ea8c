import { countsFault, type EvidenceKind } from "../evidence/evidence-manifest.ts";
import { artefactsOf, type Check, type CheckInputs, type Finding, fail, pass, restingOn, unknown } from "./check.ts";

/** Passes when at least one whole artefact of these kinds was added for the checklist. */
export function artefactOfKind(...kinds: EvidenceKind[]): Check {
  return (inputs) => present(inputs, `of kind ${kinds.join(" or ")}`, { kinds });
}

/** Passes when at least one whole artefact was added for that item. */
export function artefactForItem(item: string, ...kinds: EvidenceKind[]): Check {
  return (inputs) => present(inputs, `for item ${item}`, kinds.length === 0 ? { item } : { item, kinds });
}

function present(inputs: CheckInputs, what: string, wanted: Parameters<typeof artefactsOf>[1]): Finding {
  const found = artefactsOf(inputs, wanted);
  const broken = found.filter(({ bytes }) => bytes !== "whole");
  if (broken.length > 0) {
    return fail(`${broken.length} of ${found.length} artefacts ${what} no longer have their bytes`, restingOn(broken));
  }
  if (found.length === 0) return fail(`no artefact ${what} was added for this checklist`);
  return pass(`${found.length} artefacts ${what}, all with their hash`, restingOn(found));
}

/** Every artefact of the checklist has its bytes, its record in the trail and counts that add up. */
export const evidenceComplete: Check = (inputs) => {
  const found = artefactsOf(inputs);
  if (found.length === 0) return fail("no artefact was added for this checklist");
  const faults = found.flatMap(({ evidence: { manifest, manifestSha256, receipt }, bytes }) => {
    if (bytes !== "whole") return [`${manifest.id}: bytes are ${bytes}`];
    if (receipt === undefined) return [`${manifest.id}: its taking in is not recorded`];
    const recorded = inputs.records.find(({ seq }) => seq === receipt.seq)?.record;
    if (recorded === undefined && !inputs.recordsCut) return [`${manifest.id}: the trail has no record ${receipt.seq}`];
    if (recorded !== undefined && !isRecordOf(recorded, manifest.sha256, manifestSha256)) {
      return [`${manifest.id}: record ${receipt.seq} is about something else`];
    }
    const uneven = manifest.counts === undefined ? undefined : countsFault(manifest.counts);
    return uneven === undefined ? [] : [`${manifest.id}: ${uneven}`];
  });
  const known = new Set(found.map(({ evidence }) => evidence.receipt?.seq));
  const lost = inputs.records.filter(
    ({ seq, record }) =>
      record.type === "evidence.added" &&
      (record.checklist as { id?: unknown } | undefined)?.id === inputs.checklist.id &&
      !known.has(seq),
  );
  if (lost.length > 0)
    faults.push(`records ${lost.map(({ seq }) => seq).join(", ")} name artefacts without a manifest`);
  if (faults.length > 0) return fail(faults.slice(0, 10).join("; "), restingOn(found));
  return pass(`${found.length} artefacts, each with hash, collector, command, time and record`, restingOn(found));
};

function isRecordOf(record: Readonly<Record<string, unknown>>, sha256: string, manifestSha256: string): boolean {
  const details = (record.details as { value?: { manifest_sha256?: unknown } } | undefined)?.value;
  return (
    record.type === "evidence.added" &&
    (record.evidence as { sha256?: unknown } | undefined)?.sha256 === sha256 &&
    details?.manifest_sha256 === manifestSha256
  );
}

/** A rule change needs a test; work without one has nothing to test. */
export const ruleChangeTested: Check = (inputs) => {
  const changes = inputs.records.filter(
    ({ record }) => record.type === "tool.intent" && (record.tool === "load_rules" || record.tool === "deploy_rules"),
  );
  const tests = artefactsOf(inputs, { kinds: ["test-result"] });
  if (tests.length > 0) return present(inputs, "of kind test-result", { kinds: ["test-result"] });
  if (changes.length === 0) {
    if (inputs.recordsCut) return unknown("not all records of the work were read");
    return { state: "not-applicable", reason: "no call that loads or deploys rules is on record for this work" };
  }
  const records = changes.slice(0, 64).map(({ seq }) => seq);
  return fail(`${changes.length} calls changed rules and no test result was added as evidence`, { records });
};
