import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { collectEvidence } from "../../../src/compliance/evidence/collect-evidence.ts";
import { countsFault } from "../../../src/compliance/evidence/evidence-manifest.ts";
import { AGENT, addAlerts, alertLine, openTestHome, type TestHome } from "./support.ts";

const CONTROLS = [{ framework: "soc2-tsc", revision: "2017", control: "CC7.2" }];
const sources = ({ evidence, alerts, audit }: TestHome) => ({ store: evidence, alerts, audit });
const sha256 = (bytes: string | Buffer) => createHash("sha256").update(bytes).digest("hex");

test("a file is copied under its hash, with a manifest that says who took it how", async () => {
  const home = await openTestHome();
  const file = join(home.home, "pod.json");
  writeFileSync(file, "{}\n");
  const request = { kind: "pod", controls: CONTROLS, from: { file }, checklist: { id: "c1", items: ["V4"] } } as const;
  const { manifest, receipt } = await collectEvidence(sources(home), request, AGENT);
  expect(manifest).toEqual({
    v: 1,
    id: expect.stringMatching(/^ev-[0-9a-f]{16}$/),
    sha256: sha256("{}\n"),
    bytes: 3,
    name: "pod.json",
    kind: "pod",
    media_type: "application/json",
    source: { kind: "file", host: "node-1", path: file },
    collected: {
      at: "2026-11-24T12:00:00.000Z",
      by: AGENT.by,
      session: "s1",
      tool: "add_evidence",
      tool_version: "1.2.3",
      arguments: JSON.stringify({ path: file }),
    },
    checklist: { id: "c1", items: ["V4"] },
    controls: CONTROLS,
  });
  const kept = home.evidence.bytesPath(manifest.sha256);
  expect(readFileSync(kept, "utf8")).toBe("{}\n");
  expect(statSync(kept).mode & 0o777).toBe(0o400);
  const { records } = await home.audit.search({ types: ["evidence.added"] }, { limit: 5 });
  expect(records).toMatchObject([
    {
      seq: receipt?.seq,
      leaf: receipt?.leaf,
      record: { evidence: { sha256: manifest.sha256, bytes: 3 }, details: { value: { id: manifest.id } } },
    },
  ]);
  expect(await home.evidence.get(manifest.id)).toMatchObject({ manifest, receipt });
});

test("the same bytes twice lie once and have two manifests", async () => {
  const home = await openTestHome();
  const request = { kind: "other", controls: [], from: { text: "same" } } as const;
  const first = await collectEvidence(sources(home), request, AGENT);
  home.wait(1);
  const second = await collectEvidence(sources(home), request, AGENT);
  expect(second.manifest.sha256).toBe(first.manifest.sha256);
  expect((await home.evidence.list()).evidence.map(({ manifest }) => manifest.id)).toEqual([
    first.manifest.id,
    second.manifest.id,
  ]);
  expect(readdirSync(join(home.home, "evidence", "incoming"))).toEqual([]);
});

test("alerts of a filter are kept line by line, and the counts reconcile with the store's", async () => {
  const home = await openTestHome();
  const lines = [
    alertLine({ time: "2026-11-24T10:00:00.000000001Z" }),
    alertLine({ time: "2026-11-24T10:00:00.000000002Z", rule: "Mount", priority: "Critical" }),
    alertLine({ time: "2026-11-24T10:00:00.000000003Z", rule: "Mount", priority: "Notice" }),
  ];
  await addAlerts(home.alerts, lines);
  const from = { filter: { rules: ["Mount"] }, selector: '{"rule":"Mount"}' };
  const { manifest } = await collectEvidence(sources(home), { kind: "alerts", controls: [], from }, AGENT);
  expect(manifest.counts).toEqual({
    read: 2,
    parsed: 2,
    rejected: 0,
    by_rule: { Mount: 2 },
    by_priority: { Critical: 1, Notice: 1 },
  });
  expect(countsFault(manifest.counts!)).toBeUndefined();
  expect(readFileSync(home.evidence.bytesPath(manifest.sha256), "utf8")).toBe(`${lines[1]}\n${lines[2]}\n`);
});

test("an alert file is counted: what was rejected is said", async () => {
  const home = await openTestHome();
  const file = join(home.home, "alerts.jsonl");
  writeFileSync(file, `${alertLine()}\nnot an alert\n\n${alertLine({ rule: "Mount" })}\n`);
  const { manifest } = await collectEvidence(sources(home), { kind: "alerts", controls: [], from: { file } }, AGENT);
  expect(manifest.counts).toMatchObject({ read: 3, parsed: 2, rejected: 1, by_rule: { Shell: 1, Mount: 1 } });
});

test("a record of the trail is kept by reference", async () => {
  const home = await openTestHome();
  const { seq, leaf, log } = await home.audit.append({ type: "tool.result", session: "s1", tool: "search_alerts" });
  const request = { kind: "record", controls: [], from: { record: seq } } as const;
  const { manifest } = await collectEvidence(sources(home), request, AGENT);
  expect(manifest.refers_to).toEqual({ log, seq, leaf });
  const bytes = readFileSync(home.evidence.bytesPath(manifest.sha256));
  // The kept bytes are the record's own line: their leaf hash is the one that the trail has.
  expect(sha256(Buffer.concat([Buffer.of(0), bytes]))).toBe(leaf);
});

test("secrets in what a tool was called with do not reach the manifest", async () => {
  const home = await openTestHome();
  const from = { filter: {}, selector: '{"text":"AKIAIOSFODNN7EXAMPLE"}' };
  const { manifest } = await collectEvidence(sources(home), { kind: "alerts", controls: [], from }, AGENT);
  expect(manifest.collected.arguments).not.toContain("AKIAIOSFODNN7EXAMPLE");
});

test.each([
  { what: "a missing file", make: () => {}, code: "FILE_NOT_FOUND" },
  { what: "a folder", make: (path: string) => mkdirSync(path), code: "FILE_NOT_REGULAR" },
  { what: "a symbolic link", make: (path: string) => symlinkSync("/etc/hostname", path), code: "FILE_UNREADABLE" },
  { what: "a FIFO", make: (path: string) => void spawnSync("mkfifo", [path]), code: "FILE_NOT_REGULAR" },
])("$what is no evidence: $code", async ({ make, code }) => {
  const home = await openTestHome();
  const file = join(home.home, "artefact");
  make(file);
  const adding = collectEvidence(sources(home), { kind: "other", controls: [], from: { file } }, AGENT);
  await expect(adding).rejects.toMatchObject({ code });
  expect((await home.audit.search({}, { limit: 5 })).records).toEqual([]);
});

test("a file beyond the cap is refused and leaves nothing behind", async () => {
  const home = await openTestHome();
  const file = join(home.home, "large");
  writeFileSync(file, "0123456789");
  const wanted = {
    name: "large",
    kind: "other",
    media_type: "text/plain",
    controls: [],
    source: { kind: "file", path: file },
    tool: "add_evidence",
    arguments: {},
  } as const;
  const adding = home.evidence.add({ ...wanted, controls: [] }, { file, maxBytes: 9 }, AGENT);
  await expect(adding).rejects.toMatchObject({ code: "EVIDENCE_TOO_LARGE" });
  expect(readdirSync(join(home.home, "evidence", "incoming"))).toEqual([]);
  await expect(
    collectEvidence(sources(home), { kind: "other", controls: [], from: { text: "x".repeat(1024 * 1024 + 1) } }, AGENT),
  ).rejects.toMatchObject({ code: "EVIDENCE_TOO_LARGE" });
});

test("changed or missing bytes and changed manifests are found", async () => {
  const home = await openTestHome();
  const kept = await collectEvidence(sources(home), { kind: "other", controls: [], from: { text: "original" } }, AGENT);
  expect(await home.evidence.check(kept)).toBe("whole");
  const path = home.evidence.bytesPath(kept.manifest.sha256);
  chmodSync(path, 0o600);
  writeFileSync(path, "0riginal");
  expect(await home.evidence.check(kept)).toBe("changed");
  const manifest = join(home.home, "evidence", "manifests", `${kept.manifest.id}.json`);
  writeFileSync(manifest, readFileSync(manifest, "utf8").replace("test agent", "root agent"));
  await expect(home.evidence.get(kept.manifest.id)).rejects.toMatchObject({ code: "EVIDENCE_DAMAGED" });
  expect((await home.evidence.list()).faults).toHaveLength(1);
});

test.each(["ev-0000000000000000", "../../etc/passwd", ""])("no evidence has the id %j", async (id) => {
  const home = await openTestHome();
  await expect(home.evidence.get(id)).rejects.toMatchObject({ code: "EVIDENCE_NOT_FOUND" });
});

test("an artefact is not kept when its record cannot be written", async () => {
  const home = await openTestHome();
  await home.audit.close();
  const adding = collectEvidence(sources(home), { kind: "other", controls: [], from: { text: "late" } }, AGENT);
  await expect(adding).rejects.toMatchObject({ code: "AUDIT_CLOSED" });
  const { evidence } = await home.evidence.list();
  expect(evidence.map(({ receipt }) => receipt)).toEqual([undefined]);
});

test("counts reconcile exactly when all sums agree", () => {
  const parts = fc.dictionary(fc.string({ maxLength: 5 }), fc.nat(50), { maxKeys: 5 });
  fc.assert(
    fc.property(parts, fc.nat(5), fc.integer({ min: -1, max: 1 }), (byRule, rejected, off) => {
      const parsed = Object.values(byRule).reduce((sum, one) => sum + one, 0);
      const counts = { read: parsed + rejected + off, parsed, rejected, by_rule: byRule };
      expect(countsFault(counts) === undefined).toBe(off === 0);
      expect(countsFault({ ...counts, read: parsed + rejected, by_priority: { Error: parsed + 1 } })).toBeDefined();
    }),
  );
});
