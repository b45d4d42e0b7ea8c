import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { AuditFilter, AuditTrail } from "../../src/audit/audit-trail.ts";
import { openTrail, temporaryFolder } from "./support.ts";

/** Records 1 to 12 in several segments, an hour apart. */
async function filledTrail(folder: string): Promise<AuditTrail> {
  let hour = 0;
  const trail = openTrail(folder, { segmentBytes: 1_500, nowMs: () => Date.UTC(2026, 0, 1, hour) });
  for (hour = 1; hour <= 12; hour += 1) {
    const session = hour <= 6 ? "s1" : "s2";
    const tool = hour % 2 ? "search_alerts" : "get_alert";
    if (hour % 4 === 3) await trail.append({ type: "skill.read", session, skill: { slug: "forensics" }, runId: "r1" });
    else
      await trail.append({
        type: "tool.result",
        session,
        tool,
        outcome: hour === 5 ? "denied" : "ok",
        arguments: { text: `Hour ${hour}` },
      });
  }
  return trail;
}

test.each<{ filter: AuditFilter; seqs: number[] }>([
  { filter: {}, seqs: [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0] },
  { filter: { types: ["skill.read", "log.genesis"] }, seqs: [11, 7, 3, 0] },
  { filter: { tool: "get_alert" }, seqs: [12, 10, 8, 6, 4, 2] },
  { filter: { session: "s1", tool: "search_alerts" }, seqs: [5, 1] },
  { filter: { outcomes: ["denied", "cancelled"] }, seqs: [5] },
  { filter: { skill: "forensics", runId: "r1" }, seqs: [11, 7, 3] },
  { filter: { fromMs: Date.UTC(2026, 0, 1, 4), toMs: Date.UTC(2026, 0, 1, 6) }, seqs: [5, 4] },
  { filter: { text: "HOUR 1" }, seqs: [12, 10, 1] },
  { filter: { tool: "none" }, seqs: [] },
])("$filter finds $seqs", async ({ filter, seqs }) => {
  const trail = await filledTrail(temporaryFolder());
  const page = await trail.search(filter, { limit: 100 });
  expect(page.records.map(({ seq }) => seq)).toEqual(seqs);
  expect(page).toMatchObject({ scannedRecords: 13, badLines: 0 });
  expect(page.cursor).toBeUndefined();
});

test.each([1, 2, 5, 13])(
  "pages of %i show every record once, while others are added and segments are sealed",
  async (limit) => {
    const trail = await filledTrail(temporaryFolder());
    const seqs: (number | undefined)[] = [];
    let cursor: string | undefined;
    do {
      const page = await trail.search({}, { limit, ...(cursor === undefined ? {} : { cursor }) });
      seqs.push(...page.records.map(({ seq }) => seq));
      cursor = page.cursor;
      await trail.append({ type: "session.end", session: "later" });
    } while (cursor !== undefined);
    expect(seqs).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  },
);

test("a page ends after its bytes and goes on from there", async () => {
  const trail = await filledTrail(temporaryFolder());
  const page = await trail.search({ tool: "none" }, { limit: 10, maxBytes: 1_000 });
  expect(page.records).toEqual([]);
  expect(page.scannedRecords).toBeLessThan(13);
  expect(page.cursor).toBeDefined();
});

test("lines that are no records are shown, whatever is searched for", async () => {
  const folder = temporaryFolder();
  const trail = openTrail(folder);
  await trail.append({ type: "skill.read", session: "s1" });
  await trail.close();
  const path = join(folder, "records.jsonl");
  const [genesis, record] = readFileSync(path, "utf8").split("\n");
  writeFileSync(path, `${genesis}\nnot json \u001b[31m\n${record}\n{"seq": 7}\n`);
  appendFileSync(path, Buffer.from([0x7b, 0xff, 0x0a]));
  appendFileSync(path, `${"x".repeat(70_000)}\n${"y".repeat(700_000)}\nhalf a li`);
  const reader = openTrail(folder);
  const page = await reader.search({ types: ["skill.read"] }, { limit: 100 });
  const seen = page.records.map(({ seq, bad }) => bad?.reason ?? seq);
  // What is longer than any record comes in pieces.
  const once = seen.filter((word, index) => word !== seen[index - 1]);
  expect(once).toEqual(["not-json", "too-long", "not-utf8", "not-canonical", 1, "not-json"]);
  expect(page.records.at(-1)?.bad).toMatchObject({ byteOffset: genesis!.length + 1, excerpt: "not json \ufffd[31m" });
});

test.each([{ limit: 0 }, { limit: 1_001 }, { limit: 1.5 }, { limit: 1, cursor: "x" }, { limit: 1, cursor: "1:2:3" }])(
  "a request for %j is refused",
  async (request) => {
    const trail = openTrail(temporaryFolder());
    await expect(trail.search({}, request)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  },
);
