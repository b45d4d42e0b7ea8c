import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { verifyAuditTrail } from "../../src/audit/verify-audit-trail.ts";
import { collectEvidence } from "../../src/compliance/evidence/collect-evidence.ts";
import { openChecklists } from "../../src/compliance/open-checklists.ts";
import { exportPackage } from "../../src/compliance/package/export-package.ts";
import { verifyPackage } from "../../src/compliance/package/verify-package.ts";
import { retainProof } from "../../src/compliance/retain-proof.ts";
import { settingsOf } from "../../src/retention/retention-settings.ts";
import { AGENT, openTestHome } from "./evidence/support.ts";

const MONTH = 31 * 86_400_000;

async function openCase() {
  const home = await openTestHome();
  const add = (text: string, name = text) =>
    collectEvidence({ store: home.evidence, ...home }, { kind: "log", name, controls: [], from: { text } }, AGENT);
  const verify = () =>
    verifyAuditTrail(join(home.home, "audit"), { evidenceFile: (sha256) => home.evidence.bytesPath(sha256) });
  return { ...home, add, verify };
}

test("bytes past their retention go, manifest and custody stay, and the trail tells each removal", async () => {
  const { add, evidence, audit, verify, wait, nowMs } = await openCase();
  const old = await add("old");
  const shared = await add("shared");
  wait(20 * MONTH);
  const young = await add("shared", "the same again");
  wait(12 * MONTH);
  const settings = settingsOf("cloud-gov");
  const planned = await retainProof({ audit, evidence }, settings, nowMs(), { dryRun: true });
  expect(planned.evidence).toEqual({ artefacts: 1, files: 1, bytes: 3 });
  expect(existsSync(evidence.bytesPath(old.manifest.sha256))).toBe(true);

  expect((await retainProof({ audit, evidence }, settings, nowMs())).evidence).toEqual(planned.evidence);
  expect(existsSync(evidence.bytesPath(old.manifest.sha256))).toBe(false);
  const kept = await evidence.get(old.manifest.id);
  expect(kept).toMatchObject({ manifest: old.manifest, receipt: old.receipt!, pruned: { seq: expect.any(Number) } });
  expect(await evidence.check(kept)).toBe("pruned");
  expect(await evidence.check(shared)).toBe("whole");
  expect(await evidence.check(young)).toBe("whole");
  const { records } = await audit.search({ types: ["evidence.pruned"] }, { limit: 5 });
  expect(records.map(({ record }) => record?.details)).toEqual([
    { value: { artefacts: 1, before: expect.any(String), ids: [old.manifest.id], whole: true } },
  ]);
  // The first month's records were packed meanwhile; nothing that is missing is missing without a record.
  expect(await verify()).toMatchObject({ state: "intact", exitCode: 0 });
});

test("bytes that go without a record are missing, also where others were pruned", async () => {
  const { add, evidence, audit, verify, wait, nowMs } = await openCase();
  await add("old");
  wait(40 * MONTH);
  const young = await add("young");
  await retainProof({ audit, evidence }, settingsOf("pci"), nowMs());
  rmSync(evidence.bytesPath(young.manifest.sha256));
  expect(await verify()).toMatchObject({ state: "evidence-mismatch", exitCode: 15 });
  expect(await evidence.check(young)).toBe("missing");
});

test("what is taken in again after it was pruned must be there again", async () => {
  const { add, evidence, audit, verify, wait, nowMs } = await openCase();
  await add("again");
  wait(40 * MONTH);
  await retainProof({ audit, evidence }, settingsOf("pci"), nowMs());
  const again = await add("again");
  expect(await verify()).toMatchObject({ state: "intact" });
  rmSync(evidence.bytesPath(again.manifest.sha256));
  expect(await verify()).toMatchObject({ state: "evidence-mismatch" });
});

test("a package over a pruned trail shows what there is, says what is not, and verifies", async () => {
  const home = await openCase();
  const { add, evidence, audit, wait, nowMs, newId } = home;
  await audit.append({ type: "tool.intent", session: "s1", tool: "search_alerts" });
  await add("old");
  wait(40 * MONTH);
  await add("young");
  await audit.append({ type: "tool.intent", session: "s1", tool: "get_alert" });
  const { records } = await retainProof({ audit, evidence }, settingsOf("cloud-gov"), nowMs());
  expect(records.pruned).toMatchObject({ segments: 1, records: 1, ranges: [{ from: 0, to: 2 }] });
  const checklists = openChecklists({ folder: join(home.home, "checklists"), nowMs, newId });
  const place = { home: home.home, audit, evidence, checklists, version: "1.2.3", newId };
  const made = await exportPackage(place, { scope: { kind: "whole" } }, AGENT);
  expect(made.manifest.slice).toMatchObject({ kind: "slice", from: 3, left_out: 3 });
  expect(made).toMatchObject({
    artefacts: 1,
    warnings: ["1 artefacts are past their retention: their bytes are gone, they are not shown"],
  });
  expect(verifyPackage(made.folder)).toMatchObject({ ok: true, reasons: [] });
});

test("a copy of an artefact is recorded as read before it is made, and changed bytes are not handed out", async () => {
  const { add, evidence, audit, home } = await openCase();
  const { manifest } = await add("the log");
  const copy = join(home, "copy");
  await evidence.copyTo(manifest.id, copy, AGENT);
  expect(readFileSync(copy, "utf8")).toBe("the log");
  const { records } = await audit.search({ types: ["evidence.read"] }, { limit: 5 });
  expect(records[0]?.record).toMatchObject({
    owner: "test agent",
    evidence: { sha256: manifest.sha256, bytes: 7, name: "the log" },
    details: { value: { by: "agent", id: manifest.id } },
  });
  await expect(evidence.copyTo(manifest.id, copy, AGENT)).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
  chmodSync(evidence.bytesPath(manifest.sha256), 0o600);
  writeFileSync(evidence.bytesPath(manifest.sha256), "another");
  await expect(evidence.copyTo(manifest.id, join(home, "other"), AGENT)).rejects.toMatchObject({
    code: "EVIDENCE_DAMAGED",
  });
});
