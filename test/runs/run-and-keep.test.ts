import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { createGunzip } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunInput } from "../../src/replay/runs/run.ts";
import { openRuleLibrary } from "../../src/rules/library/open-rule-library.ts";
import { embeddedEngine } from "../../src/runs/embedded-engine.ts";
import type { EngineOptions } from "../../src/runs/engine.ts";
import { openRuns } from "../../src/runs/open-runs.ts";
import { runAndKeep } from "../../src/runs/run-and-keep.ts";
import type { AlertStore } from "../../src/store/alert-store.ts";
import { openSqliteStore } from "../../src/store/sqlite-store.ts";

const CAPTURE = join(import.meta.dirname, "../fixtures/captures/web-intrusion.scap");
const SKILL_RULES = join(
  import.meta.dirname,
  "../../skills/performing-cloud-native-forensics-with-falco/rules/container-forensics.yaml",
);

let folder: string;
let alerts: AlertStore;
let ids = 0;
const newId = (): string => {
  ids += 1;
  return `id${ids}`;
};
const nowMs = (): number => Date.parse("2026-11-23T10:00:00Z") + ids;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "runs-"));
  alerts = await openSqliteStore({ folder: join(folder, "alerts"), nowMs });
});
afterAll(async () => {
  await alerts.close();
  rmSync(folder, { recursive: true });
});

const runs = () => openRuns({ folder: join(folder, "runs"), nowMs, newId });

async function setOf(name: string, text: string) {
  const library = openRuleLibrary({ folder: join(folder, "rules"), nowMs, newId });
  return library.load(name, [{ name: `${name}.yaml`, text }]);
}

async function run(
  text: string,
  options: Partial<EngineOptions> = {},
  input: RunInput = { kind: "capture", path: CAPTURE },
) {
  return runAndKeep(
    { alerts, runs: runs(), nowMs },
    {
      set: await setOf("mine", text),
      engine: embeddedEngine("0.63.0", "node-1"),
      input,
      caller: { session: "s-1", client: { name: "host", version: "1" } },
      show: 3,
      options: { matching: "first", ...options },
    },
  );
}

const rule = (name: string, condition: string, more = "priority: WARNING"): string =>
  `- rule: ${name}\n  desc: d\n  condition: ${condition}\n  output: "${name} %proc.cmdline"\n  ${more}\n`;

const STARTS = rule("program started", "evt.type in (execve, execveat) and evt.res = SUCCESS");

test("the skill's own rules tell the story of the intrusion", async () => {
  const { outcome, run: kept, added, refused } = await run(readFileSync(SKILL_RULES, "utf8"));
  // Eleven commands through the web server, each in a shell, one more shell fed through a pipe, one that a script starts;
  // /etc/passwd printed, /etc/shadow printed, /etc/passwd opened by curl; two downloads and one connection back.
  expect(outcome.alertsByRule).toEqual({
    "Forensics shell spawned in container": 13,
    "Forensics sensitive file read in container": 3,
    "Forensics unexpected outbound connection from container": 3,
  });
  expect(outcome).toMatchObject({
    source: "syscall",
    rulesRun: 7,
    events: 6747,
    alerts: 19,
    alertsByPriority: { Warning: 16, Notice: 3 },
    endedBy: "end of input",
  });
  expect({ added, refused }).toEqual({ added: 19, refused: {} });
  const found = await alerts.search({ runId: kept.id }, { limit: 50, order: "oldest" });
  expect(
    found.alerts.map(({ fields, rule: name }) => `${name.split(" ")[1]} ${String(fields["proc.cmdline"])}`),
  ).toEqual([
    "shell sh -c echo checking localhost",
    "shell sh -c echo checking localhost; id; uname -n",
    "shell sh -c echo checking localhost; cat /etc/passwd; ls -la / /srv/app",
    "sensitive cat /etc/passwd",
    "shell sh -c echo checking localhost; cat /etc/shadow",
    "sensitive cat /etc/shadow",
    expect.stringMatching(/^shell .*cat \/proc\/1\/environ/),
    expect.stringMatching(/^shell .*mkdir -p \/tmp\/\.x; curl/),
    expect.stringMatching(/^sensitive curl -s -o/),
    expect.stringMatching(/^unexpected curl .*203\.0\.113\.66/),
    expect.stringMatching(/^unexpected wget .*203\.0\.113\.66/),
    expect.stringMatching(/^shell .*chmod 755/),
    expect.stringMatching(/^shell .*tool connect 203\.0\.113\.66 4444/),
    "unexpected tool connect 203.0.113.66 4444",
    expect.stringMatching(/^shell .*xmrig connect/),
    expect.stringMatching(/^shell .*base64 -d \| sh/),
    "shell sh",
    expect.stringMatching(/^shell .*perl -e/),
    expect.stringMatching(/^shell .*rm -rf \/tmp\/\.x/),
  ]);
});

test("a run is kept with who, what and the digests of both", async () => {
  const { run: kept } = await run(STARTS);
  const { sha256, bytes } = kept.input ?? {};
  expect({ sha256, bytes }).toEqual({
    sha256: createHash("sha256").update(readFileSync(CAPTURE)).digest("hex"),
    bytes: readFileSync(CAPTURE).length,
  });
  const set = await openRuleLibrary({ folder: join(folder, "rules"), nowMs, newId }).get("mine");
  expect(kept).toMatchObject({
    mode: "replay",
    engine: "embedded",
    caller: { session: "s-1", client: { name: "host" } },
    rules: { set: "mine", digest: set.digest },
    result: { state: "finished", source: "syscall", endedBy: "end of input" },
  });
  expect(await runs().get(kept.id)).toEqual(kept);
  expect((await runs().list(1)).runs).toEqual([kept]);
  expect(statSync(join(folder, "runs", `${kept.id}.json`)).mode & 0o777).toBe(0o600);
});

test("the same run again finds its alerts known, and the store finds them by both runs", async () => {
  const first = await run(STARTS);
  const again = await run(STARTS);
  expect(again).toMatchObject({ added: 0, known: first.outcome.alerts });
  for (const { run: kept } of [first, again]) {
    const { matched } = await alerts.search({ runId: kept.id }, { limit: 1, order: "newest" });
    expect(matched).toBe(first.outcome.alerts);
  }
});

test.each([
  [{ events: 500 }, { events: 500, endedBy: "limit of events" }],
  [{ alerts: 3 }, { alerts: 3, endedBy: "limit of alerts" }],
  [{ seconds: 1 }, { endedBy: "limit of seconds" }],
  [{ events: 6747 }, { events: 6747, endedBy: "limit of events" }],
  [
    { events: 1_000_000, alerts: 1_000_000, seconds: 1_000_000 },
    { events: 6747, endedBy: "end of input" },
  ],
])("limits %j", async (limits, expected) => {
  const { outcome, run: kept } = await run(STARTS, { limits });
  expect(outcome).toMatchObject(expected);
  expect(kept.options).toMatchObject({ limits });
  if ("seconds" in limits && outcome.firstNs !== undefined && outcome.lastNs !== undefined) {
    expect(outcome.lastNs - outcome.firstNs <= BigInt(limits.seconds) * 1_000_000_000n).toBe(true);
  }
});

test("rules less urgent than asked for do not run, and leave their events to those that do", async () => {
  const text = rule("quiet", "evt.type = execve", "priority: DEBUG") + STARTS;
  expect((await run(text)).outcome.alertsByRule).not.toHaveProperty("program started");
  const { outcome } = await run(text, { minPriority: "Warning" });
  expect(outcome.rulesRun).toBe(1);
  expect(Object.keys(outcome.alertsByRule)).toEqual(["program started"]);
});

test("a cut capture keeps what was found before the fault", async () => {
  const path = join(folder, "cut.scap");
  const bytes = await buffer(createReadStream(CAPTURE).pipe(createGunzip()));
  writeFileSync(path, bytes.subarray(0, 600_001));
  const { outcome, run: kept } = await run(STARTS, {}, { kind: "capture", path });
  expect(outcome).toMatchObject({
    endedBy: "fault",
    fault: { code: "CAPTURE_TRUNCATED", where: expect.stringContaining("byte") },
  });
  expect(outcome.alerts).toBeGreaterThan(0);
  expect(kept.result).toMatchObject({ state: "faulty", fault: { code: "CAPTURE_TRUNCATED" }, alerts: outcome.alerts });
});

test("a file that is no capture is faulty, not an empty answer", async () => {
  const path = join(folder, "notes.txt");
  writeFileSync(path, "just some notes that are no capture at all\n");
  const { outcome } = await run(STARTS, {}, { kind: "capture", path });
  expect(outcome).toMatchObject({ alerts: 0, endedBy: "fault", fault: { code: "CAPTURE_FOREIGN" } });
});

test("a cancelled run keeps the alerts it has found, and says so", async () => {
  const stop = new AbortController();
  const abortAtFirstAlert = (): number => {
    stop.abort();
    return nowMs();
  };
  const request = {
    set: await setOf(
      "mine",
      rule("every event %evt.num", "evt.num > 0").replace("rule: every event %evt.num", "rule: every event"),
    ),
    engine: embeddedEngine("0.63.0", "node-1"),
    input: { kind: "capture", path: CAPTURE } as const,
    caller: { session: "s" },
    show: 1,
    options: { matching: "first", signal: stop.signal } as const,
  };
  const running = runAndKeep({ alerts, runs: runs(), nowMs: abortAtFirstAlert }, request);
  await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
  const kept = (await runs().list(1)).runs[0];
  expect(kept?.result).toMatchObject({ state: "cancelled", fault: { code: "CANCELLED" } });
  const { matched } = await alerts.search({ runId: kept?.id ?? "" }, { limit: 1, order: "newest" });
  expect(matched).toBeGreaterThan(0);
  expect(kept?.result?.alerts).toBe(matched);
});

test("a set that Falco would not start with is not run", async () => {
  await expect(run(rule("broken", "evt.type = nosuch"))).rejects.toMatchObject({ code: "REPLAY_RULES_BROKEN" });
});

test("a missing file is told before a run is kept", async () => {
  const before = (await runs().list(1)).total;
  const gone = { kind: "capture", path: join(folder, "gone.scap") } as const;
  await expect(run(STARTS, {}, gone)).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  expect((await runs().list(1)).total).toBe(before);
});

test("a store that fails ends the run as failed", async () => {
  const closed = await openSqliteStore({ folder: join(folder, "closed"), nowMs });
  await closed.close();
  const request = {
    set: await setOf("mine", STARTS),
    engine: embeddedEngine("0.63.0", "node-1"),
    input: { kind: "capture", path: CAPTURE } as const,
    caller: { session: "s" },
    show: 1,
    options: { matching: "first" } as const,
  };
  await expect(runAndKeep({ alerts: closed, runs: runs(), nowMs }, request)).rejects.toMatchObject({
    code: "STORE_CLOSED",
  });
  expect((await runs().list(1)).runs[0]?.result).toMatchObject({ state: "failed", fault: { code: "STORE_CLOSED" } });
});

test("files in the folder that are no runs are counted, not shown", async () => {
  const place = join(folder, "other-runs");
  const own = openRuns({ folder: place, nowMs, newId });
  expect(await own.list(5)).toEqual({ runs: [], total: 0, unreadable: 0 });
  mkdirSync(place);
  writeFileSync(join(place, "20990101T000000000-x.json"), "{}");
  writeFileSync(join(place, "20990101T000000000-y.json"), "{");
  writeFileSync(join(place, "notes.json"), "{}");
  expect(await own.list(5)).toEqual({ runs: [], total: 2, unreadable: 2 });
  expect(await own.get("../../etc/passwd")).toBeUndefined();
});
