import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { findProcesses } from "../../../src/falco/host/find-processes.ts";
import { HOST_FINDINGS, type HostFindingCode } from "../../../src/falco/host/finding-codes.ts";
import { inspectFalco } from "../../../src/falco/host/inspect-falco.ts";
import type { InspectOptions, RunningFalco } from "../../../src/falco/host/running-falco.ts";
import { HEALTH, metric, VERSIONS } from "./recorded.ts";
import { type Sensor, startSensor } from "./sensor.ts";

const WEBHOOK = "http://127.0.0.1:2803/";
const RULES =
  "- rule: one\n  desc: d\n  condition: evt.type=execve\n  output: x\n  priority: WARNING\n  capture: true\n";

let sensor: Sensor;
beforeAll(async () => {
  sensor = await startSensor();
});
afterAll(() => sensor.end());

const sha256 = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

/** A configuration in which there is nothing to find; lines of a test take the place of those of the same block. */
const soundConfig = () => `config_files: [${sensor.path("config.d")}]
watch_config_files: true
rules_files: [${sensor.path("rules/base.yaml")}, ${sensor.path("rules/rules.d")}]
engine: {kind: modern_ebpf}
load_plugins: [container]
plugins:
  - name: container
    library_path: libcontainer.so
priority: debug
json_output: true
json_include_message_property: true
http_output:
  enabled: true
  url: ${WEBHOOK}
capture: {enabled: true}
syscall_event_drops:
  threshold: 0.1
  actions: [log, alert]
metrics:
  enabled: true
  interval: 1h
webserver:
  enabled: true
  listen_port: ${sensor.port}
  listen_address: 127.0.0.1
  prometheus_metrics_enabled: true
`;

/** What Falco would say having loaded what lies there now. */
function load(more = ""): void {
  const infos = (kind: string, paths: readonly string[]) =>
    paths.map((path) =>
      metric(`falco_sha256_${kind}_files_info`, 1, { file_name: basename(path), sha256: sha256(path) }),
    );
  const text = [
    metric("falco_version_info", 1, { version: "0.44.0" }),
    ...infos("rules", [sensor.path("rules/base.yaml"), sensor.path("rules/rules.d/own.yaml")]),
    ...infos("config", [sensor.path("falco.yaml")]),
    metric("scap_engine_name_info", 1, { engine_name: "modern_bpf", evt_source: "syscall" }),
    metric("scap_n_evts_total", 1_000_000),
    metric("scap_n_drops_total", 0),
    metric("falco_outputs_queue_num_drops_total", 0),
    metric("falco_reload_timestamp_nanoseconds", `${Date.now()}000000`),
    more,
  ].join("");
  sensor.write("metrics.txt", text);
}

/** The sound configuration with these blocks in place of its own. */
function configWith(blocks: string): string {
  const names = new Set([...blocks.matchAll(/^(\w+):/gm)].map(([, name]) => name));
  const kept = soundConfig()
    .split(/^(?=\w)/m)
    .filter((block) => !names.has(/^\w+/.exec(block)?.[0] ?? ""));
  return kept.join("") + blocks;
}

beforeEach(() => {
  for (const name of ["config.d", "rules", "more"]) rmSync(sensor.path(name), { recursive: true, force: true });
  for (const name of ["extra.yaml", "metrics.txt"]) rmSync(sensor.path(name), { force: true });
  sensor.write("config.d/.keep", "");
  sensor.write("rules/base.yaml", RULES);
  sensor.write("rules/rules.d/own.yaml", RULES.replace("one", "two"));
  sensor.write("falco.yaml", soundConfig());
  sensor.write("health.json", HEALTH);
  sensor.write("versions.json", VERSIONS);
  load();
});

const inspect = (more: Partial<InspectOptions> = {}): Promise<RunningFalco> =>
  inspectFalco({ nowMs: Date.now, procFolder: sensor.procFolder, webhook: WEBHOOK, timeoutMs: 5_000, ...more });

const codes = (falco: RunningFalco) => falco.findings.map(({ code }) => code);

const known = <Value>(part: { ok: true; value: Value } | { ok: false; fault: unknown }): Value => {
  if (!part.ok) throw new Error(JSON.stringify(part.fault));
  return part.value;
};

describe("a sound Falco", () => {
  test("everything is told and nothing found", async () => {
    const falco = await inspect();
    expect(falco.findings).toEqual([]);
    expect(falco.mend).toBeUndefined();
    expect(falco.state).toBe("healthy");
    expect(falco.process).toMatchObject({
      pid: sensor.child.pid,
      name: "falco",
      program: sensor.path("bin/falco"),
      kind: "sensor",
      replaced: false,
      configPath: sensor.path("falco.yaml"),
      uid: process.getuid?.(),
      ownFiles: false,
    });
    const age = Date.now() - (falco.process?.startedMs ?? 0);
    expect(age).toBeGreaterThan(-2_000);
    expect(age).toBeLessThan(600_000);
    const { files, ruleFiles, settings } = known(falco.configuration);
    expect(files.map(({ path, merge, hashed }) => [path, merge, hashed])).toEqual([
      [sensor.path("falco.yaml"), "main", true],
      [sensor.path("config.d/.keep"), "append", false],
    ]);
    expect(ruleFiles.map(({ path }) => path)).toEqual([
      sensor.path("rules/base.yaml"),
      sensor.path("rules/rules.d/own.yaml"),
    ]);
    expect(settings.outputs).toEqual([{ kind: "http", target: WEBHOOK, reachesUs: true }]);
    expect(falco.webserver?.versions).toMatchObject({ ok: true, value: { falco: "0.44.0" } });
  });

  test("the real process table knows it, too", async () => {
    const pids = (await findProcesses()).map(({ shown }) => shown.pid);
    expect(pids).toContain(sensor.child.pid);
  });
});

test.each([
  { what: "one that works", cmdline: "falco\0-c\0/f.yaml\0", program: "/usr/bin/falco", kinds: ["sensor"] },
  { what: "one that has wiped its arguments", cmdline: "", program: "/usr/bin/falco", kinds: ["sensor"] },
  { what: "another's, whose program is not shown", cmdline: "falco\0", program: undefined, kinds: ["sensor"] },
  { what: "one that is ending", cmdline: "", program: undefined, kinds: [] },
])("$what in the process table", async ({ cmdline, program, kinds }) => {
  const table = mkdtempSync(join(tmpdir(), "host-proc-"));
  try {
    mkdirSync(join(table, "5"));
    writeFileSync(join(table, "stat"), "btime 1000\n");
    writeFileSync(join(table, "5/comm"), "falco\n");
    writeFileSync(join(table, "5/stat"), `5 (falco) R ${"0 ".repeat(18)}100 0\n`);
    writeFileSync(join(table, "5/cmdline"), cmdline);
    if (program !== undefined) symlinkSync(program, join(table, "5/exe"));
    expect((await findProcesses(table)).map(({ shown }) => shown.kind)).toEqual(kinds);
  } finally {
    rmSync(table, { recursive: true });
  }
});

/** Each is made to appear, then mended with the printed lines in a new file of config.d, then gone. */
describe("findings that lines of falco.yaml mend", () => {
  test.each<[HostFindingCode, string]>([
    ["HOST_JSON_OFF", "json_output: false\n"],
    ["HOST_JSON_WITHOUT_FIELDS", "json_include_output_fields_property: false\n"],
    ["HOST_JSON_WITHOUT_PARTS", "json_include_tags_property: false\n"],
    ["HOST_JSON_WITHOUT_PARTS", "json_include_message_property: false\n"],
    ["HOST_WATCH_OFF", "watch_config_files: false\n"],
    ["HOST_PRIORITY_HIDES", "priority: warning\n"],
    ["HOST_DROPS_UNREPORTED", "syscall_event_drops:\n  actions: [log]\n  threshold: 0.1\n"],
    ["HOST_DROPS_UNREPORTED", "syscall_event_drops:\n  actions: [ignore]\n"],
    ["HOST_QUEUE_BOUNDED", "outputs_queue:\n  capacity: 100\n"],
    ["HOST_OUTPUTS_BUFFERED", "buffered_outputs: true\n"],
    ["HOST_NO_OUTPUT_TO_US", "http_output:\n  enabled: false\nstdout_output:\n  enabled: true\n"],
    ["HOST_OUTPUTS_OFF", "http_output:\n  enabled: false\n"],
    ["HOST_PROGRAM_OUTPUT", "program_output:\n  enabled: true\n  program: \"jq '{a: .output}' | mail\"\n"],
    ["HOST_CAPTURE_OFF", "capture:\n  enabled: false\n"],
    ["HOST_METRICS_PARTIAL", "metrics:\n  enabled: true\n  interval: 1h\n  rules_counters_enabled: false\n"],
    ["HOST_METRICS_OFF", "metrics:\n  enabled: false\n  interval: 5000\n"],
  ])("%s by %j", async (code, blocks) => {
    sensor.write("falco.yaml", configWith(blocks));
    load();
    const before = await inspect();
    const found = before.findings.find((one) => one.code === code);
    expect(found).toMatchObject({
      severity: HOST_FINDINGS[code].severity,
      reason: HOST_FINDINGS[code].reason,
      where: expect.stringMatching(/falco\.yaml:\d+$/),
      lines: expect.any(String),
    });
    expect(before.mend).toMatchObject({ file: sensor.path("config.d/zz-forensics.yaml"), how: "new file" });

    sensor.write("config.d/zz-forensics.yaml", found?.lines ?? "");
    load();
    expect(codes(await inspect())).not.toContain(code);
    sensor.write("config.d/zz-forensics.yaml", before.mend?.yaml ?? "");
    load();
    expect(codes(await inspect())).toEqual([]);
  });

  test("a webserver that is open, or off, is mended the same way", async () => {
    const open = `webserver:\n  enabled: true\n  listen_port: ${sensor.port}\n  prometheus_metrics_enabled: true\n`;
    for (const [code, block] of [
      ["HOST_WEBSERVER_OPEN", open],
      ["HOST_WEBSERVER_OFF", open.replace("enabled: true", "enabled: false")],
      [
        "HOST_METRICS_OFF",
        open.replace("metrics_enabled: true", "metrics_enabled: false").concat("  listen_address: 127.0.0.1\n"),
      ],
    ] as const) {
      rmSync(sensor.path("config.d/zz-forensics.yaml"), { force: true });
      sensor.write("falco.yaml", configWith(block));
      load();
      const { findings } = await inspect();
      const found = findings.find((one) => one.code === code);
      sensor.write("config.d/zz-forensics.yaml", found?.lines ?? "");
      load();
      expect([code, codes(await inspect())]).toEqual([code, []]);
    }
  });

  test("a mending file goes behind the files that are there", async () => {
    sensor.write("config.d/zz-mine.yaml", "json_output: false\n");
    load();
    const { mend } = await inspect();
    expect(mend?.file).toBe(sensor.path("config.d/zz-zz-mine.yaml"));
    sensor.write("config.d/zz-zz-mine.yaml", mend?.yaml ?? "");
    load();
    expect(codes(await inspect())).toEqual([]);
  });

  test("lines go into the file of last time where it is there", async () => {
    sensor.write("config.d/zz-forensics.yaml", "json_output: false\n");
    load();
    const { mend } = await inspect();
    expect(mend).toMatchObject({ file: sensor.path("config.d/zz-forensics.yaml"), how: "replace blocks" });
    sensor.write("config.d/zz-forensics.yaml", mend?.yaml ?? "");
    load();
    expect(codes(await inspect())).toEqual([]);
  });

  test("without a folder in config_files the blocks of the main file are to be replaced", async () => {
    sensor.write("falco.yaml", configWith("config_files: []\njson_output: false\n"));
    load();
    const { mend } = await inspect();
    expect(mend).toEqual({ yaml: "json_output: true\n", file: sensor.path("falco.yaml"), how: "replace blocks" });
  });
});

describe("what is loaded against what is on disk", () => {
  test("rules that changed, came and went", async () => {
    sensor.write("rules/base.yaml", `${RULES}# changed\n`);
    sensor.write("rules/rules.d/new.yaml", RULES);
    rmSync(sensor.path("rules/rules.d/own.yaml"));
    const { findings } = await inspect();
    expect(findings[0]).toMatchObject({ code: "HOST_RULES_NOT_RELOADED", severity: "error" });
    expect(findings[0]?.message).toContain(
      `${JSON.stringify(sensor.path("rules/base.yaml"))} differs from what is loaded`,
    );
    expect(findings[0]?.message).toContain(`${JSON.stringify(sensor.path("rules/rules.d/new.yaml"))} is not loaded`);
    expect(findings[0]?.message).toContain('"own.yaml" is loaded and gone from disk');
  });

  test("two files of one name are told apart by their hashes", async () => {
    sensor.write("rules/rules.d/base.yaml", RULES.replace("one", "three"));
    const both = [RULES, RULES.replace("one", "three")].map((text) =>
      metric("falco_sha256_rules_files_info", 1, {
        file_name: "base.yaml",
        sha256: createHash("sha256").update(text).digest("hex"),
      }),
    );
    load();
    const text = readFileSync(sensor.path("metrics.txt"), "utf8").replace(
      /.*falco_sha256_rules_files_info.*"base.yaml".*\n/g,
      "",
    );
    sensor.write("metrics.txt", text + both.join(""));
    expect(codes(await inspect())).toEqual([]);
    sensor.write("rules/rules.d/base.yaml", RULES.replace("one", "four"));
    expect(codes(await inspect())).toEqual(["HOST_RULES_NOT_RELOADED"]);
  });

  test("the main configuration by hash, files of a folder by time", async () => {
    sensor.write("falco.yaml", `${soundConfig()}# later\n`);
    expect((await inspect()).findings).toMatchObject([
      { code: "HOST_CONFIG_NOT_RELOADED", message: expect.stringContaining("differs") },
    ]);
    load(metric("falco_reload_timestamp_nanoseconds", "1"));
    sensor.write(
      "metrics.txt",
      readFileSync(sensor.path("metrics.txt"), "utf8").replace(/(reload_timestamp_nanoseconds) \d+/g, "$1 1000000000"),
    );
    expect((await inspect()).findings).toMatchObject([
      { code: "HOST_CONFIG_NOT_RELOADED", message: expect.stringContaining("changed after the last load") },
    ]);
  });

  test("metrics that the configuration switches on and Falco does not give", async () => {
    rmSync(sensor.path("metrics.txt"));
    expect((await inspect()).findings).toMatchObject([
      { code: "HOST_CONFIG_NOT_RELOADED", message: expect.stringContaining("no /metrics") },
    ]);
  });

  test("files that Falco does not load, with the reason, and how each is mended", async () => {
    sensor.write("rules/rules.d/late.txt", RULES);
    sensor.write("rules/rules.d/README.txt", "- no rules here\n");
    sensor.write("rules/rules.d/deep/deep.yaml", RULES);
    sensor.write("extra.yaml", RULES);
    sensor.write("more/more.yaml", RULES);
    sensor.write("more/data.yaml", "a: 1\n");
    load();
    const falco = await inspect();
    expect(known(falco.configuration).unloadedFiles.map(({ path, reason }) => [path, reason.slice(0, 30)])).toEqual([
      [sensor.path("rules/rules.d/deep/deep.yaml"), "it lies in a folder inside a r"],
      [sensor.path("rules/rules.d/late.txt"), "its name does not end in .yaml"],
      [sensor.path("extra.yaml"), "no entry of rules_files leads "],
      [sensor.path("more/more.yaml"), "no entry of rules_files leads "],
    ]);
    expect(new Set(codes(falco))).toEqual(new Set(["HOST_RULES_FILE_NOT_LOADED"]));
    renameSync(sensor.path("rules/rules.d/late.txt"), sensor.path("rules/rules.d/late.yaml"));
    sensor.write("config.d/zz-forensics.yaml", falco.mend?.yaml ?? "");
    expect(codes(await inspect())).toEqual(["HOST_RULES_NOT_RELOADED"]);
    expect(known((await inspect()).configuration).unloadedFiles).toEqual([]);
  });

  test("entries that lead nowhere", async () => {
    sensor.write(
      "falco.yaml",
      configWith(`rules_files: [${sensor.path("rules")}/base.yaml, ${sensor.path("rules/rules.d")}, /none/x.yaml]\n`),
    );
    load();
    expect((await inspect()).findings).toMatchObject([
      { code: "HOST_RULES_ENTRY_MISSING", message: expect.stringContaining("/none/x.yaml"), severity: "note" },
    ]);
  });
});

describe("what a running Falco says of itself", () => {
  test.each<[HostFindingCode, string, string]>([
    [
      "HOST_EVENTS_DROPPED",
      metric("scap_n_drops_total", 2_500) + metric("scap_n_drops_buffer_total", 2_400, { dir: "exit", drop: "open" }),
      "2500 events of 1002500 (0.25 %) were lost since the last start: open 2400",
    ],
    [
      "HOST_ALERTS_DROPPED",
      metric("falco_outputs_queue_num_drops_total", 7),
      "7 alerts were lost in the outputs queue since the last start",
    ],
  ])("%s", async (code, text, message) => {
    load(text);
    expect((await inspect()).findings).toMatchObject([{ code, message, severity: "error" }]);
  });

  test("no driver, whatever the configuration says", async () => {
    const text = readFileSync(sensor.path("metrics.txt"), "utf8");
    sensor.write("metrics.txt", text.replace('"modern_bpf"', '"nodriver"'));
    expect((await inspect()).findings).toMatchObject([
      { code: "HOST_DRIVER_ABSENT", message: "Falco runs with nodriver" },
    ]);
    sensor.write("metrics.txt", text.replace('evt_source="syscall"', 'evt_source="k8s_audit"'));
    expect((await inspect()).findings).toMatchObject([
      { code: "HOST_DRIVER_ABSENT", message: expect.stringContaining("no engine") },
    ]);
  });

  test("no driver by configuration and kernel, where Falco tells nothing", async () => {
    rmSync(sensor.path("metrics.txt"));
    sensor.write("falco.yaml", configWith("engine: {kind: nodriver}\n"));
    expect(codes(await inspect())).toContain("HOST_DRIVER_ABSENT");
    sensor.write("falco.yaml", configWith("engine: {kind: kmod}\n"));
    expect(codes(await inspect())).not.toContain("HOST_DRIVER_ABSENT");
    sensor.write("proc/modules", "ext4 1 1 - Live 0x0\n");
    const { findings } = await inspect();
    rmSync(sensor.path("proc/modules"));
    const driver = findings.find(({ code }) => code === "HOST_DRIVER_ABSENT");
    expect(driver?.message).toContain("no module falco");
    sensor.write("config.d/zz-forensics.yaml", driver?.lines ?? "");
    expect(codes(await inspect())).not.toContain("HOST_DRIVER_ABSENT");
  });

  test("plugins that are configured and not loaded, or not even configured", async () => {
    sensor.write("versions.json", VERSIONS.replace('"container":"0.7.1"', ""));
    expect((await inspect()).findings).toMatchObject([
      { code: "HOST_PLUGIN_MISSING", message: expect.stringContaining("has not loaded it") },
    ]);
    sensor.write("falco.yaml", configWith("load_plugins: []\nplugins: []\n"));
    load();
    const { findings } = await inspect();
    expect(findings).toMatchObject([{ code: "HOST_PLUGIN_MISSING", message: expect.stringContaining("since 0.41") }]);
    sensor.write("config.d/zz-forensics.yaml", findings[0]?.lines ?? "");
    sensor.write("versions.json", VERSIONS);
    expect(codes(await inspect())).toEqual([]);
    sensor.write("falco.yaml", configWith("load_plugins: [json]\n"));
    load();
    expect((await inspect()).findings[0]?.message).toContain("configured nowhere");
  });

  test("a capture that no rule starts", async () => {
    for (const name of ["rules/base.yaml", "rules/rules.d/own.yaml"]) {
      sensor.write(name, readFileSync(sensor.path(name), "utf8").replace("  capture: true\n", ""));
    }
    load();
    const { findings } = await inspect();
    expect(findings).toMatchObject([{ code: "HOST_CAPTURE_CATCHES_NOTHING", severity: "warning" }]);
    sensor.write("config.d/zz-forensics.yaml", findings[0]?.lines ?? "");
    load();
    expect(codes(await inspect())).toEqual([]);
  });

  test("another Falco behind a URL is not held against this one's files", async () => {
    sensor.write("rules/base.yaml", `${RULES}# changed\n`);
    sensor.write("falco.yaml", soundConfig().replace(`listen_port: ${sensor.port}`, "listen_port: 8765"));
    const falco = await inspect({ url: `http://127.0.0.1:${sensor.port}` });
    expect(falco.state).toBe("healthy");
    expect(codes(falco)).toEqual([]);
  });
});

describe("parts that fail alone", () => {
  test("nothing answers: the process and its files are told all the same", async () => {
    sensor.write("falco.yaml", soundConfig().replace(`listen_port: ${sensor.port}`, "listen_port: 1"));
    const falco = await inspect();
    expect(falco.state).toBe("running");
    expect(falco.webserver?.health).toMatchObject({ ok: false, fault: { code: "FALCO_WEB_UNREACHABLE" } });
    expect(codes(falco)).toContain("HOST_NOT_ANSWERING");
    expect(known(falco.configuration).ruleFiles).toHaveLength(2);
  });

  test.each([
    ["a: [", "FALCO_CONFIG_MALFORMED"],
    ["- a", "FALCO_CONFIG_MALFORMED"],
    ["x".repeat(1_048_577), "FILE_TOO_LARGE"],
    [undefined, "FILE_NOT_FOUND"],
  ])("a configuration that cannot be read", async (text, code) => {
    if (text === undefined) rmSync(sensor.path("falco.yaml"));
    else sensor.write("falco.yaml", text);
    const falco = await inspect({ url: `http://127.0.0.1:${sensor.port}` });
    expect(falco.configuration).toMatchObject({ ok: false, fault: { code } });
    expect(falco.state).toBe("healthy");
  });

  test("a broken file of config.d is its own state", async () => {
    sensor.write("config.d/a.yaml", "a: [");
    sensor.write("config.d/b.yaml", "json_output: false\nconfig_files: [x]\n");
    load();
    const falco = await inspect();
    const { files, settings } = known(falco.configuration);
    expect(files.map(({ state }) => state.ok)).toEqual([true, true, false, true]);
    expect(settings.jsonOutput).toBe(false);
    expect(codes(falco)).toContain("CONFIG_INCLUDE_REFUSED");
  });

  test("no process table: unknown, with its reason", async () => {
    rmSync(sensor.path("falco.yaml"));
    const falco = await inspect({ procFolder: sensor.path("nowhere"), configPath: sensor.path("falco.yaml") });
    expect(falco.state).toBe("unknown");
    expect(falco.processes).toMatchObject({ ok: false, fault: { code: "FALCO_PROCESSES_UNREADABLE" } });
    expect(falco.configuration).toMatchObject({ ok: false, fault: { code: "FILE_NOT_FOUND" } });
  });

  test("an address in falco.yaml that is not this host's is not asked", async () => {
    sensor.write("falco.yaml", soundConfig().replace("listen_address: 127.0.0.1", "listen_address: 192.0.2.7"));
    load();
    const falco = await inspect();
    expect(falco.webserver?.health).toMatchObject({ ok: false, fault: { code: "FALCO_ELSEWHERE" } });
    expect(codes(falco)).not.toContain("HOST_NOT_ANSWERING");
  });

  test("a Falco of another host: nothing of this host's files is told", async () => {
    const falco = await inspect({ url: "http://192.0.2.7:1/", timeoutMs: 300 });
    expect(falco.state).toBe("down");
    expect(falco.process).toBeUndefined();
    expect(falco.configuration).toMatchObject({ ok: false, fault: { code: "FALCO_ELSEWHERE" } });
  });

  test("only a URL that is none fails", async () => {
    await expect(inspect({ url: "falco" })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("other processes", () => {
  test("options, rules of the command line and the environment count", async () => {
    const other = await startSensor({
      arguments: (folder) =>
        ["-c", "own.yaml", "-r", "r.yaml", "-o", "json_output=false", "--option=rules[].disable.tag=noisy", "-pk"].map(
          (word) => word.replace("FOLDER", folder),
        ),
      environment: { OUT: "/var/log/out.jsonl" },
    });
    try {
      other.write(
        "own.yaml",
        `json_output: true\nfile_output:\n  enabled: true\n  filename: \${OUT}\nwebserver:\n  enabled: false\nrules_files: [/none]\n`,
      );
      other.write("r.yaml", RULES);
      const falco = await inspect({ procFolder: other.procFolder, followedFiles: ["/var/log/out.jsonl"] });
      const { settings, ruleFiles, selection, missingRuleEntries } = known(falco.configuration);
      expect(settings).toMatchObject({
        jsonOutput: false,
        outputs: [{ kind: "file", target: "/var/log/out.jsonl", reachesUs: true }],
      });
      expect(ruleFiles.map(({ path }) => path)).toEqual([other.path("r.yaml")]);
      expect(missingRuleEntries).toEqual([]);
      expect(selection).toEqual(['disable tag "noisy"']);
      expect(falco.state).toBe("running");
      const json = falco.findings.find(({ code }) => code === "HOST_JSON_OFF");
      expect(json).toMatchObject({
        fix: expect.stringContaining("-o json_output=false"),
        where: "-o json_output=false",
      });
      expect(json?.lines).toBeUndefined();
      expect(falco.mend?.yaml).not.toContain("json_output:");
    } finally {
      await other.end();
    }
  });

  test.each([
    [["-V", "r.yaml"], "once"],
    [["--version"], "once"],
    [["-o", "engine.kind=replay"], "once"],
    [["-c", "falco.yaml", "--disable-source", "syscall"], "sensor"],
  ])("falco %j is %s", async (args, kind) => {
    const other = await startSensor({ arguments: () => args });
    try {
      expect(known((await inspect({ procFolder: other.procFolder })).processes)[0]?.kind).toBe(kind);
    } finally {
      await other.end();
    }
  });

  test("a program that was replaced, and one that only bears the name", async () => {
    const replaced = await startSensor();
    const stranger = await startSensor({ name: "miner", environment: { TITLE: "falco" } });
    try {
      rmSync(replaced.path("bin/falco"));
      symlinkSync(`/proc/${replaced.child.pid}`, join(stranger.procFolder, String(replaced.child.pid)));
      const falco = await inspect({ procFolder: stranger.procFolder });
      expect(
        known(falco.processes).map(({ pid, kind, replaced: gone, program }) => [pid, kind, gone, program]),
      ).toEqual([
        [replaced.child.pid, "sensor", true, replaced.path("bin/falco")],
        [stranger.child.pid, "named", false, stranger.path("bin/miner")],
      ]);
      expect(codes(falco)).toContain("HOST_PROGRAM_REPLACED");
      expect(falco.findings.find(({ code }) => code === "HOST_ANOTHER_IN_FALCOS_NAME")?.message).toBe(
        `process ${stranger.child.pid} calls itself "falco" and runs ${JSON.stringify(stranger.path("bin/miner"))}`,
      );
      expect(falco.process?.pid).toBe(replaced.child.pid);
    } finally {
      await replaced.end();
      await stranger.end();
    }
  });

  test("two sensors, and the one that is named", async () => {
    const other = await startSensor();
    try {
      other.write("falco.yaml", soundConfig());
      symlinkSync(`/proc/${sensor.child.pid}`, join(other.procFolder, String(sensor.child.pid)));
      const falco = await inspect({ procFolder: other.procFolder });
      expect(falco.process?.pid).toBe(sensor.child.pid);
      expect(falco.findings).toMatchObject([{ code: "HOST_SEVERAL_FALCOS" }]);
      const named = await inspect({ procFolder: other.procFolder, configPath: other.path("falco.yaml") });
      expect(named.process?.pid).toBe(other.child.pid);
    } finally {
      await other.end();
    }
  });
});
