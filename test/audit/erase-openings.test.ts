import { appendFileSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkRecordProof, proveRecord } from "../../src/audit/prove-records.ts";
import { parseVkey } from "../../src/audit/signed-note.ts";
import { verifyAuditTrail } from "../../src/audit/verify-audit-trail.ts";
import { entry, openTrail, recordsOf, temporaryFolder } from "./support.ts";

const LONG = { text: "x".repeat(3_000) };

async function trailWithOpenings() {
  const folder = temporaryFolder();
  const trail = openTrail(folder);
  await trail.append(entry({ arguments: { ...LONG, who: "first" } }));
  const middle = await trail.append(entry({ arguments: { ...LONG, who: "second" }, details: LONG }));
  await trail.append(entry({ arguments: { who: "short" } }));
  await trail.append(entry({ arguments: { ...LONG, who: "fourth" } }));
  const openings = () => readFileSync(join(folder, "private/openings.jsonl"), "utf8");
  return { folder, trail, middle, openings };
}

test("an erasure takes the openings of one record, keeps every proof, and stands in the trail", async () => {
  const { folder, trail, middle, openings } = await trailWithOpenings();
  expect(openings().split("\n")).toHaveLength(5);
  const line = readFileSync(join(folder, "records.jsonl"), "utf8").split("\n")[2]!;
  const erased = await trail.erase({ seq: 2, reason: "asked for by the person it is about", owner: "Ada" });
  expect(erased).toMatchObject({ commitments: 2, deleted: 2, receipt: { seq: 5 } });
  expect(openings()).not.toContain("second");
  expect(openings().split("\n")).toHaveLength(3);
  expect(statSync(join(folder, "private/openings.jsonl")).mode & 0o777).toBe(0o600);
  expect(recordsOf(folder)[5]).toMatchObject({
    type: "redaction.erased",
    owner: "Ada",
    erased: { seq: 2, reason: "asked for by the person it is about" },
  });
  await trail.checkpoint();
  const vkey = readFileSync(join(folder, "keys/identity.vkey"), "utf8");
  expect(await verifyAuditTrail(folder, { verifierKey: vkey, knownHeads: [middle] })).toMatchObject({
    state: "intact",
    tier: "ANCHORED",
    erased: [{ seq: 2, by: 5 }],
    reasonCodes: ["orphan-intent", "erased"],
  });
  expect(checkRecordProof(await proveRecord(folder, 2), Buffer.from(line), parseVkey(vkey)!)).toBe(true);
});

test("an opening that is there after its erasure was recorded is noticed, and erasing again finishes", async () => {
  const { folder, trail, openings } = await trailWithOpenings();
  const before = openings();
  await trail.erase({ seq: 2, reason: "r" });
  appendFileSync(join(folder, "private/openings.jsonl"), before);
  expect((await verifyAuditTrail(folder)).reasonCodes).toContain("erasure-unfinished");
  expect(await trail.erase({ seq: 2, reason: "r" })).toMatchObject({ deleted: 2 });
  expect((await verifyAuditTrail(folder)).reasonCodes).not.toContain("erasure-unfinished");
});

test.each([
  { seq: 3, seen: "record 3 holds no commitment: all that was kept of the call stands in the record itself" },
  { seq: 99, seen: "the trail has no record 99" },
  { seq: -1, seen: "the trail has no record -1" },
  { seq: 1.5, seen: "the trail has no record 1.5" },
])("record $seq: $seen", async ({ seq, seen }) => {
  const { trail } = await trailWithOpenings();
  await expect(trail.erase({ seq, reason: "r" })).rejects.toMatchObject({ code: "INVALID_ARGUMENT", message: seen });
});

test("a secret in the reason is redacted, and a pruned record has nothing left to erase", async () => {
  const folder = temporaryFolder();
  let now = Date.UTC(2026, 0, 5);
  const trail = openTrail(folder, { nowMs: () => now });
  await trail.append(entry({ arguments: LONG }));
  now = Date.UTC(2026, 2, 5);
  await trail.append(entry({ arguments: LONG }));
  await trail.erase({ seq: 2, reason: "the password=hunter2hunter2 was in it" });
  expect(JSON.stringify(recordsOf(folder))).not.toContain("hunter2");
  await trail.retain({ pruneBeforeMs: Date.UTC(2026, 1, 1) });
  await expect(trail.erase({ seq: 1, reason: "r" })).rejects.toMatchObject({
    message: "the body of record 1 is gone or cannot be read",
  });
});
