import { createHash } from "node:crypto";
import { canonicalJson } from "../audit/canonical-json.ts";
import type { AuditTrail } from "../audit/trail-interface.ts";
import type { AttestableState, Checklist, ChecklistAttestation, ChecklistItem, ChecklistStore } from "./checklist.ts";
import * as wrong from "./errors.ts";
import { findItem } from "./open-checklists.ts";

/** A person's word as it was given; the way it was asked for is part of it. */
export interface Attestation {
  readonly item: string;
  readonly state: AttestableState;
  readonly name: string;
  readonly role?: string;
  /** What the person vouches for, in the person's own words. */
  readonly statement: string;
  /** terminal: typed at a terminal of this machine. elicitation: asked for by the client on the server's behalf. */
  readonly method: "terminal" | "elicitation";
}

export interface AttestedItem {
  readonly checklist: Checklist;
  readonly item: ChecklistItem;
  readonly warnings: readonly string[];
}

export interface AttestationPlace {
  readonly checklists: ChecklistStore;
  readonly audit: Pick<AuditTrail, "append">;
  readonly nowMs: () => number;
}

/**
 * Writes a person's word down: first in the trail, then in the checklist. No tool's argument leads here. Fails with
 * ATTEST_NOT_A_PERSON on items that only a test decides, CHECKLIST_ITEM_UNKNOWN, INVALID_ARGUMENT.
 */
export async function attestItem(
  { checklists, audit, nowMs }: AttestationPlace,
  id: string,
  attestation: Attestation,
  session: string,
): Promise<AttestedItem> {
  const template = findItem(await checklists.get(id), attestation.item);
  if (template.kind === "auto") throw wrong.attestAutomatic(template.id, template.test ?? "");
  const name = typed(attestation.name);
  const statement = typed(attestation.statement);
  if (name === "" || statement === "") throw wrong.argument("falco-skills attest", "name or statement is empty");
  const role = (attestation.role && typed(attestation.role)) || undefined;
  const said = {
    at: new Date(nowMs()).toISOString(),
    item: template.id,
    state: attestation.state,
    by: { kind: "person" as const, name, ...(role === undefined ? {} : { role }) },
    statement,
    method: attestation.method,
  };
  const { log, seq, leaf } = await audit.append({
    type: "checklist.item",
    session,
    owner: name,
    checklist: { id, item: template.id, state: attestation.state },
    controls: template.controls.map(({ framework, control }) => `${framework}:${control}`),
    details: { attestation_sha256: attestationDigest(id, said), method: attestation.method },
    durable: true,
  });
  return checklists.keepAttestation(id, { ...said, record: { log, seq, leaf } });
}

/** What a person typed, without blanks around it; half characters, which a terminal or a client may leave, have no canonical form. */
const typed = (text: string): string => text.replace(/\p{Surrogate}/gu, "\ufffd").trim();

/** SHA-256 of an attestation without its record: what the record in the trail names. */
export function attestationDigest(checklist: string, said: Omit<ChecklistAttestation, "record">): string {
  const { at, item, state, by, statement, method } = said;
  const text = canonicalJson({ checklist, at, item, state, by, statement, method });
  return createHash("sha256").update(text).digest("hex");
}
