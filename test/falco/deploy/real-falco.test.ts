import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Deployments } from "../../../src/falco/deploy/deployment.ts";
import { healthPort } from "../../../src/falco/deploy/falco-ports.ts";
import { inspectFalco } from "../../../src/falco/host/inspect-falco.ts";
import { type DeployPlace, deployPlace, rule } from "./deploy-place.ts";

/** The real Falco that FALCO_BIN names, run without a driver; the suite leaves this file out where none is named. */
const { FALCO_BIN } = process.env;

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 });

describe("a Falco that watches its rules folder", () => {
  let at: DeployPlace;
  let falco: ChildProcess;
  let deployments: Deployments;
  let log: string;

  beforeEach(async () => {
    at = deployPlace({ "a.yaml": rule("A"), "b.yaml": rule("B") });
    const port = await freePort();
    log = join(at.place, "falco.log");
    writeFileSync(join(at.place, "falco.yaml"), configuration(at.folder, port));
    falco = spawn(FALCO_BIN ?? "", ["-c", join(at.place, "falco.yaml")], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    falco.stderr?.on("data", (text) => {
      said += text;
      writeFileSync(log, said);
    });
    const nowMs = () => Date.now();
    const url = `http://127.0.0.1:${port}`;
    const health = healthPort((signal) => inspectFalco({ url, nowMs, ...(signal === undefined ? {} : { signal }) }));
    const wait = (ms: number) => delay(ms);
    deployments = at.with({ health, nowMs, sleep: wait, reload: undefined as never });
    for (let tries = 0; !(await health()).healthy; tries += 1) {
      if (tries > 100) throw new Error(`Falco did not start: ${said}`);
      await wait(200);
    }
  });
  afterEach(async () => {
    const gone = new Promise((done) => falco.once("exit", done));
    if (falco.exitCode === null && falco.kill("SIGTERM")) await gone;
    at.close();
  });

  const starts = (): number => readFileSync(log, "utf8").split("Starting health webserver").length - 1;

  test("loads several files of one deployment at once, and that is confirmed by their hashes", async () => {
    const before = starts();
    const request = {
      write: [
        { name: "a.yaml", text: rule("A", "zsh") },
        { name: "c.yaml", text: rule("C") },
      ],
      remove: ["b.yaml"],
      watchSeconds: 5,
    };
    const outcome = await at.deploy(request, deployments);
    expect(outcome).toMatchObject({ state: "confirmed" });
    // It tries new rules out as often as it likes, but starts anew once, not once a file.
    expect(starts() - before).toBe(1);
  });

  test("that refuses what we took for good keeps the old rules, and the files go back", async () => {
    const broken = rule("C", "bash", " and no_such_macro");
    const trusting = { validate: async () => ({ engine: "falco", ok: true, errors: [] }) };
    const nowMs = () => Date.now();
    const health = async () => healthOf();
    const lax = at.with({ ...trusting, health, nowMs, sleep: (ms) => delay(ms / 10), reload: undefined as never });
    const outcome = await at.deploy({ write: [{ name: "c.yaml", text: broken }] }, lax);
    expect(outcome).toMatchObject({ state: "rolled-back", why: expect.stringContaining("is not among its files") });
    expect(at.files()).toEqual({ "a.yaml": rule("A"), "b.yaml": rule("B") });
  });

  async function healthOf() {
    const url = /listen_port: (\d+)/.exec(readFileSync(join(at.place, "falco.yaml"), "utf8"))?.[1];
    return healthPort(() => inspectFalco({ url: `http://127.0.0.1:${url}`, nowMs: () => Date.now() }))();
  }

  test("that dies under the new rules gets the old files back", async () => {
    const dying = at.with({
      health: healthOf,
      nowMs: () => Date.now(),
      sleep: (ms) => delay(ms / 5),
      reload: undefined as never,
      afterStep: (step) => {
        if (step === "written") setTimeout(() => falco.kill("SIGKILL"), 3_000);
      },
    });
    const outcome = await at.deploy({ write: [{ name: "c.yaml", text: rule("C") }], watchSeconds: 60 }, dying);
    expect(outcome).toMatchObject({ state: "rolled-back", why: expect.stringContaining("not healthy any more") });
    expect(at.files()).toEqual({ "a.yaml": rule("A"), "b.yaml": rule("B") });
  });
});

const configuration = (folder: string, port: number): string => `watch_config_files: true
rules_files: [${folder}]
engine: {kind: nodriver}
load_plugins: []
stdout_output: {enabled: true}
webserver: {enabled: true, threadiness: 2, listen_port: ${port}, listen_address: 127.0.0.1, prometheus_metrics_enabled: true}
metrics: {enabled: true, interval: 1h, rules_counters_enabled: true}
log_stderr: true
log_syslog: false
log_level: debug
`;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === "object" && address !== null ? address.port : 0;
}
