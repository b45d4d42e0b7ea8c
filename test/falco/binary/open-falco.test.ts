import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { FalcoBinary, FalcoRunEnd } from "../../../src/falco/binary/falco-binary.ts";
import { type FakeFalco, setFakeFalco, TRANSCRIPTS } from "../../support/fake-falco/fake-falco.ts";
import { openFake, sharedFake } from "../../support/fake-falco/under-test.ts";

const filesOf = (id: string, rename = (name: string) => name) =>
  Object.entries(TRANSCRIPTS.find((recorded) => recorded.id === id)?.files ?? {}).map(([name, text]) => ({
    name: rename(name),
    text,
  }));
const GOOD = filesOf("validate-good");
const shared = sharedFake();

test.each([
  ["validate-good-json", "valid", true, undefined],
  ["validate-warnings-json", "valid_with_warnings", true, undefined],
  ["validate-empty", "valid", true, undefined],
  ["validate-bad-condition-json", "invalid", false, undefined],
  ["validate-unknown-field-json", "invalid", false, undefined],
  ["validate-engine-too-new", "invalid", false, undefined],
  ["validate-not-yaml", "invalid", false, undefined],
  ["validate-two-json", "invalid", false, undefined],
  ["validate-plugin-missing", "no_result", false, "FALCO_PLUGIN_REQUIRED"],
])("validate gives for %s the verdict %s", async (id, verdict, ok, code) => {
  const { falco, runsFolder } = shared();
  const files = filesOf(id);
  const validation = await falco.validate(files);
  expect(validation).toMatchObject({ verdict, ok, warnings: [] });
  expect(validation.failure?.code).toBe(code);
  const { stdout } = TRANSCRIPTS.find((recorded) => recorded.id === id) ?? { stdout: "" };
  const printed = stdout === "" ? [] : JSON.parse(stdout).falco_load_results;
  expect(validation.results).toEqual(printed);
  expect(readdirSync(runsFolder)).toEqual([]);
});

test("names come back as they were given, whatever they hold", async () => {
  const { falco } = shared();
  const name = (given: string) => `rules of "${given}" $& \\ \u202e.txt`;
  const { results } = await falco.validate(filesOf("validate-two-json", name));
  expect(results.map((result) => result.name)).toEqual([name("good.yaml"), name("bad.yaml")]);
  const names = results[1]?.errors[0]?.context.locations.map(({ position }) => position.name);
  expect(names).toEqual([name("bad.yaml"), name("bad.yaml"), name("bad.yaml"), '"evt.type=execve and"']);
});

test("what Falco says in place of a result is in the words of the embedded engine", async () => {
  const { falco } = shared();
  const { fatal } = await falco.validate(filesOf("validate-plugin-missing"));
  expect(fatal).toBe("Error: Plugin requirement not satisfied, must load one of: k8saudit (>= 0.7.0)");
});

test("about tells version, options, plugins and abilities", async () => {
  const { falco } = shared();
  const about = await falco.about();
  expect(about.binary.version.falco).toBe("0.44.0");
  expect(about.options).toEqual(expect.arrayContaining(["--dry-run", "-V", "--validate", "-M", "--list", "--format"]));
  expect(about.options).not.toContain("-e");
  expect(about.plugins).toEqual([
    {
      name: "container",
      version: "0.7.1",
      description: "Falco container metadata enrichment Plugin",
      capabilities: ["Field Extraction", "Event Parsing"],
    },
  ]);
  expect(Object.values(about.abilities).every(({ works }) => works)).toBe(true);
  expect(about.warnings).toEqual([]);
});

test("the lists, schemas, description, support and dry run come out parsed", async () => {
  const { falco } = shared();
  const good = filesOf("dry-run");
  expect((await falco.listFields()).value?.[0]).toMatchObject({ name: "evt", sources: ["syscall"] });
  expect((await falco.listEvents()).value).toHaveProperty("Syscall events");
  expect((await falco.listPlugins()).value).toHaveLength(1);
  expect((await falco.schema("rules")).value).toHaveProperty("definitions");
  expect((await falco.schema("config")).value).toHaveProperty("definitions");
  expect((await falco.support(good)).value).toMatchObject({ version: "0.44.0" });
  expect((await falco.dryRun(good)).value?.first.join("\n")).toContain("good.yaml | schema validation: ok");
  expect((await falco.describe(good)).value?.rules).toHaveLength(1);
  expect((await falco.describe(good, "r")).value?.rules[0]?.details.events).toEqual(["asyncevent", "execve"]);
  expect((await falco.describe(good, "zz")).failure?.code).toBe("RULE_NOT_FOUND");
});

/** Replays and collects the alerts. */
async function replay(falco: FalcoBinary, capture: string, more: object = {}) {
  const rules: string[] = [];
  const end = await falco.replay({ capture, files: GOOD, ...more }, (line, alert) => {
    rules.push(alert.rule);
    expect(JSON.parse(line).rule).toBe(alert.rule);
  });
  return { end, rules };
}

test.each<[string, string | undefined, Partial<FalcoRunEnd>]>([
  ["cap.scap", undefined, { alerts: 7, exitCode: 0, isLimited: false }],
  ["cut.scap", "FALCO_CAPTURE_CUT", { alerts: 4, exitCode: 1 }],
  ["no.scap", "FALCO_CAPTURE_MISSING", { alerts: 0, exitCode: 1 }],
  ["good.yaml", "FALCO_CAPTURE_BAD", { alerts: 0, exitCode: 1 }],
])("a replay of %s ends as it should", async (capture, code, expected) => {
  const { falco, runsFolder } = shared();
  const { end, rules } = await replay(falco, `/captures/${capture}`);
  expect(end).toMatchObject({ ...expected, unreadable: { count: 0 }, warnings: [] });
  expect(end.failure?.code).toBe(code);
  expect(rules).toHaveLength(end.alerts);
  expect(end.statistics).toMatchObject({ eventsDetected: end.alerts });
  if (end.alerts > 0)
    expect(end.statistics).toMatchObject({ bySeverity: { WARNING: end.alerts }, byRule: { r: end.alerts } });
  expect(end.log.first.join("\n")).not.toContain("capture.scap");
  expect(readdirSync(runsFolder)).toEqual([]);
});

test.each<[FakeFalco, object, string | undefined, Partial<FalcoRunEnd>]>([
  [{ mode: "hang" }, { limits: { startMs: 200 } }, "FALCO_HUNG", { alerts: 0 }],
  [{ mode: "alert-then-hang" }, { limits: { idleMs: 200 } }, "FALCO_HUNG", { alerts: 1 }],
  [{ mode: "flood" }, { limits: { outputBytes: 2_000_000, graceMs: 200 } }, "FALCO_FLOOD", { alerts: 0 }],
  [
    { mode: "dies-mid-line" },
    {},
    "FALCO_CRASHED",
    {
      alerts: 2,
      killedBy: "SIGSEGV",
      unreadable: { count: 1, first: [expect.stringMatching(/^cut off, not-json: \{/)] },
    },
  ],
  [
    { mode: "half-line" },
    {},
    undefined,
    { alerts: 1, unreadable: { count: 1, first: [expect.stringMatching(/^cut off, /)] } },
  ],
  [
    { mode: "long-line" },
    {},
    undefined,
    {
      alerts: 1,
      unreadable: { count: 1, first: [expect.stringMatching(/^a line 1951424 bytes over the limit: y+…$/)] },
    },
  ],
  [
    { mode: "not-json" },
    {},
    undefined,
    {
      alerts: 1,
      unreadable: {
        count: 5,
        first: [
          "not-json: hello",
          "not-an-object: [1,2]",
          'missing-key: {"a":1}',
          "not-json: {broken",
          "not-utf8: \u{fffd}\u{fffd}",
        ],
      },
    },
  ],
  [{ mode: "many-alerts" }, { maxAlerts: 10 }, undefined, { alerts: 10, isLimited: true }],
  [{ mode: "loses-alerts" }, {}, undefined, { alerts: 1, warnings: ["falco counted 3 alerts and 1 were read"] }],
  [{ mode: "no-json" }, {}, "FALCO_FAILED", { alerts: 0, exitCode: 1 }],
  [{ mode: "says-stderr", exit: 3, stderr: "" }, {}, "FALCO_FAILED", { exitCode: 3 }],
])("a misbehaving Falco loses nothing: %o %o", async (fake, request, code, expected) => {
  const { falco, binFolder, runsFolder } = shared();
  setFakeFalco(binFolder, fake);
  const { end, rules } = await replay(falco, "/captures/cap.scap", request);
  expect(end).toMatchObject(expected);
  expect(end.failure?.code).toBe(code);
  expect(rules).toHaveLength(end.alerts);
  expect(readdirSync(runsFolder)).toEqual([]);
});

test.each<[FakeFalco, string]>([
  [{ mode: "silent" }, "FALCO_NO_RESULT"],
  [{ mode: "not-json" }, "FALCO_NO_RESULT"],
  [{ mode: "no-json" }, "FALCO_FAILED"],
  [{ mode: "dies-mid-line" }, "FALCO_CRASHED"],
])("a validation without a result says why: %o", async (fake, code) => {
  const { falco, binFolder } = shared();
  setFakeFalco(binFolder, fake);
  const validation = await falco.validate(GOOD);
  expect(validation).toMatchObject({ verdict: "no_result", ok: false, results: [] });
  expect(validation.failure?.code).toBe(code);
});

test("a run sees a folder, an environment, arguments and a configuration of its own, and nothing else", async () => {
  const { falco, binFolder, runsFolder } = shared();
  setFakeFalco(binFolder, { mode: "environment" });
  const { value } = await falco.support(GOOD);
  const seen = value as { cwd: string; env: Record<string, string>; args: string[]; config: Record<string, unknown> };
  expect(seen.cwd.startsWith(runsFolder)).toBe(true);
  expect(Object.keys(seen.env).sort()).toEqual(["FALCO_HOSTNAME", "HOME", "LC_ALL", "PATH", "TMPDIR", "TZ"]);
  expect(seen.args).toEqual(["-c", "falco.yaml", "--support"]);
  expect(seen.config).toMatchObject({
    config_files: [],
    watch_config_files: false,
    rules_files: [expect.stringMatching(/^run\w+-0000\.yaml$/)],
    load_plugins: [],
    json_output: true,
    stdout_output: { enabled: true },
    syslog_output: { enabled: false },
    file_output: { enabled: false },
    http_output: { enabled: false },
    program_output: { enabled: false },
    webserver: { enabled: false },
  });
});

test("while it runs, only this user can read what a run was given", async () => {
  const { falco, runsFolder } = shared();
  const modes: Record<string, string> = {};
  setFakeFalco(join(falco.binary.realPath, ".."), { mode: "many-alerts" });
  await falco.replay({ capture: "/captures/cap.scap", files: GOOD, maxAlerts: 1 }, () => {
    const [id = ""] = readdirSync(runsFolder);
    for (const name of [
      "",
      "falco.yaml",
      ...readdirSync(join(runsFolder, id)).filter((file) => file.endsWith("0.yaml")),
    ]) {
      const { mode } = statSync(join(runsFolder, id, name));
      modes[name.replace(/^run\w+-/, "")] = (mode & 0o777).toString(8);
    }
  });
  expect(modes).toEqual({ "": "700", "falco.yaml": "600", "0000.yaml": "600" });
  expect((statSync(runsFolder).mode & 0o777).toString(8)).toBe("700");
});

test("a folder of runs that others may enter is refused, before anything is started", async () => {
  const { falco, runsFolder } = await openFake();
  writeFileSync(runsFolder, "in the way");
  await expect(falco.validate(GOOD)).rejects.toMatchObject({ code: "HOME_NOT_WRITABLE" });
});

test("a binary that changes between two calls is not started again", async () => {
  const { falco } = await openFake();
  await falco.validate(GOOD);
  writeFileSync(falco.binary.realPath, `${readFileSync(falco.binary.realPath, "utf8")}\n`);
  await expect(falco.validate(GOOD)).rejects.toMatchObject({ code: "FALCO_CHANGED" });
});

test("cancelling a replay keeps what was taken; cancelling a validation rejects", async () => {
  const { falco, binFolder } = shared();
  setFakeFalco(binFolder, { mode: "alert-then-hang" });
  const cancel = new AbortController();
  const end = await falco.replay({ capture: "/x/cap.scap", files: GOOD, signal: cancel.signal }, () => cancel.abort());
  expect([end.alerts, end.failure?.code]).toEqual([1, "CANCELLED"]);
  await expect(falco.validate(GOOD, { signal: cancel.signal })).rejects.toMatchObject({ code: "CANCELLED" });
});

test("closing ends what is under way, a live run too", async () => {
  const { falco, binFolder, runsFolder } = await openFake();
  await falco.about();
  setFakeFalco(binFolder, { mode: "alert-then-hang" });
  let closed: Promise<void> | undefined;
  const end = await falco.live({ files: GOOD, seconds: 3_600 }, () => {
    closed = falco.close();
  });
  await closed;
  expect([end.alerts, end.failure?.code]).toEqual([1, "CANCELLED"]);
  expect(readdirSync(runsFolder)).toEqual([]);
});

test.each([
  ["kmod", "FALCO_NO_DRIVER"],
  ["modern_ebpf", "FALCO_ENGINE_UNSUPPORTED"],
] as const)("a live run with %s says what it lacks", async (engineKind, code) => {
  const { falco } = shared();
  const end = await falco.live({ files: GOOD, seconds: 2, engineKind }, () => undefined);
  expect(end.failure?.code).toBe(code);
});

test.each([
  ["no files", { files: [] }, "FALCO_ARGUMENT"],
  ["no seconds", { seconds: 0 }, "FALCO_ARGUMENT"],
  ["half a second", { seconds: 0.5 }, "FALCO_ARGUMENT"],
  ["too many seconds", { seconds: 1e9 }, "FALCO_ARGUMENT"],
  ["no alerts", { maxAlerts: 0 }, "FALCO_ARGUMENT"],
  ["a kind that is none", { engineKind: "gvisor; rm" as "kmod" }, "FALCO_ENGINE_KIND"],
])("a live run with %s is refused", async (_, request, code) => {
  const { falco } = shared();
  await expect(falco.live({ files: GOOD, seconds: 1, ...request }, () => undefined)).rejects.toMatchObject({ code });
});

const OLD_HELP =
  " -h, --help  x\n -c <path>  x\n -V, --validate x\n -L  x\n -e <events_file>  x\n -M <n> x\n --list [=x] y\n -N x\n --support x\n";

test("an older Falco says what still works, and the rest is refused with the reason", async () => {
  const { falco } = await openFake({ version: "Falco version: 0.35.1\nEngine: 17\n", help: OLD_HELP });
  const { abilities, warnings } = await falco.about();
  const working = Object.entries(abilities).filter(([, { works }]) => works);
  expect(working.map(([name]) => name)).toEqual(["validate", "list_fields", "support", "replay"]);
  expect(warnings).toEqual(["falco 0.35.1 is older than 0.36.0: see which abilities still work"]);
  await expect(falco.describe(GOOD)).rejects.toMatchObject({
    code: "FALCO_TOO_OLD",
    message: "falco 0.35.1 lacks rules described as JSON, which came with 0.36.0",
  });
  const everyMatch = falco.replay({ capture: "/x/cap.scap", files: GOOD, matching: "all" }, () => undefined);
  await expect(everyMatch).rejects.toMatchObject({ code: "FALCO_TOO_OLD" });
  expect((await falco.listFields()).value?.[0]?.fields[0]?.name).toBe("evt.num");
});

test("before 0.37 the capture is named by an option", async () => {
  const { falco, binFolder } = await openFake({ version: "Falco version: 0.36.2\nEngine: 26\n", help: OLD_HELP });
  setFakeFalco(binFolder, { mode: "environment" });
  const { unreadable } = await falco.replay({ capture: "/x/cap.scap", files: GOOD }, () => undefined);
  expect(unreadable.first.join()).toContain("missing-key");
});
