import { constants } from "node:fs";
import { copyFile } from "node:fs/promises";
import { canonicalJson } from "../../audit/canonical-json.ts";
import { redactText } from "../../audit/redact-text.ts";
import { redactValue } from "../../audit/redact-value.ts";
import type { AuditTrail } from "../../audit/trail-interface.ts";
import * as wrong from "./errors.ts";
import type {
  Custodian,
  Evidence,
  EvidenceList,
  EvidenceReceipt,
  EvidenceState,
  EvidenceStore,
  NewEvidence,
} from "./evidence.ts";
import {
  bytesPath,
  digestOfFile,
  type KeptBytes,
  keepBytes,
  manifestIds,
  readManifest,
  writeManifest,
} from "./evidence-files.ts";
import { type EvidenceManifest, evidenceIdOf, evidenceManifest, manifestDigest } from "./evidence-manifest.ts";
import { pruneEvidence } from "./prune-evidence.ts";

export interface EvidenceHome {
  /** The `evidence` folder of home; made with the first artefact. */
  readonly folder: string;
  readonly audit: Pick<AuditTrail, "append">;
  readonly nowMs: () => number;
  /** Letters and digits, never the same twice. */
  readonly newId: () => string;
  /** Name of this machine, as it goes into manifests. */
  readonly host: string;
  readonly version: string;
}

const ID = /^ev-[0-9a-f]{16}$/;
const MAX_ARGUMENTS = 7_900;

/** The artefacts under a folder: `sha256/ab/<hex>` for bytes, `manifests/<id>.json` for what is known of them. */
export function openEvidence(home: EvidenceHome): EvidenceStore {
  const { folder } = home;
  const get = async (id: string): Promise<Evidence> => {
    const text = ID.test(id) ? await readManifest(folder, id) : undefined;
    if (text === undefined) throw wrong.evidenceNotFound(id);
    return parseStored(id, text);
  };
  return {
    get,
    bytesPath: (sha256) => bytesPath(folder, sha256),
    async add(wanted, content, custodian) {
      const kept = await keepBytes(folder, content, home.newId());
      const manifest = manifestOf(home, wanted, kept, custodian);
      const stored = { manifest, manifestSha256: manifestDigest(manifest) };
      await writeManifest(folder, manifest.id, `${canonicalJson({ manifest })}\n`, home.newId());
      const { log, seq, leaf } = await home.audit.append({
        type: "evidence.added",
        session: custodian.session,
        evidence: { sha256: kept.sha256, bytes: kept.bytes, name: manifest.name },
        controls: manifest.controls.map(({ framework, control }) => `${framework}:${control}`),
        details: { id: manifest.id, manifest_sha256: stored.manifestSha256, kind: manifest.kind },
        ...(manifest.checklist === undefined ? {} : { checklist: { id: manifest.checklist.id } }),
        durable: true,
      });
      const receipt = { log, seq, leaf };
      await writeManifest(folder, manifest.id, `${canonicalJson({ manifest, receipt })}\n`, home.newId());
      return { ...stored, receipt };
    },
    list: () => listEvidence(folder, get),
    check: (evidence) => stateOf(folder, evidence),
    async copyTo(id, path, { session, by }) {
      const evidence = await get(id);
      const { manifest } = evidence;
      const state = await stateOf(folder, evidence);
      if (state !== "whole") throw wrong.evidenceDamaged(id, `its bytes are ${state}`);
      await home.audit.append({
        type: "evidence.read",
        session,
        owner: by.name,
        evidence: { sha256: manifest.sha256, bytes: manifest.bytes, name: manifest.name },
        details: { id, by: by.kind },
        durable: true,
      });
      await copyFile(bytesPath(folder, manifest.sha256), path, constants.COPYFILE_EXCL).catch((cause) =>
        wrong.notCopied(path, cause),
      );
      return evidence;
    },
    prune: async (beforeMs, work = {}) =>
      pruneEvidence(home, (await listEvidence(folder, get)).evidence, beforeMs, work),
  };
}

async function listEvidence(folder: string, get: EvidenceStore["get"]): Promise<EvidenceList> {
  const evidence: Evidence[] = [];
  const faults: { file: string; message: string }[] = [];
  for (const id of (await manifestIds(folder)).sort()) {
    const found = await get(id).catch((error: Error) => error);
    if (found instanceof Error) faults.push({ file: `${id}.json`, message: found.message });
    else evidence.push(found);
  }
  const order = ({ manifest, receipt }: Evidence) => [receipt?.seq ?? Number.MAX_SAFE_INTEGER, manifest.id] as const;
  evidence.sort((a, b) => order(a)[0] - order(b)[0] || (order(a)[1] < order(b)[1] ? -1 : 1));
  return { evidence, faults };
}

async function stateOf(folder: string, { manifest, pruned }: Evidence): Promise<EvidenceState> {
  const found = await digestOfFile(bytesPath(folder, manifest.sha256));
  if (found === undefined) return pruned === undefined ? "missing" : "pruned";
  return found.sha256 === manifest.sha256 && found.bytes === manifest.bytes ? "whole" : "changed";
}

function manifestOf(home: EvidenceHome, wanted: NewEvidence, kept: KeptBytes, by: Custodian): EvidenceManifest {
  const { tool, arguments: given, source, name, description, ...rest } = wanted;
  const passed = canonicalJson(redactValue(given).value);
  const manifest = {
    v: 1 as const,
    ...rest,
    ...kept,
    name: whole(name),
    ...(description === undefined ? {} : { description: whole(redactText(description)) }),
    source: { ...source, host: home.host },
    collected: {
      at: new Date(home.nowMs()).toISOString(),
      by: { kind: by.by.kind, name: whole(by.by.name).slice(0, 256) || "unknown" },
      session: by.session,
      tool,
      tool_version: home.version,
      arguments: passed.length > MAX_ARGUMENTS ? `[${passed.length} characters]` : passed,
    },
  };
  const defined = JSON.parse(JSON.stringify(manifest)) as Omit<EvidenceManifest, "id">;
  const checked = evidenceManifest.safeParse({ ...defined, id: evidenceIdOf(defined) });
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw wrong.argument(`${issue?.path.join(".") ?? "the manifest"}: ${issue?.message.toLowerCase() ?? ""}`);
}

/** Half characters have no place in a canonical text. */
const whole = (text: string): string => text.replace(/\p{Surrogate}/gu, "\ufffd");

function parseStored(id: string, text: string): Evidence {
  let stored: { manifest?: unknown; receipt?: Evidence["receipt"]; pruned?: Evidence["pruned"] };
  try {
    stored = JSON.parse(text) as typeof stored;
  } catch {
    throw wrong.evidenceDamaged(id, "its manifest is no JSON");
  }
  const read = evidenceManifest.safeParse(stored.manifest);
  if (!read.success) throw wrong.evidenceDamaged(id, "its manifest has not the shape of one");
  if (read.data.id !== id || evidenceIdOf(read.data) !== id) {
    throw wrong.evidenceDamaged(id, "its manifest was changed: the id is not the digest of the rest");
  }
  const receipt = receiptOf(stored.receipt);
  const pruned = receiptOf(stored.pruned);
  return {
    manifest: read.data,
    manifestSha256: manifestDigest(read.data),
    ...(receipt === undefined ? {} : { receipt }),
    ...(pruned === undefined ? {} : { pruned: { ...pruned, at: String(stored.pruned?.at).slice(0, 40) } }),
  };
}

function receiptOf(given: Evidence["receipt"]): EvidenceReceipt | undefined {
  const sound = given != null && Number.isSafeInteger(given.seq) && /^[0-9a-f]{64}$/.test(given.leaf);
  return sound ? { log: String(given.log), seq: given.seq, leaf: given.leaf } : undefined;
}
