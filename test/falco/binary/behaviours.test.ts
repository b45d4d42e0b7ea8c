import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { readAlertLine } from "../../../src/alert/read-alert.ts";
import { type ComparedAlert, compareAlerts, compareVerdicts } from "../../../src/falco/binary/compare-engines.ts";
import type { FalcoBinary } from "../../../src/falco/binary/falco-binary.ts";
import { replayCapture } from "../../../src/replay/replay-capture.ts";
import { falcoLoadResults } from "../../../src/rules/falco-load-results.ts";
import { type LoadedPlugin, loadRules } from "../../../src/rules/load-rules.ts";
import { openCapture } from "../../../src/scap/open-capture.ts";
import { TRANSCRIPTS } from "../../support/fake-falco/fake-falco.ts";
import { REAL_FALCO, sharedFalco, temporaryFolder } from "../../support/fake-falco/under-test.ts";

/** What must hold of the player of recordings and of a real Falco alike; FALCO_BIN names a real one. */

const CAPTURE = join(import.meta.dirname, "../../fixtures/captures/web-intrusion.scap");

const filesOf = (id: string) =>
  Object.entries(TRANSCRIPTS.find((recorded) => recorded.id === id)?.files ?? {}).map(([name, text]) => ({
    name,
    text,
  }));
const GOOD = filesOf("validate-good");

const shared = sharedFalco();
let plugins: LoadedPlugin[];
let isMinimal: boolean;

beforeAll(async () => {
  const about = await shared().falco.about();
  plugins = about.plugins.map(({ name, version, source }) => ({
    name,
    version,
    sources: source === undefined ? [] : [source],
  }));
  isMinimal = plugins.length === 0;
});

test("about: a release with the options that every call needs", async () => {
  const { falco } = shared();
  const about = await falco.about();
  expect(about.binary.version.falco).toMatch(/^\d+\.\d+\.\d+/);
  expect(about.binary.version.engine).toMatch(/^0\.\d+\.\d+$/);
  expect(Object.entries(about.abilities).filter(([, { works }]) => !works)).toEqual([]);
  expect(about.warnings).toEqual([]);
});

/** Recordings of validations; a player of recordings can answer only with what was recorded as JSON. */
const VALIDATIONS = TRANSCRIPTS.filter(({ id, files, args }) => {
  const isPlayable = args.includes("json_output=true") || id === "validate-good" || id === "validate-warnings";
  return id.startsWith("validate-") && Object.keys(files).length > 0 && (REAL_FALCO !== undefined || isPlayable);
});

test.each(VALIDATIONS)("validate: $id has the verdict of the embedded engine", async ({ id }) => {
  const { falco } = shared();
  const files = filesOf(id);
  const { engine = "" } = falco.binary.version;
  const embedded = falcoLoadResults(files, {
    plugins,
    ...(/^0\.(?:5[7-9]|6[0-3])\./.test(engine) ? { engineVersion: engine } : {}),
  });
  expect(compareVerdicts(await falco.validate(files), embedded).differences.first).toEqual([]);
});

test("describe: one rule of the recording, apart from what plugins add to its output", async () => {
  const { falco } = shared();
  const { value } = await falco.describe(filesOf("describe-rule"), "r");
  const { stdout = "" } = TRANSCRIPTS.find(({ id }) => id === "describe-rule") ?? {};
  const [recorded] = JSON.parse(stdout).rules;
  const [rule] = value?.rules ?? [];
  expect(rule?.info).toEqual(recorded.info);
  expect({ ...rule?.details, output_fields: [], output_compiled: "", plugins: [] }).toEqual({
    ...recorded.details,
    output_fields: [],
    output_compiled: "",
    plugins: [],
  });
  expect((await falco.describe(GOOD, "zz")).failure?.code).toBe("RULE_NOT_FOUND");
});

test("lists and schemas have the classes, events and definitions that are built in", async () => {
  const { falco } = shared();
  const fields = (await falco.listFields()).value?.flatMap((group) => group.fields.map(({ name }) => name));
  expect(fields).toEqual(expect.arrayContaining(["evt.num", "proc.exe"].slice(0, REAL_FALCO === undefined ? 1 : 2)));
  expect((await falco.listEvents()).value).toHaveProperty("Syscall events");
  for (const of of ["config", "rules"] as const) expect((await falco.schema(of)).value).toHaveProperty("definitions");
});

test("dry run and support take the rules that they are given", async () => {
  const { falco } = shared();
  expect((await falco.dryRun(filesOf("dry-run"))).value?.first.join("\n")).toContain("good.yaml");
  const { value } = await falco.support(filesOf("support"));
  expect(value).toMatchObject({ version: falco.binary.version.falco });
});

interface Replayed {
  readonly alerts: readonly ComparedAlert[];
  readonly end: Awaited<ReturnType<FalcoBinary["replay"]>>;
}

async function replay(falco: FalcoBinary, capture: string, files = GOOD, more: object = {}): Promise<Replayed> {
  const alerts: ComparedAlert[] = [];
  const end = await falco.replay({ capture, files, ...more }, (_, alert) => void alerts.push(alert));
  return { alerts, end };
}

test("replay: alerts and statistics agree, and the run ends well", async () => {
  const { falco } = shared();
  const { alerts, end } = await replay(falco, REAL_FALCO === undefined ? "/captures/cap.scap" : CAPTURE);
  expect(end).toMatchObject({ exitCode: 0, isLimited: false, warnings: [], unreadable: { count: 0 } });
  expect(end.failure).toBeUndefined();
  expect(end.statistics).toEqual({
    eventsDetected: alerts.length,
    bySeverity: { WARNING: alerts.length },
    byRule: { r: alerts.length },
    dropsDetected: 0,
    dropActions: 0,
  });
});

test("replay: a cut capture gives the alerts before the cut, and says that it is cut", async () => {
  const { falco } = shared();
  const cut = join(temporaryFolder(), "cut.scap");
  writeFileSync(cut, readFileSync(CAPTURE).subarray(0, 60_000));
  const { alerts, end } = await replay(falco, REAL_FALCO === undefined ? "/captures/cut.scap" : cut);
  expect(end.failure?.code).toBe("FALCO_CAPTURE_CUT");
  expect(alerts.length).toBe(end.alerts);
  expect(alerts.length).toBeGreaterThan(0);
});

test.each([
  ["no.scap", "FALCO_CAPTURE_MISSING"],
  ["good.yaml", "FALCO_CAPTURE_BAD"],
])("replay: %s is refused as %s", async (name, code) => {
  const { falco } = shared();
  const path = join(temporaryFolder(), name);
  if (name === "good.yaml") writeFileSync(path, GOOD[0]?.text ?? "");
  const { alerts, end } = await replay(falco, path);
  expect([alerts.length, end.failure?.code]).toEqual([0, code]);
  expect(end.failure?.message).toContain(path);
});

test("live: a kind of driver that is not there is named", async () => {
  const { falco } = shared();
  const end = await falco.live({ files: GOOD, seconds: 2, engineKind: "kmod" }, () => undefined);
  expect(end.failure?.code).toBe("FALCO_NO_DRIVER");
});

const RULES = {
  name: "rules.yaml",
  text: `
- rule: Every program started
  desc: d
  condition: evt.type in (execve, execveat) and evt.res = SUCCESS
  output: program %proc.exepath by %proc.pname of %user.uid
  priority: INFORMATIONAL
- rule: Shadow read
  desc: d
  condition: evt.type in (open, openat, openat2) and fd.name = /etc/shadow
  output: shadow by %proc.name of %proc.aname[2] | time=%evt.rawtime
  priority: CRITICAL
  tags: [host, T1003]
- rule: Any connection
  desc: d
  condition: evt.type = connect and fd.typechar in (4, 6)
  output: connection of %proc.cmdline to %fd.name
  priority: NOTICE
`,
};

async function embedded(matching: "first" | "all"): Promise<ComparedAlert[]> {
  const { ruleSet } = loadRules([RULES], { plugins, ...(isMinimal ? { appendOutput: [] } : {}) });
  const lines: string[] = [];
  const { bytes } = await openCapture(CAPTURE);
  await replayCapture(bytes, ruleSet.rules, ({ line }) => lines.push(line), { matching, hostname: "vm" });
  return lines.flatMap((line) => {
    const read = readAlertLine(line);
    return read.kind === "alert" ? [read.alert] : [];
  });
}

// What only a real Falco can show: a recording of these runs would only show itself.
if (REAL_FALCO !== undefined) {
  test.each(["first", "all"] as const)("replay with %s: both engines give the same alerts", async (matching) => {
    const { falco } = shared();
    const { alerts, end } = await replay(falco, CAPTURE, [RULES], { matching });
    expect(end.failure).toBeUndefined();
    const compared = compareAlerts(alerts, await embedded(matching));
    expect([...compared.missing.first, ...compared.extra.first, ...compared.changed.first]).toEqual([]);
    expect(compared).toMatchObject({ same: true, sameOrder: true });
    expect(compared.alike).toBeGreaterThan(50);
  });

  test("a minimum priority leaves out the less urgent rules", async () => {
    const { falco } = shared();
    const { alerts } = await replay(falco, CAPTURE, [RULES], { minimumPriority: "Critical" });
    expect(new Set(alerts.map(({ rule }) => rule))).toEqual(new Set(["Shadow read"]));
  });

  test("a replay ends with the number of alerts that were asked for", async () => {
    const { falco } = shared();
    const { alerts, end } = await replay(falco, CAPTURE, [RULES], { maxAlerts: 3 });
    expect([alerts.length, end.isLimited, end.failure]).toEqual([3, true, undefined]);
  });

  test("live without a driver runs for its seconds and ends well", async () => {
    const { falco } = shared();
    const end = await falco.live({ files: GOOD, seconds: 1, engineKind: "nodriver" }, () => undefined);
    expect(end).toMatchObject({ alerts: 0, exitCode: 0 });
    expect(end.failure).toBeUndefined();
  });

  test("a live run is cancelled at once", async () => {
    const { falco } = shared();
    const cancel = new AbortController();
    setTimeout(() => cancel.abort(), 1_500);
    const end = await falco.live(
      { files: GOOD, seconds: 600, engineKind: "nodriver", signal: cancel.signal },
      () => undefined,
    );
    expect(end.failure?.code).toBe("CANCELLED");
  });
}
