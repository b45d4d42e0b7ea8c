import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { AuditReceipt } from "../../src/audit/audit-trail.ts";
import { opens } from "../../src/audit/commitment.ts";
import { appendLeaf, emptyRange, leafHash, rangeRoot } from "../../src/audit/merkle-tree.ts";
import { verifyAuditTrail } from "../../src/audit/verify-audit-trail.ts";
import { entry, openTrail, recordsOf, temporaryFolder } from "./support.ts";

const linesOf = (path: string) => readFileSync(path, "utf8").split("\n").slice(0, -1);

test("nothing is made before the first append", async () => {
  const folder = join(temporaryFolder(), "audit");
  const trail = openTrail(folder);
  expect(await trail.status()).toMatchObject({ state: "empty", segments: 0, bytes: 0 });
  expect(await trail.search({}, { limit: 10 })).toMatchObject({ records: [], scannedRecords: 0 });
  await trail.close();
  expect(existsSync(folder)).toBe(false);
});

test("a record holds what was given, in one canonical line that links to the one before", async () => {
  const folder = temporaryFolder();
  const trail = openTrail(folder, { nowMs: () => Date.UTC(2026, 10, 24, 3), monotonicMs: () => 12.7 });
  await trail.append(entry({ type: "session.start", client: { name: "client", version: "1.0" } }));
  const receipt = await trail.append({
    type: "tool.result",
    session: "s1",
    agent: { claimed: "helper", registeredId: "a1" },
    owner: "team",
    tool: "search_alerts",
    requestId: 7,
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    policy: { version: "1", decision: "allow", reason: "reads" },
    arguments: { rule: "Terminal shell in container", token: "hunter2" },
    outcome: "tool_error",
    isError: true,
    code: "ALERT_NOT_FOUND",
    durationMs: 12.4,
    bytes: 100,
    intentSeq: 1,
    skill: { slug: "skill", version: "1", sha256: "ab" },
    runId: "r1",
    checklist: { id: "c1", item: "P1", state: "done" },
    evidence: { sha256: "cd", bytes: 3, name: "capture.scap" },
    falco: { version: "0.44.0", engine: "falco", rulesDigest: "ef", configDigest: "01" },
    controls: ["NIST 800-53r5 AU-9"],
    details: { note: "free" },
  });
  const [first, , last] = recordsOf(folder);
  const lines = linesOf(join(folder, "records.jsonl"));
  expect(first).toMatchObject({ type: "log.genesis", seq: 0, prev: "0".repeat(64) });
  expect(last).toEqual({
    v: 1,
    log: receipt.log,
    seq: 2,
    prev: leafHash(Buffer.from(lines[1]!)).toString("hex"),
    id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    ts: "2026-11-24T03:00:00.000Z",
    mono: 12,
    pid: process.pid,
    type: "tool.result",
    session: "s1",
    agent: { claimed: "helper", registered_id: "a1" },
    owner: "team",
    tool: "search_alerts",
    req: { id: 7, traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" },
    policy: { version: "1", decision: "allow", reason: "reads" },
    args: { value: { rule: "Terminal shell in container", token: "[redacted:named]" }, redacted: ["/token"] },
    outcome: "tool_error",
    is_error: true,
    code: "ALERT_NOT_FOUND",
    dur_ms: 12,
    bytes: 100,
    intent_seq: 1,
    skill: { slug: "skill", version: "1", sha256: "ab" },
    run: "r1",
    checklist: { id: "c1", item: "P1", state: "done" },
    evidence: { sha256: "cd", bytes: 3, name: "capture.scap" },
    falco: { version: "0.44.0", engine: "falco", rules_digest: "ef", config_digest: "01" },
    controls: ["NIST 800-53r5 AU-9"],
    details: { value: { note: "free" } },
  });
});

test("a session's start says which process it was", async () => {
  const folder = temporaryFolder();
  await openTrail(folder).append(entry({ type: "session.start" }));
  expect(recordsOf(folder)[1]).toMatchObject({ attested: { pid: process.pid, ppid: process.ppid } });
});

test("a receipt is the head over exactly the records up to it", async () => {
  const folder = temporaryFolder();
  const trail = openTrail(folder);
  const receipts = await Promise.all(
    Array.from({ length: 20 }, (_, index) => trail.append(entry({ arguments: { index } }))),
  );
  const tree = emptyRange();
  const expected: AuditReceipt[] = linesOf(join(folder, "records.jsonl")).map((line, seq) => {
    const leaf = leafHash(Buffer.from(line));
    appendLeaf(tree, leaf);
    return {
      log: receipts[0]!.log,
      seq,
      leaf: leaf.toString("hex"),
      size: seq + 1,
      root: rangeRoot(tree).toString("hex"),
    };
  });
  expect(receipts).toEqual(expected.slice(1));
});

test("files and folders are for their owner alone", async () => {
  const folder = join(temporaryFolder(), "audit");
  const trail = openTrail(folder);
  await trail.append(entry({ arguments: { text: "x".repeat(5_000) } }));
  const modes = ["", "records.jsonl", "checkpoint", "keys", "keys/identity.key", "private", "private/openings.jsonl"];
  expect(modes.map((name) => (statSync(join(folder, name)).mode & 0o777).toString(8))).toEqual([
    "700",
    "600",
    "600",
    "700",
    "600",
    "700",
    "600",
  ]);
});

test.each([
  { what: "a long text", value: { text: "y".repeat(5_000), n: 1 }, cut: ["/text"] },
  { what: "many items", value: { list: Array.from({ length: 100 }, (_, index) => index) }, cut: ["/list"] },
  { what: "deep nesting", value: JSON.parse(`${'{"a":'.repeat(9)}1${"}".repeat(9)}`), cut: ["/a/a/a/a/a/a/a/a"] },
])("$what is cut, committed to and can be opened", async ({ value, cut }) => {
  const folder = temporaryFolder();
  await openTrail(folder).append(entry({ arguments: value }));
  const args = recordsOf(folder)[1]?.args as { cut: string[]; commit: string; chars: number };
  expect(args).toMatchObject({
    cut,
    commit: expect.stringMatching(/^[0-9a-f]{64}$/),
    chars: JSON.stringify(value).length,
  });
  const [line] = linesOf(join(folder, "private/openings.jsonl"));
  const opening = JSON.parse(line!);
  expect(opening).toMatchObject({ commit: args.commit, value });
  expect(opens(opening)).toBe(true);
  expect(opens({ ...opening, value: { ...value, n: 2 } })).toBe(false);
});

test("no arguments make a record longer than 32 KiB", async () => {
  const folder = temporaryFolder();
  const trail = openTrail(folder);
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`k${index}`, "\u20ac".repeat(1_000)]));
  const controls = Array.from({ length: 100 }, () => "\u20ac".repeat(100));
  await trail.append(entry({ arguments: many, details: many, owner: "\u20ac".repeat(9_000), controls }));
  await trail.append(
    entry({
      arguments: Object.fromEntries(
        Array.from({ length: 60 }, (_, n) => [`${"\u20ac".repeat(200)}${n}`, "\u20ac".repeat(2_000)]),
      ),
      controls,
    }),
  );
  expect(linesOf(join(folder, "records.jsonl")).map((line) => Buffer.byteLength(line) <= 32_768)).toEqual([
    true,
    true,
    true,
  ]);
  expect(recordsOf(folder)[1]?.args).not.toHaveProperty("value");
  await trail.close();
  expect(await verifyAuditTrail(folder)).toMatchObject({ state: "intact", records: 3 });
});

test("segments are sealed and the numbers run on", async () => {
  const folder = temporaryFolder();
  const trail = openTrail(folder, { segmentBytes: 2_000 });
  const other = openTrail(folder, { segmentBytes: 2_000 });
  for (let index = 0; index < 20; index += 1) await (index % 2 ? other : trail).append(entry({ arguments: { index } }));
  await Promise.all([trail.close(), other.close()]);
  const names = readdirSync(join(folder, "sealed")).sort();
  expect(names.length).toBeGreaterThan(2);
  const ranges = names.map((name) =>
    name
      .match(/^(\d{12})-(\d{12})/)!
      .slice(1)
      .map(Number),
  );
  expect(ranges.map(([first]) => first)).toEqual([0, ...ranges.slice(0, -1).map(([, last]) => last! + 1)]);
  expect(await verifyAuditTrail(folder)).toMatchObject({
    state: "intact",
    tier: "SIGNED",
    records: 21,
    signedSize: 21,
  });
});

test("a trail that died between sealing and going on goes on", async () => {
  const folder = temporaryFolder();
  const trail = openTrail(folder, { segmentBytes: 1_000 });
  for (let index = 0; index < 6; index += 1) await trail.append(entry());
  await trail.close();
  const last = recordsOf(folder).at(-1)!;
  const first = recordsOf(folder)[0]!;
  const name = [first.seq, last.seq].map((seq) => String(seq).padStart(12, "0")).join("-");
  writeFileSync(join(folder, "sealed", `${name}.jsonl`), readFileSync(join(folder, "records.jsonl")));
  rmSync(join(folder, "records.jsonl"));
  const next = openTrail(folder);
  expect(await next.append(entry())).toMatchObject({ seq: (last.seq as number) + 1 });
  await next.close();
  expect((await verifyAuditTrail(folder)).state).toBe("intact");
});

test("heads are signed when it is time and copied to where they shall be kept", async () => {
  const folder = temporaryFolder();
  const heads = join(temporaryFolder(), "heads");
  const trail = openTrail(folder, { checkpointEvery: 5, headsFolder: heads });
  const receipts: AuditReceipt[] = [];
  for (let index = 0; index < 12; index += 1) receipts.push(await trail.append(entry({ arguments: { index } })));
  expect((await trail.status()).signed).toMatchObject({ size: 11, root: receipts[9]!.root });
  expect(await trail.checkpoint()).toEqual({ size: 13, root: receipts[11]!.root });
  await trail.close();
  const log = receipts[0]!.log;
  expect(readdirSync(heads).sort()).toEqual([`${log}.heads`, `${log}.note`]);
  expect(linesOf(join(heads, `${log}.heads`)).map((line) => line.split(" ")[0])).toEqual(["6", "11", "13"]);
});

test("a quiet trail is signed by itself", async () => {
  const folder = temporaryFolder();
  const trail = openTrail(folder, { checkpointQuietMs: 10 });
  const { root } = await trail.append(entry());
  await expect.poll(async () => (await trail.status()).signed, { timeout: 20_000 }).toEqual({ size: 2, root });
});

test("a second process starts from the signed head, and from the beginning when the short cut is broken", async () => {
  const folder = temporaryFolder();
  const first = openTrail(folder);
  for (let index = 0; index < 10; index += 1) await first.append(entry());
  await first.close();
  for (const edge of [undefined, "", "{}", '{"v":1,"size":11,"peaks":[],"leaf":"","segment_first":0,"offset":0}']) {
    if (edge !== undefined) writeFileSync(join(folder, "edge.json"), edge);
    const next = openTrail(folder);
    await next.append(entry());
    await next.close();
  }
  expect(await verifyAuditTrail(folder)).toMatchObject({
    state: "intact",
    tier: "SIGNED",
    records: 15,
    signedSize: 15,
  });
});

test.each([
  {
    what: "a byte of an earlier record changed",
    damage: (folder: string) => edit(folder, (text) => text.replace("search_alerts", "search_alertz")),
    seen: /not those that were signed|does not follow/,
  },
  {
    what: "records cut off",
    damage: (folder: string) => edit(folder, (text) => `${text.split("\n").slice(0, 3).join("\n")}\n`),
    seen: /6 records were signed, 3 are left/,
  },
  {
    what: "records cut off as by a crash",
    damage: (folder: string) => truncateSync(join(folder, "records.jsonl"), 1_000),
    seen: /6 records were signed/,
  },
  {
    what: "the records wiped",
    damage: (folder: string) => rmSync(join(folder, "records.jsonl")),
    seen: /records are gone/,
  },
  {
    what: "the signed head gone",
    damage: (folder: string) => rmSync(join(folder, "checkpoint")),
    seen: /signed head is missing/,
  },
  {
    what: "the signed head changed",
    damage: (folder: string) => writeFileSync(join(folder, "checkpoint"), "x\n1\ny\n\n"),
    seen: /cannot be relied on \(checkpoint-malformed\)/,
  },
])("nothing is added to a trail with $what", async ({ damage, seen }) => {
  const folder = temporaryFolder();
  const first = openTrail(folder);
  for (let index = 0; index < 5; index += 1) await first.append(entry());
  await first.close();
  damage(folder);
  rmSync(join(folder, "edge.json"));
  const before = existsSync(join(folder, "records.jsonl")) && readFileSync(join(folder, "records.jsonl"), "utf8");
  const next = openTrail(folder);
  await expect(next.append(entry())).rejects.toMatchObject({
    code: "AUDIT_DAMAGED",
    message: expect.stringMatching(seen),
  });
  expect(await next.status()).toMatchObject({ state: "stopped", missed: 1, problem: { code: "AUDIT_DAMAGED" } });
  expect(existsSync(join(folder, "records.jsonl")) && readFileSync(join(folder, "records.jsonl"), "utf8")).toBe(before);
});

function edit(folder: string, change: (text: string) => string): void {
  const path = join(folder, "records.jsonl");
  writeFileSync(path, change(readFileSync(path, "utf8")));
}

test("a running process begins no second trail where its own was wiped or replaced", async () => {
  const [folder, other] = [temporaryFolder(), temporaryFolder()];
  const trail = openTrail(folder);
  await trail.append(entry());
  const another = openTrail(other);
  await another.append(entry());
  await another.close();
  rmSync(folder, { recursive: true });
  for (let tries = 0; tries < 2; tries += 1) {
    await expect(trail.append(entry())).rejects.toMatchObject({
      code: "AUDIT_DAMAGED",
      message: expect.stringContaining("gone"),
    });
  }
  cpSync(other, folder, { recursive: true });
  await expect(trail.append(entry())).rejects.toMatchObject({
    code: "AUDIT_DAMAGED",
    message: expect.stringContaining("another audit trail"),
  });
});

test("a running process notices what is done to the records under it", async () => {
  const folder = temporaryFolder();
  const trail = openTrail(folder);
  for (let index = 0; index < 5; index += 1) await trail.append(entry());
  edit(folder, (text) => text.slice(0, text.lastIndexOf('{"')));
  await expect(trail.append(entry())).rejects.toMatchObject({ code: "AUDIT_DAMAGED" });
});

test.each([
  { what: "open to others", damage: (key: string) => chmodSync(key, 0o640), seen: 'mode "640"' },
  { what: "missing", damage: (key: string) => rmSync(key), seen: "missing" },
  {
    what: "of another trail",
    damage: (key: string) => writeFileSync(key, readFileSync(otherKey())),
    seen: "not the one of this trail",
  },
  { what: "no key", damage: (key: string) => writeFileSync(key, "hello"), seen: "no Ed25519 key" },
])("nothing is added when the identity key is $what", async ({ damage, seen }) => {
  const folder = temporaryFolder();
  const first = openTrail(folder);
  await first.append(entry());
  await first.close();
  other = temporaryFolder();
  const second = openTrail(other);
  await second.append(entry());
  await second.close();
  damage(join(folder, "keys/identity.key"));
  await expect(openTrail(folder).append(entry())).rejects.toMatchObject({
    code: "AUDIT_KEY_UNUSABLE",
    message: expect.stringContaining(seen),
  });
});

let other = "";
const otherKey = () => join(other, "keys/identity.key");

test("what could not be written is confessed as soon as writing works again", async () => {
  const folder = join(temporaryFolder(), "audit");
  writeFileSync(folder, "a file where the folder should be");
  const trail = openTrail(folder);
  const failed = await Promise.allSettled([trail.append(entry()), trail.append(entry())]);
  expect(failed.map((result) => result.status === "rejected" && result.reason.code)).toEqual([
    "AUDIT_UNWRITABLE",
    "AUDIT_UNWRITABLE",
  ]);
  expect(await trail.status()).toMatchObject({ missed: 2, state: "stopped" });
  rmSync(folder);
  const receipt = await trail.append(entry({ type: "skill.read" }));
  expect(receipt.seq).toBe(2);
  expect(recordsOf(folder)[1]).toMatchObject({ type: "log.gap", gap: { missed: 2, code: "AUDIT_UNWRITABLE" } });
  await trail.close();
  const verdict = await verifyAuditTrail(folder);
  expect(verdict).toMatchObject({ state: "intact", reasonCodes: ["unpinned", "gap"] });
});

test("records that are a folder cannot be written", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "records.jsonl"));
  await expect(openTrail(folder).append(entry())).rejects.toMatchObject({ code: "AUDIT_UNWRITABLE" });
});

test("a closed trail takes nothing more, and closing again is no error", async () => {
  const trail = openTrail(temporaryFolder());
  const pending = trail.append(entry());
  await trail.close();
  await trail.close();
  expect((await pending).seq).toBe(1);
  await expect(trail.append(entry())).rejects.toMatchObject({ code: "AUDIT_CLOSED" });
  expect(await trail.status()).toMatchObject({ state: "closed" });
});

test.each([{ type: "log.genesis" }, { type: "nonsense" }, { session: "" }])(
  "an entry with %j is refused",
  async (wrong) => {
    const trail = openTrail(temporaryFolder());
    await expect(trail.append({ ...entry(), ...wrong } as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  },
);
