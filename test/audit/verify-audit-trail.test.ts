import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { canonicalJson } from "../../src/audit/canonical-json.ts";
import { recordFault } from "../../src/audit/check-record.ts";
import { leafHash } from "../../src/audit/merkle-tree.ts";
import { EXIT_CODES } from "../../src/audit/verdict.ts";
import { verifyAuditTrail } from "../../src/audit/verify-audit-trail.ts";
import { entry, openTrail, recordsOf, temporaryFolder } from "./support.ts";

async function filled(folder: string, records = 8): Promise<string> {
  const trail = openTrail(folder);
  for (let index = 0; index < records; index += 1)
    await trail.append(entry({ type: "resource.read", arguments: { index } }));
  await trail.close();
  return join(folder, "records.jsonl");
}

test("a folder where nothing ever was is absent, unless somebody kept a head of it", async () => {
  const folder = join(temporaryFolder(), "none");
  expect(await verifyAuditTrail(folder)).toMatchObject({ state: "absent", exitCode: 17, tier: "NONE", records: 0 });
  const knownHeads = [{ size: 3, root: "0".repeat(64) }];
  expect(await verifyAuditTrail(folder, { knownHeads })).toMatchObject({ state: "diverged", exitCode: 12 });
});

test("the tiers are what was checked, no more", async () => {
  const folder = temporaryFolder();
  await filled(folder);
  const verifierKey = readFileSync(join(folder, "keys/identity.vkey"), "utf8");
  const { root, log } = await verifyAuditTrail(folder);
  expect(await verifyAuditTrail(folder)).toMatchObject({ tier: "SIGNED", pinned: false, reasonCodes: ["unpinned"] });
  expect(await verifyAuditTrail(folder, { verifierKey })).toMatchObject({
    tier: "SIGNED",
    pinned: true,
    reasonCodes: [],
  });
  const anchored = { verifierKey, knownHeads: [{ size: 9, root: root! }], requireAnchor: true };
  expect(await verifyAuditTrail(folder, anchored)).toMatchObject({ tier: "ANCHORED", anchoredSize: 9, exitCode: 0 });
  expect(await verifyAuditTrail(folder, { requireAnchor: true })).toMatchObject({
    state: "unanchored",
    exitCode: 20,
    tier: "SIGNED",
  });
  const others = [{ size: 5, root: "0".repeat(64), log: "another" }];
  expect(await verifyAuditTrail(folder, { knownHeads: others })).toMatchObject({ state: "intact", anchoredSize: 0 });
  const wrong = [{ size: 5, root: "0".repeat(64), log: log! }];
  expect(await verifyAuditTrail(folder, { knownHeads: wrong })).toMatchObject({ state: "diverged", tier: "CHAINED" });
});

test("the first bad record is named by number, line, byte and reason", async () => {
  const folder = temporaryFolder();
  const path = await filled(folder);
  const lines = readFileSync(path, "utf8").split("\n");
  lines[4] = lines[4]!.replace('"index":3', '"index":4');
  writeFileSync(path, lines.join("\n"));
  const verdict = await verifyAuditTrail(folder);
  const byteOffset = lines.slice(0, 5).reduce((sum, line) => sum + line.length + 1, 0);
  expect(verdict).toMatchObject({ state: "tampered", exitCode: 10, tier: "NONE", records: 5 });
  expect(verdict.firstBad).toEqual({ seq: 5, line: 6, byteOffset, segment: "records.jsonl", reason: "wrong-prev" });
});

test("a change that only a head shows is narrowed down to the records between two heads", async () => {
  const folder = temporaryFolder();
  const trail = openTrail(folder, { checkpointEvery: 3 });
  for (let index = 0; index < 12; index += 1) await trail.append(entry({ arguments: { index } }));
  await trail.close();
  relink(join(folder, "records.jsonl"), (record) => (record.seq === 5 ? { ...record, tool: "x" } : record));
  expect(await verifyAuditTrail(folder)).toMatchObject({
    state: "tampered",
    tier: "CHAINED",
    suspect: { fromSeq: 4, toSeq: 7 },
  });
});

type Fields = Record<string, unknown>;

function relink(path: string, edit: (record: Fields) => Fields | string): void {
  let prev = "0".repeat(64);
  const lines = readFileSync(path, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const edited = edit({ ...JSON.parse(line), prev });
      const text = typeof edited === "string" ? edited : canonicalJson(edited);
      prev = leafHash(Buffer.from(text)).toString("hex");
      return text;
    });
  writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
}

// Every check of a record by itself: all is linked again, so that nothing else can be what is noticed.
test.each<{ reason: string; edit: (record: Fields) => Fields | string }>([
  { reason: "not-json", edit: () => "{" },
  { reason: "not-an-object", edit: () => "[]" },
  { reason: "not-canonical", edit: (record) => JSON.stringify(record, null, 1).replaceAll("\n", "") },
  { reason: "wrong-version", edit: (record) => ({ ...record, v: 2 }) },
  { reason: "unknown-field", edit: (record) => ({ ...record, surprise: 1 }) },
  { reason: "missing-field", edit: ({ id: _, ...record }) => record },
  { reason: "wrong-field", edit: (record) => ({ ...record, ts: "yesterday" }) },
  { reason: "wrong-field", edit: (record) => ({ ...record, is_error: "no" }) },
  { reason: "wrong-field", edit: (record) => ({ ...record, args: [] }) },
  { reason: "wrong-field", edit: (record) => ({ ...record, controls: [1] }) },
  { reason: "unknown-type", edit: (record) => ({ ...record, type: "tool.maybe" }) },
  { reason: "wrong-log", edit: (record) => ({ ...record, log: "another" }) },
  { reason: "wrong-seq", edit: (record) => ({ ...record, seq: 77 }) },
  { reason: "wrong-prev", edit: (record) => ({ ...record, prev: "1".repeat(64) }) },
  { reason: "second-genesis", edit: (record) => ({ ...record, type: "log.genesis" }) },
  { reason: "too-long", edit: (record) => ({ ...record, details: { value: "x".repeat(66_000) } }) },
])("a record that is wrong by $reason is not taken", async ({ reason, edit }) => {
  const folder = temporaryFolder();
  relink(await filled(folder), (record) => (record.seq === 4 ? edit(record) : record));
  const verdict = await verifyAuditTrail(folder);
  expect(verdict).toMatchObject({ state: "tampered", firstBad: { seq: 4, line: 5, reason } });
});

test("bytes that are no UTF-8 are not taken", async () => {
  const folder = temporaryFolder();
  const path = await filled(folder);
  const bytes = readFileSync(path);
  bytes[bytes.indexOf("search_alerts", 900)] = 0xff;
  writeFileSync(path, bytes);
  expect((await verifyAuditTrail(folder)).firstBad?.reason).toBe("not-utf8");
});

test("every field of every record we write is known", async () => {
  const folder = temporaryFolder();
  await filled(folder);
  expect(recordsOf(folder).map(recordFault)).toEqual(Array.from({ length: 9 }, () => undefined));
});

test("a trail of a later format is not judged", async () => {
  const folder = temporaryFolder();
  relink(await filled(folder), (record) => ({ ...record, v: 2 }));
  expect(await verifyAuditTrail(folder)).toMatchObject({
    state: "unsupported",
    exitCode: 16,
    reasonCodes: ["wrong-version"],
  });
});

test("an id that would lead out of a folder is no id", async () => {
  const folder = temporaryFolder();
  relink(await filled(folder), (record) => ({ ...record, log: "../../../../elsewhere/and/more/letters" }));
  expect(await verifyAuditTrail(folder)).toMatchObject({ state: "tampered", reasonCodes: ["no-genesis"] });
  await expect(openTrail(folder, { headsFolder: folder }).append(entry())).rejects.toMatchObject({
    code: "AUDIT_DAMAGED",
  });
});

test("two processes that did not see each other are a fork, not tampering", async () => {
  const folder = temporaryFolder();
  const path = await filled(folder, 4);
  const [, , , third, fourth] = readFileSync(path, "utf8").split("\n");
  const stray = canonicalJson({ ...JSON.parse(fourth!), pid: 1, session: "other", id: JSON.parse(third!).id });
  const next = {
    ...JSON.parse(fourth!),
    pid: 1,
    session: "other",
    seq: 5,
    prev: leafHash(Buffer.from(stray)).toString("hex"),
  };
  appendFileSync(path, `${stray}\n${canonicalJson(next)}\n`);
  expect(await verifyAuditTrail(folder)).toMatchObject({ state: "forked", exitCode: 13, tier: "NONE", records: 7 });
});

test("a key from outside that is not the trail's is not trusted", async () => {
  const [folder, other] = [temporaryFolder(), temporaryFolder()];
  await filled(folder);
  await filled(other);
  const verifierKey = readFileSync(join(other, "keys/identity.vkey"), "utf8");
  expect(await verifyAuditTrail(folder, { verifierKey })).toMatchObject({ state: "untrusted-key", exitCode: 14 });
  await expect(verifyAuditTrail(folder, { verifierKey: "nonsense" })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
  });
});

test("a later checkpoint costs only what came after it, and finds what is wrong there", async () => {
  const folder = temporaryFolder();
  const path = await filled(folder, 20);
  expect(await verifyAuditTrail(folder, { fromCheckpoint: true })).toMatchObject({
    state: "intact",
    tier: "SIGNED",
    startedAt: 21,
    records: 21,
    bytes: 0,
  });
  appendFileSync(path, '{"seq":21}\n');
  expect(await verifyAuditTrail(folder, { fromCheckpoint: true })).toMatchObject({
    state: "tampered",
    firstBad: { seq: 21 },
  });
});

test.each([
  { what: "moved to hide records", edit: (edge: Fields) => ({ ...edge, offset: (edge.offset as number) + 11 }) },
  {
    what: "moved behind a record, with that record's leaf",
    edit: (edge: Fields) => ({
      ...edge,
      offset: (edge.offset as number) + 11,
      leaf: leafHash(Buffer.from('{"seq":21}')).toString("hex"),
    }),
  },
  { what: "with another last leaf", edit: (edge: Fields) => ({ ...edge, leaf: "1".repeat(64) }) },
  {
    what: "of another tree",
    edit: (edge: Fields) => ({ ...edge, peaks: (edge.peaks as string[]).map(() => "1".repeat(64)) }),
  },
])("a stored edge that was $what is not used", async ({ edit }) => {
  const folder = temporaryFolder();
  const path = await filled(folder, 20);
  appendFileSync(path, '{"seq":21}\n');
  const edge = join(folder, "edge.json");
  writeFileSync(edge, JSON.stringify(edit(JSON.parse(readFileSync(edge, "utf8")))));
  const verdict = await verifyAuditTrail(folder, { fromCheckpoint: true });
  expect(verdict).toMatchObject({ state: "tampered", startedAt: 0 });
  expect(verdict.reasonCodes).toContain("edge-unusable");
});

test("announced calls without a result are listed with what became of their session", async () => {
  const folder = temporaryFolder();
  const trail = openTrail(folder);
  const answered = await trail.append(entry({ session: "s1", tool: "a" }));
  await trail.append(entry({ type: "tool.result", session: "s1", intentSeq: answered.seq, outcome: "ok" }));
  await trail.append(entry({ session: "s1", tool: "b" }));
  await trail.append(entry({ type: "session.end", session: "s1" }));
  await trail.append(entry({ session: "s2", tool: "c" }));
  await trail.append(entry({ type: "tool.result", session: "s2", intentSeq: 99, outcome: "ok" }));
  await trail.close();
  expect(await verifyAuditTrail(folder)).toMatchObject({
    state: "intact",
    orphanIntentCount: 2,
    orphanIntents: [
      { seq: 3, tool: "b", session: "s1", cause: "session-ended" },
      { seq: 5, tool: "c", session: "s2", cause: "no-end" },
    ],
    reasonCodes: ["unpinned", "orphan-intent", "result-without-intent"],
  });
});

test("records after the last signature are pointed out", async () => {
  const folder = temporaryFolder();
  const trail = openTrail(folder, { checkpointQuietMs: 60_000 });
  await trail.append(entry({ type: "skill.read" }));
  const verdict = await verifyAuditTrail(folder);
  expect(verdict).toMatchObject({
    state: "intact",
    records: 2,
    signedSize: 1,
    reasonCodes: ["unpinned", "unsigned-tail"],
  });
});

test("a first record without a head is what a crash leaves, more are not", async () => {
  const folder = temporaryFolder();
  const path = await filled(folder, 3);
  rmSync(join(folder, "checkpoint"));
  rmSync(join(folder, "checkpoints"), { recursive: true });
  expect(await verifyAuditTrail(folder)).toMatchObject({
    state: "truncated",
    exitCode: 11,
    tier: "CHAINED",
    reasonCodes: ["checkpoint-missing", "unpinned", "unsigned-tail"],
  });
  truncateSync(path, readFileSync(path).indexOf(10) + 1);
  expect(await verifyAuditTrail(folder)).toMatchObject({ state: "intact", tier: "CHAINED", records: 1 });
});

test("progress is told and a signal stops the work", async () => {
  const folder = temporaryFolder();
  await filled(folder, 50);
  const seen: number[] = [];
  const totals = new Set<number>();
  await verifyAuditTrail(folder, {
    onProgress: ({ records, totalBytes }) => {
      seen.push(records);
      totals.add(totalBytes);
    },
  });
  expect(seen.at(-1)).toBe(51);
  expect([...totals]).toEqual([readFileSync(join(folder, "records.jsonl")).length]);
  await expect(verifyAuditTrail(folder, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "CANCELLED" });
});

test("each state has its own exit code", () => {
  expect(new Set(Object.values(EXIT_CODES)).size).toBe(Object.keys(EXIT_CODES).length);
});

test.each<{ what: string; damage: (path: string) => void; reason: string }>([
  { what: "gone", damage: (path) => rmSync(path), reason: "segment-missing" },
  {
    what: "under another name",
    damage: (path) => renameSync(path, path.replace(/\d\.jsonl$/, "9.jsonl")),
    reason: "segment-name",
  },
  { what: "without its last byte", damage: (path) => truncateSync(path, statSync(path).size - 1), reason: "torn" },
])("a closed segment that is $what is named as such", async ({ damage, reason }) => {
  const folder = temporaryFolder();
  const trail = openTrail(folder, { segmentBytes: 1_000 });
  for (let index = 0; index < 12; index += 1) await trail.append(entry({ type: "resource.read" }));
  await trail.close();
  const [, second] = readdirSync(join(folder, "sealed")).sort();
  damage(join(folder, "sealed", second!));
  expect((await verifyAuditTrail(folder)).firstBad?.reason).toBe(reason);
});

test("what is no plain file is not waited for", async () => {
  const folder = temporaryFolder();
  const path = await filled(folder, 3);
  rmSync(path);
  execFileSync("mkfifo", [path]);
  expect(await verifyAuditTrail(folder)).toMatchObject({ state: "truncated", reasonCodes: ["records-gone"] });
  await expect(openTrail(folder).append(entry())).rejects.toMatchObject({ code: "AUDIT_DAMAGED" });
});

test.each([
  { what: "as it was recorded", bytes: "evidence", state: "intact", reasons: [] },
  { what: "changed", bytes: "evidence!", state: "evidence-mismatch", reasons: ["evidence-changed"] },
  { what: "gone", bytes: undefined, state: "evidence-mismatch", reasons: ["evidence-missing"] },
])("evidence that is $what is $state", async ({ bytes, state, reasons }) => {
  const folder = temporaryFolder();
  const trail = openTrail(folder);
  const sha256 = createHash("sha256").update("evidence").digest("hex");
  await trail.append(entry({ type: "evidence.added", evidence: { sha256, bytes: 8 } }));
  await trail.close();
  const path = join(folder, sha256);
  if (bytes !== undefined) writeFileSync(path, bytes);
  const verdict = await verifyAuditTrail(folder, { evidenceFile: (name) => join(folder, name) });
  expect(verdict.state).toBe(state);
  expect(verdict.reasonCodes).toEqual([...reasons, "unpinned"]);
});
