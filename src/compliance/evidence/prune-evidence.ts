import { rmSync } from "node:fs";
import { canonicalJson } from "../../audit/canonical-json.ts";
import type { Evidence } from "./evidence.ts";
import { bytesPath, digestOfFile, writeManifest } from "./evidence-files.ts";
import type { EvidenceHome } from "./open-evidence.ts";

export interface EvidencePruned {
  /** Artefacts whose bytes are gone. Two with the same content share their bytes. */
  readonly artefacts: number;
  readonly files: number;
  readonly bytes: number;
}

export interface PruneWork {
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Takes away the bytes of artefacts that were taken at or before an instant; manifests and custody stay. Bytes that a
 * younger artefact shares stay, too. Each removal is recorded in the trail before it is done, so that bytes which are
 * missing without a record are missing.
 */
export async function pruneEvidence(
  home: EvidenceHome,
  evidence: readonly Evidence[],
  beforeMs: number,
  { dryRun = false, signal }: PruneWork,
): Promise<EvidencePruned> {
  const old = [...oldContents(evidence, beforeMs)];
  const told = { artefacts: 0, files: 0, bytes: 0 };
  for (const [sha256, artefacts] of old) {
    signal?.throwIfAborted();
    const path = bytesPath(home.folder, sha256);
    const there = await digestOfFile(path);
    if (there === undefined) continue;
    told.artefacts += artefacts.length;
    told.files += 1;
    told.bytes += there.bytes;
    if (dryRun) continue;
    await tellPruned(home, sha256, there, artefacts, beforeMs);
    rmSync(path, { force: true });
  }
  return told;
}

/** Contents of which every artefact is old, by their SHA-256. */
function oldContents(evidence: readonly Evidence[], beforeMs: number): Map<string, Evidence[]> {
  const contents = new Map<string, Evidence[]>();
  for (const one of evidence) {
    contents.set(one.manifest.sha256, [...(contents.get(one.manifest.sha256) ?? []), one]);
  }
  for (const [sha256, artefacts] of contents) {
    if (artefacts.some(({ manifest }) => Date.parse(manifest.collected.at) > beforeMs)) contents.delete(sha256);
  }
  return contents;
}

async function tellPruned(
  { audit, folder, newId, nowMs }: EvidenceHome,
  sha256: string,
  there: { readonly sha256: string; readonly bytes: number },
  artefacts: readonly Evidence[],
  beforeMs: number,
): Promise<void> {
  const { log, seq, leaf } = await audit.append({
    type: "evidence.pruned",
    session: "retention",
    evidence: { sha256, bytes: there.bytes },
    details: {
      ids: artefacts.slice(0, 32).map(({ manifest }) => manifest.id),
      artefacts: artefacts.length,
      before: new Date(beforeMs).toISOString(),
      // What was changed before it was pruned must not end as if it had been whole.
      whole: there.sha256 === sha256,
    },
    durable: true,
  });
  const pruned = { at: new Date(nowMs()).toISOString(), log, seq, leaf };
  for (const { manifest, receipt } of artefacts) {
    const text = `${canonicalJson({ manifest, pruned, ...(receipt === undefined ? {} : { receipt }) })}\n`;
    await writeManifest(folder, manifest.id, text, newId());
  }
}
