import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { collectEvidence } from "../../../src/compliance/evidence/collect-evidence.ts";
import { openChecklists } from "../../../src/compliance/open-checklists.ts";
import { exportPackage } from "../../../src/compliance/package/export-package.ts";
import type { SliceScope } from "../../../src/compliance/package/read-slice.ts";
import { verifyPackage } from "../../../src/compliance/package/verify-package.ts";
import { AGENT, openTestHome } from "../evidence/support.ts";
import { SKILL, TEMPLATE } from "../template.ts";

async function openCase() {
  const home = await openTestHome();
  const checklists = openChecklists({ folder: join(home.home, "checklists"), nowMs: home.nowMs, newId: home.newId });
  const { id } = await checklists.create({ template: TEMPLATE, skill: SKILL, title: "Case | 7", createdBy: AGENT.by });
  const call = (tool: string, given: object = {}) =>
    home.audit.append({ type: "tool.intent", session: "s1", tool, arguments: given });
  const add = (text: string) =>
    collectEvidence(
      { store: home.evidence, ...home },
      { kind: "pod", controls: [], checklist: { id, items: ["V1"] }, from: { text } },
      AGENT,
    );
  const place = {
    home: home.home,
    audit: home.audit,
    evidence: home.evidence,
    checklists,
    version: "1.2.3",
    newId: home.newId,
  };
  const make = (scope: SliceScope, out?: string) =>
    exportPackage(place, { scope, ...(out === undefined ? {} : { out }) }, AGENT);
  return { ...home, id, checklists, call, add, make };
}

/** Both verifiers' word, which must be one. */
function verdictOf(folder: string, original = folder, key?: string) {
  const ours = verifyPackage(folder, key);
  const { status, stdout, stderr } = spawnSync(
    "python3",
    [join(original, "verify.py"), folder, "--json", ...(key === undefined ? [] : ["--key", key])],
    { encoding: "utf8" },
  );
  expect(stderr).toBe("");
  const theirs = JSON.parse(stdout) as { ok: boolean; reasons: string[] };
  expect(theirs).toEqual({ ok: ours.ok, reasons: ours.reasons });
  expect(status).toBe(ours.ok ? 0 : 1);
  return ours;
}

const filesOf = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => statSync(join(folder, path)).isFile())
    .sort();

const contentOf = (folder: string) =>
  Object.fromEntries(filesOf(folder).map((path) => [path, readFileSync(join(folder, path), "base64")]));

test("a checklist's package holds for both verifiers and says that it is a slice", async () => {
  const { call, add, make, id } = await openCase();
  await call("earlier");
  await call("update_checklist", { checklist: id });
  const { manifest } = await add("the pod");
  await call("later");
  const made = await make({ kind: "checklist", value: id });
  expect(filesOf(made.folder)).toEqual([
    "VERIFY.md",
    "checklist.json",
    "checkpoint",
    "controls.json",
    "custody.jsonl",
    `evidence/blobs/${manifest.sha256}`,
    `evidence/${manifest.id}.json`,
    "manifest.json",
    "manifest.note",
    "oscal-assessment-results.json",
    "records.jsonl",
    "report.md",
    "verify.py",
  ]);
  expect(verdictOf(made.folder)).toMatchObject({ ok: true, pinned: false });
  expect(verdictOf(made.folder, made.folder, made.manifest.key)).toMatchObject({ ok: true, pinned: true });
  // Genesis and the earlier call lie before, the later call after.
  expect(made.manifest.slice).toEqual({ kind: "slice", from: 2, to: 4, total: 5, left_out: 3 });
  const report = readFileSync(join(made.folder, "report.md"), "utf8");
  expect(report).toContain("**a slice**: records 2 to 3 of 5; 3 records are not shown");
  expect(report).toContain("# Case \\| 7");
});

test.each(["checklist", "whole"] as const)(
  "made again, a package of kind %s is the same byte for byte",
  async (kind) => {
    const { call, add, make, id, home } = await openCase();
    await call("update_checklist", { checklist: id });
    await add("the pod");
    const scope: SliceScope = kind === "whole" ? { kind } : { kind, value: id };
    const first = await make(scope, join(home, "first"));
    // What making a package leaves in the trail does not change the next one.
    await call("export_evidence", { checklist: id });
    const second = await make(scope, join(home, "second"));
    expect(contentOf(second.folder)).toEqual(contentOf(first.folder));
    const third = await make(scope);
    expect(third.sha256).toBe(first.sha256);
  },
);

test("a run and a window are scopes too, and an empty one is refused", async () => {
  const { audit, make, nowMs, wait } = await openCase();
  await audit.append({ type: "skill.run.start", session: "s1", runId: "run-1" });
  wait(60_000);
  await audit.append({ type: "skill.run.end", session: "s1", runId: "run-2" });
  const run = await make({ kind: "run", value: "run-1" });
  expect(run.manifest.slice).toMatchObject({ from: 1, to: 2 });
  expect(verdictOf(run.folder).ok).toBe(true);
  const window = await make({ kind: "window", fromMs: nowMs(), toMs: nowMs() + 1 });
  expect(window.manifest.slice).toMatchObject({ from: 2, to: 3 });
  expect(verdictOf(window.folder).ok).toBe(true);
  await expect(make({ kind: "run", value: "run-3" })).rejects.toMatchObject({ code: "EXPORT_EMPTY" });
});

test("a place that exists is not written over", async () => {
  const { call, make, home } = await openCase();
  await call("a");
  mkdirSync(join(home, "there"));
  await expect(make({ kind: "whole" }, join(home, "there"))).rejects.toMatchObject({ code: "EXPORT_OUT_EXISTS" });
});

test("what the trail no longer is cannot be exported", async () => {
  const { call, make, home, audit } = await openCase();
  await call("aaaa");
  await audit.checkpoint();
  const path = join(home, "audit", "records.jsonl");
  writeFileSync(path, readFileSync(path, "utf8").replace('"tool":"aaaa"', '"tool":"bbbb"'));
  await expect(make({ kind: "whole" })).rejects.toMatchObject({ code: "EXPORT_TRAIL_UNUSABLE" });
});

test("an artefact whose bytes were changed is exported as it is, and does not verify", async () => {
  const { add, make, id, evidence } = await openCase();
  const { manifest } = await add("the pod");
  const path = evidence.bytesPath(manifest.sha256);
  chmodSync(path, 0o600);
  writeFileSync(path, "a pod!!");
  const made = await make({ kind: "checklist", value: id });
  expect(made.warnings[0]).toContain("will not verify");
  expect(verdictOf(made.folder).reasons).toEqual(["evidence-missing"]);
});

describe("tampering", () => {
  let good: string;
  let bad: string;
  let key: string;
  let evidenceId: string;
  let blob: string;
  beforeEach(async () => {
    const { call, add, make, id, home } = await openCase();
    await call("earlier");
    await call("update_checklist", { checklist: id });
    const { manifest } = await add("the pod");
    await call("later");
    const made = await make({ kind: "checklist", value: id }, join(home, "good"));
    good = made.folder;
    key = made.manifest.key;
    evidenceId = manifest.id;
    blob = manifest.sha256;
    bad = join(home, "bad");
    cpSync(good, bad, { recursive: true });
  });
  const edit = (path: string, change: (text: string) => string) =>
    writeFileSync(join(bad, path), change(readFileSync(join(bad, path), "utf8")));

  test.each([
    {
      what: "a record edited",
      act: () => edit("records.jsonl", (text) => text.replace("update", "delete")),
      reason: "root-differs",
    },
    {
      what: "a record taken away",
      act: () => edit("records.jsonl", (text) => text.slice(text.indexOf("\n") + 1)),
      reason: "records-count",
    },
    {
      what: "records swapped",
      act: () => edit("records.jsonl", (text) => `${text.trim().split("\n").reverse().join("\n")}\n`),
      reason: "records-chain",
    },
    {
      what: "a record in another form",
      act: () => edit("records.jsonl", (text) => text.replace("{", "{ ")),
      reason: "records-malformed",
    },
    {
      what: "a duplicate key",
      act: () => edit("records.jsonl", (text) => text.replace("{", '{"v":1,')),
      reason: "records-malformed",
    },
    { what: "a cut last line", act: () => edit("records.jsonl", (text) => text.slice(0, -1)), reason: "records-count" },
    {
      what: "the slice posing as the whole",
      act: () => edit("manifest.json", (text) => text.replace('"kind":"slice"', '"kind":"whole"')),
      reason: "slice-malformed",
    },
    {
      what: "fewer records left out",
      act: () => edit("manifest.json", (text) => text.replace('"left_out":3', '"left_out":0')),
      reason: "slice-malformed",
    },
    {
      what: "another root",
      act: () => edit("manifest.json", (text) => text.replace(/"root":"./, '"root":"0')),
      reason: "note-differs",
    },
    {
      what: "a manifest that is no JSON",
      act: () => edit("manifest.json", (text) => text.slice(1)),
      reason: "manifest-malformed",
    },
    { what: "no manifest", act: () => rmSync(join(bad, "manifest.json")), reason: "manifest-missing" },
    { what: "no note", act: () => rmSync(join(bad, "manifest.note")), reason: "manifest-missing" },
    {
      what: "a note by nobody",
      act: () => edit("manifest.note", (text) => text.slice(0, text.lastIndexOf("\n\n") + 1)),
      reason: "note-malformed",
    },
    {
      what: "another signature",
      act: () => edit("manifest.note", (text) => text.replace(/.(.{20})=\n$/, "A$1=\n")),
      reason: "note-bad-signature",
    },
    { what: "a file more", act: () => writeFileSync(join(bad, "evidence", "more.txt"), "x"), reason: "file-unlisted" },
    { what: "an empty folder", act: () => mkdirSync(join(bad, "more")), reason: undefined },
    { what: "a file less", act: () => rmSync(join(bad, "report.md")), reason: "file-missing" },
    { what: "another report", act: () => edit("report.md", (text) => `${text}.`), reason: "file-changed" },
    { what: "another verifier", act: () => edit("verify.py", (text) => `${text}#`), reason: "file-changed" },
    {
      what: "other bytes of an artefact",
      act: () => edit(`evidence/blobs/${blob}`, (text) => text.replace("the", "teh")),
      reason: "file-changed",
    },
    {
      what: "another collector",
      act: () => edit(`evidence/${evidenceId}.json`, (text) => text.replace("test agent", "some agent")),
      reason: "evidence-malformed",
    },
    {
      what: "an artefact renamed",
      act: () => renameSync(join(bad, `evidence/${evidenceId}.json`), join(bad, "evidence/ev-0000000000000000.json")),
      reason: "file-unlisted",
    },
    { what: "no signed head", act: () => rmSync(join(bad, "checkpoint")), reason: "file-missing" },
    {
      what: "a head of another size",
      act: () => edit("checkpoint", (text) => text.replace("\n5\n", "\n6\n")),
      reason: "checkpoint-bad",
    },
    {
      what: "another key",
      act: () => edit("manifest.json", (text) => text.replace(/(\+[0-9a-f]{8}\+A)./, "$1A")),
      reason: "key-malformed",
    },
  ])("$what is found by both verifiers, in the same words", ({ act, reason }) => {
    act();
    const { reasons } = verdictOf(bad, good);
    if (reason === undefined) expect(reasons).toEqual([]);
    else expect(reasons).toContain(reason);
  });

  test("a package by another key is found when the key is given", async () => {
    const other = await openCase();
    await other.call("a");
    const made = await other.make({ kind: "whole" });
    expect(verdictOf(made.folder).ok).toBe(true);
    expect(verdictOf(made.folder, made.folder, key).reasons).toEqual(["key-differs"]);
  });

  test("every byte counts: one bit flipped anywhere is found", () => {
    for (const path of filesOf(good)) {
      const bytes = readFileSync(join(good, path));
      const step = Math.max(1, Math.floor(bytes.length / 16));
      const places = path.startsWith("manifest.note") || path === "checkpoint" ? bytes.length : 0;
      for (let at = 0; at < bytes.length; at += places > 0 ? 1 : step) {
        // The last characters of a base64 text have bits that decode to nothing: each of them is tried.
        const bits = places > 0 && at > bytes.length - 8 ? [1, 2, 4, 8, 16, 32, 64] : [at % 2 === 0 ? 1 : 0x20];
        for (const bit of bits) {
          const flipped = Buffer.from(bytes);
          flipped[at] = flipped[at]! ^ bit;
          writeFileSync(join(bad, path), flipped);
          expect(verifyPackage(bad).ok, `${path} byte ${at} bit ${bit}`).toBe(false);
        }
      }
      writeFileSync(join(bad, path), bytes);
    }
    expect(verifyPackage(bad).ok).toBe(true);
  });

  test("the second verifier agrees on flips of the files that decide", { timeout: 120_000 }, () => {
    for (const path of ["manifest.json", "manifest.note", "checkpoint", "records.jsonl"]) {
      const bytes = readFileSync(join(good, path));
      for (const at of [Math.floor(bytes.length / 2), bytes.length - 3, bytes.length - 1]) {
        const flipped = Buffer.from(bytes);
        flipped[at] = flipped[at]! ^ 1;
        writeFileSync(join(bad, path), flipped);
        expect(verdictOf(bad, good).ok, `${path} byte ${at}`).toBe(false);
      }
      writeFileSync(join(bad, path), bytes);
    }
  });
});

test("in a folder with nothing but the package, VERIFY.md's command gives the verdict", async () => {
  const { call, make, home } = await openCase();
  await call("a");
  const made = await make({ kind: "whole" }, join(home, "package"));
  const command =
    /`(python3 verify\.py --key '[^']+')`/.exec(readFileSync(join(made.folder, "VERIFY.md"), "utf8"))?.[1] ?? "";
  const { status, stdout } = spawnSync("sh", ["-c", command], { cwd: made.folder, encoding: "utf8" });
  expect([status, stdout.split("\n")[0]]).toEqual([0, "holds: records 0 to 1 of 2 (whole)"]);
  expect(existsSync(join(made.folder, "__pycache__"))).toBe(false);
});
