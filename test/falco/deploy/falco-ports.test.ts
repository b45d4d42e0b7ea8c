import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { healthPort, loadingOf } from "../../../src/falco/deploy/falco-ports.ts";
import type { FalcoConfiguration, FalcoMetrics, RunningFalco } from "../../../src/falco/host/running-falco.ts";

const fault = { code: "FALCO_WEB", message: "it refused the connection", fix: "Start it." };
const failed = { ok: false, fault } as const;

const metricsAt = (more: Partial<FalcoMetrics>): FalcoMetrics => ({
  engines: [],
  bufferDrops: [],
  ruleMatches: [],
  ruleFiles: [{ name: "a.yaml", sha256: "aa" }],
  configFiles: [],
  startedNs: 1n,
  reloadedNs: 1n,
  ...more,
});

function seen(more: Partial<RunningFalco>, metrics?: FalcoMetrics): RunningFalco {
  const versions = { ok: true, value: { falco: "0.44.0", plugins: [] } } as const;
  const told = metrics === undefined ? failed : ({ ok: true, value: metrics } as const);
  return {
    state: "healthy",
    checkedMs: 0,
    processes: { ok: true, value: [] },
    configuration: failed,
    webserver: {
      url: "http://x",
      from: "falco.yaml",
      health: { ok: true, value: { status: "ok" } },
      versions,
      metrics: told,
    },
    findings: [],
    ...more,
  };
}

const unreachable: NonNullable<RunningFalco["webserver"]> = {
  url: "http://x",
  from: "falco.yaml",
  health: failed,
  versions: failed,
  metrics: failed,
};

describe("health", () => {
  test.each([
    { why: "it answers", falco: seen({}), healthy: true },
    { why: "its webserver is switched off", falco: noWebserver({ state: "running" }), healthy: true },
    {
      why: "it does not answer",
      falco: seen({ state: "running", webserver: unreachable }),
      healthy: false,
      problem: fault.message,
    },
    { why: "it is gone", falco: noWebserver({ state: "down" }), healthy: false, problem: "no Falco runs" },
    {
      why: "nothing can be seen",
      falco: noWebserver({ state: "unknown" }),
      healthy: false,
      problem: "its state is unknown",
    },
  ])("when $why: $healthy", async ({ falco, healthy, problem }) => {
    expect(await healthPort(async () => falco)()).toMatchObject({
      healthy,
      ...(problem === undefined ? {} : { problem }),
    });
  });

  test("tells loaded files, and rates between two answers of one start", async () => {
    const matches = (count: number) => [{ rule: "A", source: "syscall", matches: count }];
    const answers = [
      seen({ checkedMs: 0 }, metricsAt({ eventDrops: 10, queueDrops: 1, ruleMatches: matches(5) })),
      seen({ checkedMs: 2_000 }, metricsAt({ eventDrops: 20, queueDrops: 1, ruleMatches: matches(9) })),
      seen({ checkedMs: 4_000 }, metricsAt({ eventDrops: 0, reloadedNs: 2n })),
      seen({ checkedMs: 5_000 }, metricsAt({ eventDrops: 3, reloadedNs: 2n })),
    ];
    const ask = healthPort(async () => answers.shift()!);
    const told = { healthy: true, version: "0.44.0", loadedFiles: [{ name: "a.yaml", sha256: "aa" }] };
    expect(await ask()).toEqual(told);
    expect(await ask()).toEqual({ ...told, dropsPerSecond: 5, alertsPerSecond: 2 });
    expect(await ask()).toEqual(told);
    expect(await ask()).toEqual({ ...told, dropsPerSecond: 3, alertsPerSecond: 0 });
  });

  test("another Falco of this host does not stand in for the one that is gone", async () => {
    const answers = [
      seen({ process: sensor(7, "/etc/falco/falco.yaml") }),
      seen({ process: sensor(8, "/etc/falco/falco.yaml") }),
      seen({ process: sensor(9, "/srv/falco.yaml") }),
    ];
    const ask = healthPort(async () => answers.shift()!);
    expect(await ask()).toMatchObject({ healthy: true });
    expect(await ask()).toMatchObject({ healthy: true });
    expect(await ask()).toEqual({
      healthy: false,
      problem: 'the Falco of "/etc/falco/falco.yaml" is gone; another one runs',
    });
  });

  const sensor = (pid: number, configPath: string): NonNullable<RunningFalco["process"]> => ({
    pid,
    name: "falco",
    replaced: false,
    kind: "sensor",
    arguments: [],
    configPath,
    rulePaths: [],
    options: [],
    ownFiles: false,
  });

  function noWebserver(more: Partial<RunningFalco>): RunningFalco {
    const { webserver, ...rest } = seen(more);
    return rest;
  }
});

describe("how the running Falco loads rules", () => {
  let place: string;
  let folder: string;
  beforeEach(() => {
    place = realpathSync(mkdtempSync(join(tmpdir(), "ports-")));
    folder = join(place, "rules.d");
    mkdirSync(folder);
  });
  afterEach(() => rmSync(place, { recursive: true, force: true }));

  const configured = (more: Partial<FalcoConfiguration>, watchConfigFiles = true): RunningFalco => {
    const value = {
      ruleFiles: [],
      selection: [],
      settings: { watchConfigFiles },
      ...more,
    } as unknown as FalcoConfiguration;
    return seen({ configuration: { ok: true, value } });
  };
  const nobody = async (): Promise<RunningFalco> => seen({});
  const file = (path: string, entry: string) => ({ path, entry, state: failed });

  test("comes from its configuration: entries in order, each once, and the selection", () => {
    const ruleFiles = [file("/f/a.yaml", "/f/a.yaml"), file("/f/d/1.yaml", "/f/d"), file("/f/d/2.yaml", "/f/d")];
    const selection = ["disable rule *", "enable tag network", "something else"];
    expect(loadingOf(configured({ ruleFiles, selection }), "/f/d", nobody)).toEqual({
      rulesFiles: ["/f/a.yaml", "/f/d"],
      load: {
        selection: [
          { action: "disable", rule: "*" },
          { action: "enable", tag: "network" },
        ],
      },
    });
  });

  test("has the folder at its end while that is empty, and not when it holds rules that are not loaded", () => {
    const ruleFiles = [file("/f/a.yaml", "/f/a.yaml")];
    expect(loadingOf(configured({ ruleFiles }), folder, nobody).rulesFiles).toEqual(["/f/a.yaml", folder]);
    writeFileSync(join(folder, "x.yaml"), "");
    expect(loadingOf(configured({ ruleFiles }), folder, nobody).rulesFiles).toEqual(["/f/a.yaml"]);
  });

  test("is unknown where its configuration cannot be read", () => {
    expect(loadingOf(seen({}), folder, nobody)).toEqual({ load: {} });
  });

  test("needs a signal where it does not watch its files, and says when there is nobody to send it to", async () => {
    const { reload } = loadingOf(configured({}, false), folder, nobody);
    await expect(reload?.()).rejects.toMatchObject({ code: "DEPLOY_NO_FALCO" });
  });
});
