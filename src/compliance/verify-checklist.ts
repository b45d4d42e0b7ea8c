import { createHash } from "node:crypto";
import { formatTimeNs, parseTimeNs } from "../alert/time.ts";
import { canonicalJson } from "../audit/canonical-json.ts";
import type { AuditTrail } from "../audit/trail-interface.ts";
import { attestationDigest } from "./attest.ts";
import type { Checklist, ChecklistStore } from "./checklist.ts";
import type { TestResult } from "./checklist-line.ts";
import { blindSpots } from "./checks/blind-spots.ts";
import { type CheckSources, gatherInputs } from "./checks/gather-inputs.ts";
import { runChecks } from "./checks/run-checks.ts";
import type { Custodian } from "./evidence/evidence.ts";

export interface VerificationRequest {
  /** Left out: the window of the verification before, or none. */
  readonly window?: { readonly fromNs: bigint; readonly toNs: bigint };
}

export interface VerifiedChecklist {
  readonly checklist: Checklist;
  readonly results: readonly TestResult[];
  readonly blindSpots: readonly string[];
  readonly warnings: readonly string[];
}

export interface VerificationPlace extends CheckSources {
  readonly checklists: ChecklistStore;
  readonly audit: Pick<AuditTrail, "search" | "checkpoint" | "append">;
}

/**
 * Runs every test of the checklist, records the digest of what they found in the trail, then writes it into the
 * checklist. Attestations that the trail does not know are named in the warnings. Fails as `ChecklistStore.get` does.
 */
export async function verifyChecklist(
  place: VerificationPlace,
  id: string,
  request: VerificationRequest,
  { by, session }: Custodian,
): Promise<VerifiedChecklist> {
  const before = await place.checklists.get(id);
  const window = request.window ?? windowOf(before);
  const inputs = await gatherInputs(place, before, { session, ...(window === undefined ? {} : { window }) });
  const results = await runChecks(inputs);
  const spots = await blindSpots(inputs);
  const span = window && { from: formatTimeNs(window.fromNs), to: formatTimeNs(window.toNs) };
  const { log, seq, leaf } = await place.audit.append({
    type: "verify.run",
    session,
    checklist: { id },
    details: {
      results_sha256: resultsDigest(results, spots),
      states: Object.fromEntries(results.map(({ item, state }) => [item, state])),
      ...(span === undefined ? {} : { window: span }),
    },
    durable: true,
  });
  const checklist = await place.checklists.keepVerification(id, {
    at: new Date(place.nowMs()).toISOString(),
    by: { kind: by.kind, name: by.name.slice(0, 200) || "unknown" },
    ...(span === undefined ? {} : { window: span }),
    results,
    blind_spots: spots.slice(0, 64),
    record: { log, seq, leaf },
  });
  const warnings = [
    ...(window === undefined ? ["no window was fixed: tests over alerts were not evaluated; pass from and to"] : []),
    ...(await unrecordedAttestations(place.audit, before)),
    ...outOfOrder(checklist),
  ];
  return { checklist, results, blindSpots: spots, warnings };
}

/** SHA-256 of what a run found: the record in the trail holds it, the checklist's file the results. */
export function resultsDigest(results: readonly TestResult[], spots: readonly string[]): string {
  return createHash("sha256")
    .update(canonicalJson({ blind_spots: spots, results }))
    .digest("hex");
}

function windowOf({ verification }: Checklist): VerificationRequest["window"] {
  const fromNs = parseTimeNs(verification?.window?.from ?? "");
  const toNs = parseTimeNs(verification?.window?.to ?? "");
  return fromNs === undefined || toNs === undefined ? undefined : { fromNs, toNs };
}

/** A line of the file is a person's word only if the trail has the record it names, with the same content. */
async function unrecordedAttestations(audit: VerificationPlace["audit"], checklist: Checklist): Promise<string[]> {
  const warnings: string[] = [];
  for (const attestation of checklist.attestations) {
    const { seq, leaf } = attestation.record;
    const page = await audit.search({ types: ["checklist.item"], text: `"seq":${seq},` }, { limit: 5 });
    const found = page.records.find((record) => record.seq === seq && record.leaf === leaf)?.record;
    const digest = (found?.details as { value?: { attestation_sha256?: unknown } } | undefined)?.value;
    if (digest?.attestation_sha256 !== attestationDigest(checklist.id, attestation)) {
      warnings.push(`the attestation of ${attestation.item} is not in the audit trail: do not rely on it`);
    }
  }
  return warnings;
}

/** Items that somebody did while something that must precede them was not; what only a test found is no act. */
function outOfOrder({ items }: Checklist): string[] {
  const settled = (id: string) =>
    items.some(({ template, state }) => template.id === id && (state === "done" || state === "not-applicable"));
  return items.flatMap(({ template }) =>
    settled(template.id)
      ? []
      : template.must_precede
          .filter(isDone)
          .map((later) => `${later} is done before ${template.id}, which must precede it`),
  );
  function isDone(id: string): boolean {
    return items.some(
      ({ template, state, standing }) => template.id === id && state === "done" && standing !== "tested",
    );
  }
}
