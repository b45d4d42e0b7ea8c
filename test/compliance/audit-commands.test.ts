import { spawnSync } from "node:child_process";
import { appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { checkRecordProof } from "../../src/audit/prove-records.ts";
import { parseVkey } from "../../src/audit/signed-note.ts";
import { verifyConsistency } from "../../src/audit/tree-proofs.ts";
import { buildCompliance } from "../../src/cli/build-compliance.ts";
import { buildServices } from "../../src/cli/build-services.ts";
import { headCopies } from "../../src/cli/head-copies.ts";
import { openTrail } from "../audit/support.ts";

/** `falco-skills audit …` as a person meets it, in a process of its own. */

// Each test starts several processes.
vi.setConfig({ testTimeout: 240_000 });

const PROGRAM = join(import.meta.dirname, "command-program.ts");
let folder: string;
let home: string;
let evidenceId: string;
let blob: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "falco-skills-test-"));
  home = join(folder, "home");
  const { services, close } = await buildServices({ home, alertRoots: undefined });
  const { audit } = services;
  await audit.append({ type: "tool.intent", session: "s1", tool: "get_alert", arguments: { text: "x".repeat(2_000) } });
  const desk = buildCompliance(services, undefined);
  const { manifest } = await desk.addEvidence(
    { kind: "log", controls: [], from: { text: "the log" } },
    { by: { kind: "agent", name: "a" }, session: "s1" },
  );
  evidenceId = manifest.id;
  blob = desk.evidence.bytesPath(manifest.sha256);
  await close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]) {
  const env = { PATH: process.env.PATH, FALCO_SKILLS_HOME: home, NO_COLOR: "1" };
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", PROGRAM, ...args], {
    cwd: join(import.meta.dirname, "../.."),
    env,
    encoding: "utf8",
    input: "",
  });
  return { status, stdout, stderr };
}

const git = (at: string, ...args: string[]) =>
  spawnSync("git", ["-C", at, ...args], { encoding: "utf8" }).stdout.trim();

test("a record is proven to somebody who has nothing but the key", () => {
  const { status, stdout } = run("audit", "key");
  const key = stdout.trim();
  expect(status).toBe(0);
  const out = join(folder, "one.tlog-proof");
  expect(run("audit", "proof", "1", "--out", out).status).toBe(0);
  const [proof, line] = [readFileSync(out, "utf8"), readFileSync(`${out}.record`)];
  expect(proof.split("\n")[0]).toBe("c2sp.org/tlog-proof@v1");
  expect(checkRecordProof(proof, line, parseVkey(key)!)).toBe(true);
  expect(run("audit", "proof", "1", "--out", out)).toMatchObject({ status: 1 });
  expect(run("audit", "proof", "999").stderr).toContain("the trail has no record 999");
  const given = run("audit", "verify", "--key", key, "--workers", "2", "--json");
  expect(JSON.parse(given.stdout)).toMatchObject({ state: "intact", tier: "SIGNED", pinned: true });
});

test("one size is proven to be a beginning of another", () => {
  const { older, newer, proof } = JSON.parse(run("audit", "consistency", "2", "3", "--json").stdout);
  const head = ({ size, root }: { size: number; root: string }) => ({ size, root: Buffer.from(root, "hex") });
  const hashes = proof.map((hash: string) => Buffer.from(hash, "hex"));
  expect([older.size, newer.size]).toEqual([2, 3]);
  expect(verifyConsistency({ older: head(older), newer: head(newer), proof: hashes })).toBe(true);
  expect(run("audit", "consistency", "3", "2").stderr).toContain("size 3 is outside the 2 records");
});

test("heads are copied once each, and a git repository gets a commit", () => {
  const plain = join(folder, "heads");
  expect(run("audit", "heads", "--to", plain).stdout).toMatch(/: [1-9] heads added\n/);
  expect(run("audit", "heads", "--to", plain).stdout).toMatch(/: 0 heads added\n/);
  const repository = join(folder, "repository");
  mkdirSync(repository);
  git(repository, "init", "--quiet");
  expect(run("audit", "heads", "--to", repository).stdout).toContain(" heads added, as a commit");
  expect(git(repository, "log", "--format=%an %s")).toMatch(/^falco-skills head 3 [0-9a-f]{64}$/);
  expect(git(repository, "status", "--porcelain")).toBe("");
  const [heads] = git(repository, "ls-files", "*.heads").split("\n");
  const known = run("audit", "verify", "--known-head", join(repository, heads ?? ""), "--require-anchor", "--json");
  expect(JSON.parse(known.stdout)).toMatchObject({ state: "intact", tier: "ANCHORED" });
});

test("each head that is signed becomes a commit of its own while a trail is written", async () => {
  const repository = join(folder, "live");
  mkdirSync(repository);
  git(repository, "init", "--quiet");
  const copies = headCopies(repository);
  const begun: string[] = [];
  const { settled, ...wiring } = copies;
  const trail = openTrail(join(folder, "trail"), { ...wiring, onBegin: (key) => begun.push(key) });
  for (let index = 0; index < 3; index += 1) {
    await trail.append({ type: "resource.read", session: "s" });
    await trail.checkpoint();
    await settled();
  }
  await trail.close();
  await pause(0);
  await settled();
  expect(
    git(repository, "log", "--format=%s")
      .split("\n")
      .map((line) => line.slice(0, 6)),
  ).toEqual(["head 4", "head 3", "head 2"]);
  expect(begun).toHaveLength(1);
  await expect(headCopies(undefined).settled()).resolves.toBeUndefined();
});

test("an erasure is asked for with a reason, and the verdict names it", () => {
  expect(run("audit", "erase", "1").status).not.toBe(0);
  const { status, stdout } = run("audit", "erase", "1", "--reason", "asked for");
  expect([status, stdout]).toEqual([0, "record 1: 1 of 1 openings deleted; record 3 says so\n"]);
  expect(run("audit", "verify").stdout).toMatch(/openings erased\s+record 1 \(said by 3\)/);
  expect(run("audit", "erase", "2", "--reason", "r").stderr).toContain("holds no commitment");
});

test("evidence is copied on record, and bytes that were changed end verification with 15", () => {
  const copy = join(folder, "copy");
  expect(run("evidence", "copy", evidenceId, copy).status).toBe(0);
  expect(readFileSync(copy, "utf8")).toBe("the log");
  expect(run("audit", "verify", "--evidence").status).toBe(0);
  chmodSync(blob, 0o600);
  appendFileSync(blob, "!");
  expect(run("audit", "verify").status).toBe(0);
  expect(run("audit", "verify", "--evidence")).toMatchObject({ status: 15 });
  expect(existsSync(join(folder, "copy2"))).toBe(false);
});

test("a home where nothing was recorded has neither key nor heads", () => {
  const empty = join(folder, "empty");
  expect(run("audit", "key", "--home", empty).stderr).toContain("nothing was recorded yet");
  expect(run("audit", "heads", "--home", empty, "--to", join(folder, "none")).stderr).toContain("nothing was recorded");
  expect(existsSync(empty)).toBe(false);
});
