import { copyFileSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { AuditReceipt, AuditTrail } from "../../src/audit/audit-trail.ts";
import { checkRecordProof, proveConsistency, proveRecord } from "../../src/audit/prove-records.ts";
import { parseVkey } from "../../src/audit/signed-note.ts";
import { type VerifyOptions, verifyAuditTrail } from "../../src/audit/verify-audit-trail.ts";
import { entry, openTrail, temporaryFolder } from "./support.ts";

const JANUARY = Date.UTC(2026, 0, 10);
const DAY = 86_400_000;

interface Year {
  readonly folder: string;
  readonly trail: AuditTrail;
  readonly receipts: readonly AuditReceipt[];
  readonly vkey: string;
  readonly set: (ms: number) => void;
}

/** Four calls a month from January to June, in one segment a month; the third of a month keeps an opening. */
async function halfAYear(): Promise<Year> {
  const folder = temporaryFolder();
  let now = JANUARY;
  const trail = openTrail(folder, { nowMs: () => now });
  const receipts: AuditReceipt[] = [];
  for (let month = 0; month < 6; month += 1) {
    now = Date.UTC(2026, month, 10);
    for (let call = 0; call < 4; call += 1) {
      const text = `${month}/${call} ${"x".repeat(call === 2 ? 2_000 : 20)}`;
      receipts.push(await trail.append(entry({ type: "resource.read", arguments: { text } })));
    }
    receipts.push(await trail.append(entry({ type: "evidence.added", evidence: { sha256: "a".repeat(64) } })));
  }
  await trail.checkpoint();
  const vkey = readFileSync(join(folder, "keys/identity.vkey"), "utf8").trim();
  return {
    folder,
    trail,
    receipts,
    vkey,
    set: (ms) => {
      now = ms;
    },
  };
}

const sealedIn = (folder: string) => readdirSync(join(folder, "sealed")).sort();
const NAMES = ["000000000000-000000000005", "000000000006-000000000010", "000000000011-000000000015"];
const options = ({ vkey, receipts }: Year, head = receipts.at(-1)!): VerifyOptions => ({
  verifierKey: vkey,
  knownHeads: [head],
});

test("a segment is closed at the month's turn, by whichever process writes first in the new one", async () => {
  const { folder, trail, set } = await halfAYear();
  expect(sealedIn(folder)).toEqual([
    ...NAMES.map((name) => `${name}.jsonl`),
    "000000000016-000000000020.jsonl",
    "000000000021-000000000025.jsonl",
  ]);
  await trail.close();
  const other = openTrail(folder, { nowMs: () => Date.UTC(2026, 6, 1) });
  await other.append(entry());
  expect(sealedIn(folder)).toHaveLength(6);
  await other.close();
  set(0);
  // A clock that went back closes nothing.
  const late = openTrail(folder, { nowMs: () => JANUARY });
  await late.append(entry());
  expect(sealedIn(folder)).toHaveLength(6);
});

test("packed segments answer, prove and verify as before, and a process that starts anew reads them", async () => {
  const year = await halfAYear();
  const { folder, trail, receipts } = year;
  const before = await trail.search({}, { limit: 100 });
  const texts = sealedIn(folder).map((name) => readFileSync(join(folder, "sealed", name), "utf8"));
  const report = await trail.retain({ packBeforeMs: Date.UTC(2026, 3, 1) });
  expect(report).toMatchObject({ packed: { segments: 3 }, pruned: { segments: 0 }, openingsDeleted: 0 });
  expect(report.packed.bytesAfter).toBeLessThan(report.packed.bytesBefore);
  expect(sealedIn(folder).slice(0, 3)).toEqual(NAMES.map((name) => `${name}.jsonl.gz`));
  expect(NAMES.map((name) => gunzipSync(readFileSync(join(folder, `sealed/${name}.jsonl.gz`))).toString())).toEqual(
    texts.slice(0, 3),
  );
  expect(await trail.search({}, { limit: 100 })).toEqual(before);
  const pages = [];
  for (let cursor: string | undefined, more = true; more; ) {
    const page = await trail.search({}, { limit: 3, ...(cursor === undefined ? {} : { cursor }) });
    pages.push(...page.records);
    cursor = page.cursor;
    more = cursor !== undefined;
  }
  expect(pages).toEqual(before.records);
  expect(await verifyAuditTrail(folder, options(year))).toMatchObject({
    state: "intact",
    tier: "ANCHORED",
    records: 31,
    pruned: [],
    prunedRecords: 0,
    reasonCodes: [],
  });
  expect((await verifyAuditTrail(folder, { ...options(year), fromCheckpoint: true })).state).toBe("intact");
  await trail.close();
  rmSync(join(folder, "edge.json"));
  const other = openTrail(folder);
  expect((await other.append(entry())).seq).toBe(receipts.at(-1)!.seq + 1);
});

test("pruned segments keep leaves: chain, heads and proofs hold, and the verdict says what is gone", async () => {
  const year = await halfAYear();
  const { folder, trail, receipts, vkey } = year;
  const evidenceLine = readFileSync(join(folder, `sealed/${NAMES[0]}.jsonl`), "utf8").split("\n")[5]!;
  await trail.retain({ packBeforeMs: Date.UTC(2026, 1, 1) });
  const report = await trail.retain({ pruneBeforeMs: Date.UTC(2026, 2, 1) });
  // The first record and those of evidence stay whole.
  expect(report.pruned).toMatchObject({
    segments: 2,
    records: 8,
    ranges: [
      { from: 0, to: 5 },
      { from: 6, to: 10 },
    ],
  });
  expect(report.openingsDeleted).toBe(2);
  expect(sealedIn(folder).slice(0, 2)).toEqual([`${NAMES[0]}.leaves`, `${NAMES[1]}.leaves`]);
  for (const head of [receipts[2]!, receipts[12]!, receipts.at(-1)!]) {
    expect(await verifyAuditTrail(folder, options(year, head))).toMatchObject({
      state: "intact",
      tier: "ANCHORED",
      pruned: [{ from: 0, to: 10 }],
      prunedRecords: 8,
      reasonCodes: ["pruned"],
    });
  }
  const verifier = parseVkey(vkey)!;
  const kept = evidenceLine;
  expect(checkRecordProof(await proveRecord(folder, 5), Buffer.from(kept), verifier)).toBe(true);
  expect((await proveConsistency(folder, 3)).older.root).toBe(receipts[1]!.root);
  const page = await trail.search({ types: ["log.genesis", "evidence.added"] }, { limit: 100 });
  expect(page).toMatchObject({ badLines: 0, prunedRecords: 8 });
  expect(page.records.map(({ seq }) => seq)).toEqual([30, 25, 20, 15, 10, 5, 0]);
  const { records } = await trail.search({ types: ["log.pruned"] }, { limit: 1 });
  expect(records[0]?.record?.pruned).toMatchObject({
    before: "2026-03-01T00:00:00.000Z",
    ranges: [{ from: 0, to: 5 }, {}],
  });
  await trail.close();
  rmSync(join(folder, "edge.json"));
  const other = openTrail(folder);
  await other.append(entry());
  await other.close();
  expect(await verifyAuditTrail(folder, options(year))).toMatchObject({ state: "intact", prunedRecords: 8 });
});

test("what is pruned later leaves the confession of what was pruned before", async () => {
  const year = await halfAYear();
  const { folder, trail, set } = year;
  await trail.retain({ pruneBeforeMs: Date.UTC(2026, 1, 1) });
  set(Date.UTC(2026, 8, 1));
  await trail.append(entry());
  set(Date.UTC(2026, 10, 1));
  await trail.append(entry());
  await trail.retain({ pruneBeforeMs: Date.UTC(2026, 9, 1) });
  const verdict = await verifyAuditTrail(folder, options(year));
  expect(verdict).toMatchObject({ state: "intact", pruned: [{ from: 0, to: verdict.records - 3 }] });
});

test("a dry run says the same and does nothing", async () => {
  const { folder, trail } = await halfAYear();
  const before = sealedIn(folder);
  const limits = { packBeforeMs: Date.UTC(2026, 3, 1), pruneBeforeMs: Date.UTC(2026, 1, 1) };
  expect(await trail.retain(limits, { dryRun: true })).toMatchObject({
    packed: { segments: 2 },
    pruned: { segments: 1, ranges: [{ from: 0, to: 5 }] },
  });
  expect(sealedIn(folder)).toEqual(before);
  expect((await trail.search({ types: ["log.pruned"] }, { limit: 1 })).records).toEqual([]);
});

test("a trail that never began has nothing to keep or to prune", async () => {
  const folder = join(temporaryFolder(), "none");
  expect((await openTrail(folder).retain({ pruneBeforeMs: 0 })).pruned.segments).toBe(0);
  expect(existsSync(folder)).toBe(false);
});

test("nothing is pruned of a trail that does not hold: what is gone cannot be checked again", async () => {
  const { folder, trail } = await halfAYear();
  const path = join(folder, `sealed/${NAMES[1]}.jsonl`);
  writeFileSync(path, readFileSync(path, "utf8").replace("1/0", "1/7"));
  await expect(trail.retain({ pruneBeforeMs: Date.UTC(2026, 2, 1) })).rejects.toMatchObject({ code: "AUDIT_DAMAGED" });
  expect(sealedIn(folder).every((name) => name.endsWith(".jsonl"))).toBe(true);
});

test.each([0, 1, 2])("cancelled before segment %i: what is there holds, and applying again finishes", async (after) => {
  const year = await halfAYear();
  const { folder, trail } = year;
  const stop = new AbortController();
  const limits = { packBeforeMs: Date.UTC(2026, 3, 1), pruneBeforeMs: Date.UTC(2026, 1, 1) };
  if (after === 0) stop.abort();
  const onProgress = ({ done }: { done: number }) => {
    if (done + 1 === after) stop.abort();
  };
  await expect(trail.retain(limits, { signal: stop.signal, onProgress })).rejects.toMatchObject({ code: "CANCELLED" });
  expect((await verifyAuditTrail(folder, options(year))).state).toBe("intact");
  await trail.retain(limits);
  expect(sealedIn(folder).slice(0, 3)).toEqual([`${NAMES[0]}.leaves`, `${NAMES[1]}.jsonl.gz`, `${NAMES[2]}.jsonl.gz`]);
  expect((await verifyAuditTrail(folder, options(year))).state).toBe("intact");
});

test.each(["plain", "leaves"])(
  "a process that died with two forms of one segment (%s) leaves one that counts",
  async (kind) => {
    const year = await halfAYear();
    const { folder, trail } = year;
    const plain = join(folder, `sealed/${NAMES[0]}.jsonl`);
    const spare = join(temporaryFolder(), "spare");
    copyFileSync(plain, spare);
    await trail.retain(
      kind === "plain" ? { packBeforeMs: Date.UTC(2026, 1, 1) } : { pruneBeforeMs: Date.UTC(2026, 1, 1) },
    );
    copyFileSync(spare, plain);
    expect(sealedIn(folder).filter((name) => name.startsWith(NAMES[0]!))).toHaveLength(2);
    expect(await verifyAuditTrail(folder, options(year))).toMatchObject({
      state: "intact",
      segments: 6,
      prunedRecords: 0,
    });
    await trail.retain({ pruneBeforeMs: Date.UTC(2026, 1, 1) });
    expect(sealedIn(folder)[0]).toBe(`${NAMES[0]}.leaves`);
    expect(await verifyAuditTrail(folder, options(year))).toMatchObject({
      state: "intact",
      segments: 6,
      prunedRecords: 4,
    });
  },
);

/** Turns a closed segment into leaves by hand, as somebody does who wants records gone. */
async function leavesOf(year: Year, name: string): Promise<string> {
  const shadow = await halfAYear();
  const path = join(shadow.folder, `sealed/${name}.jsonl`);
  copyFileSync(join(year.folder, `sealed/${name}.jsonl`), path);
  const { pruneSegment } = await import("../../src/audit/prune-segment.ts");
  const { listSegments, trailFiles } = await import("../../src/audit/trail-files.ts");
  const files = trailFiles(shadow.folder);
  const segment = listSegments(files).find((one) => one.path === path)!;
  return (await pruneSegment(segment, files, 1)).temporary;
}

test("pruning that the trail does not confess is tampering", async () => {
  const year = await halfAYear();
  const leaves = await leavesOf(year, NAMES[1]!);
  copyFileSync(leaves, join(year.folder, `sealed/${NAMES[1]}.leaves`));
  rmSync(join(year.folder, `sealed/${NAMES[1]}.jsonl`));
  expect(await verifyAuditTrail(year.folder, options(year))).toMatchObject({
    state: "tampered",
    exitCode: 10,
    suspect: { fromSeq: 6, toSeq: 11 },
    reasonCodes: ["pruned-unconfessed", "pruned"],
  });
});

interface Change {
  readonly what: string;
  readonly change: (folder: string) => void;
  readonly seenAs: string;
}

const leavesPath = (folder: string, at = 0) => join(folder, `sealed/${NAMES[at]}.leaves`);
const edit = (folder: string, change: (lines: string[]) => string[]) => {
  const lines = readFileSync(leavesPath(folder), "utf8").split("\n").slice(0, -1);
  writeFileSync(
    leavesPath(folder),
    change(lines)
      .map((line) => `${line}\n`)
      .join(""),
  );
};

test.each<Change>([
  {
    what: "a leaf is changed",
    change: (folder) => edit(folder, (lines) => lines.map((line, at) => (at === 2 ? "0".repeat(64) : line))),
    seenAs: "pruned-differs",
  },
  {
    what: "two leaves change places",
    change: (folder) => edit(folder, ([a, b, c, ...rest]) => [a!, c!, b!, ...rest]),
    seenAs: "pruned-differs",
  },
  {
    what: "a leaf is taken out",
    change: (folder) => edit(folder, (lines) => lines.filter((_, at) => at !== 2)),
    seenAs: "wrong-seq",
  },
  {
    what: "the last leaf is another",
    change: (folder) => edit(folder, (lines) => [...lines.slice(0, -1), "0".repeat(64)]),
    seenAs: "pruned-differs",
  },
  {
    what: "a record that was kept whole is changed",
    change: (folder) => edit(folder, (lines) => lines.map((line) => line.replace('"session":"s1"', '"session":"s2"'))),
    seenAs: "pruned-differs",
  },
  {
    what: "capital digits stand in a leaf",
    change: (folder) => edit(folder, (lines) => lines.map((line) => (line[0] === "{" ? line : line.toUpperCase()))),
    seenAs: "not-json",
  },
  {
    what: "a leaves file is cut",
    change: (folder) => writeFileSync(leavesPath(folder), readFileSync(leavesPath(folder)).subarray(0, -70)),
    seenAs: "torn",
  },
  {
    what: "a leaves file is gone",
    change: (folder) => rmSync(leavesPath(folder, 1)),
    seenAs: "segment-missing",
  },
  {
    what: "leaves of two segments change places",
    change(folder) {
      const [a, b] = [leavesPath(folder, 0), leavesPath(folder, 1)];
      renameSync(a, `${a}.aside`);
      renameSync(b, a);
      renameSync(`${a}.aside`, b);
    },
    seenAs: "not-json",
  },
  {
    what: "the record that confesses is gone, and all is linked again without a key",
    change(folder) {
      const path = join(folder, "records.jsonl");
      writeFileSync(path, readFileSync(path, "utf8").replace('"type":"log.pruned"', '"type":"log.gap"'));
    },
    seenAs: "pruned-unconfessed",
  },
  {
    what: "a packed segment is cut",
    change(folder) {
      const path = join(folder, `sealed/${NAMES[2]}.jsonl.gz`);
      writeFileSync(path, readFileSync(path).subarray(0, -12));
    },
    seenAs: "damaged",
  },
  {
    what: "a packed segment holds another text",
    change(folder) {
      const path = join(folder, `sealed/${NAMES[2]}.jsonl.gz`);
      writeFileSync(path, gzipSync(gunzipSync(readFileSync(path)).toString().replace("2/0", "2/9")));
    },
    seenAs: "wrong-prev",
  },
  {
    what: "a second member with a record more is added to a packed segment",
    change(folder) {
      const path = join(folder, `sealed/${NAMES[2]}.jsonl.gz`);
      const text = gunzipSync(readFileSync(path)).toString();
      const more = gzipSync(`${text.split("\n")[0]}\n`);
      writeFileSync(path, Buffer.concat([readFileSync(path), more]));
    },
    seenAs: "replayed",
  },
  {
    what: "a packed segment is no gzip at all",
    change: (folder) => writeFileSync(join(folder, `sealed/${NAMES[2]}.jsonl.gz`), "no gzip, but longer than a header"),
    seenAs: "damaged",
  },
])("$what: $seenAs", async ({ change, seenAs }) => {
  const year = await halfAYear();
  const { folder, trail } = year;
  await trail.retain({ packBeforeMs: Date.UTC(2026, 3, 1), pruneBeforeMs: Date.UTC(2026, 2, 1) });
  await trail.close();
  change(folder);
  const verdict = await verifyAuditTrail(folder, options(year));
  expect(verdict.state).not.toBe("intact");
  expect(verdict.reasonCodes).toContain(seenAs);
  // A process that reads everything anew goes on from nothing of the kind either, or what it adds is seen for what it is.
  rmSync(join(folder, "edge.json"), { force: true });
  const other = openTrail(folder);
  await other.append(entry()).catch(() => {});
  await other.close().catch(() => {});
  expect((await verifyAuditTrail(folder, options(year))).state).not.toBe("intact");
});

test("reading on a day before the limits does nothing at all", async () => {
  const { folder, trail } = await halfAYear();
  const before = sealedIn(folder);
  await trail.retain({ packBeforeMs: JANUARY - DAY, pruneBeforeMs: JANUARY - DAY });
  expect(sealedIn(folder)).toEqual(before);
});
