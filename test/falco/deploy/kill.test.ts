import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type DeployPlace, deployPlace, rule } from "./deploy-place.ts";

// Each test starts a process, which takes long on a machine that does other things, too.
vi.setConfig({ testTimeout: 120_000 });

const OLD = { "a.yaml": rule("A"), "b.yaml": rule("B") };
const NEW = { "a.yaml": rule("A", "zsh"), "c.yaml": rule("C") };
const REQUEST = {
  write: Object.entries(NEW).map(([name, text]) => ({ name, text })),
  remove: ["b.yaml"],
};

let at: DeployPlace | undefined;
let child: ChildProcess | undefined;

afterEach(() => {
  if (child?.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  at?.close();
});

/** old, new: exactly that set; between: some of each, for the moment of the switch. */
type Left = "old" | "new" | "between";

async function killAt(place: DeployPlace, step: string, fate: "good" | "bad"): Promise<string> {
  const plan = await place.plan(REQUEST);
  const approval = await place.approve(plan);
  const program = resolve(import.meta.dirname, "kill-program.ts");
  const folders = [place.home, join(place.place, "home", "approvals")];
  const argv = ["--import", "tsx", program, ...folders, plan.id, approval, step, fate];
  const process_ = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"] });
  child = process_;
  let said = "";
  process_.stderr.on("data", (text) => {
    said += text;
  });
  await new Promise<void>((ready, failed) => {
    process_.stdout.once("data", () => ready());
    process_.once("exit", (code) => failed(new Error(`it ended with ${code} before ${step}: ${said}`)));
  });
  const gone = new Promise((done) => process_.once("close", done));
  process_.kill("SIGKILL");
  await gone;
  return plan.id;
}

function left(files: Record<string, string>): Left {
  const text = JSON.stringify(files);
  return text === JSON.stringify(OLD) ? "old" : text === JSON.stringify(NEW) ? "new" : "between";
}

describe("killed while it deploys", () => {
  test.each<{ step: string; leaves: Left; ends: string; why?: string }>([
    { step: "approved", leaves: "old", ends: "failed", why: "cut off before anything was changed" },
    { step: "validated", leaves: "old", ends: "failed", why: "cut off before anything was changed" },
    { step: "backed-up", leaves: "old", ends: "failed", why: "cut off before anything was changed" },
    { step: "staged", leaves: "old", ends: "failed", why: "cut off before anything was changed" },
    { step: "switching", leaves: "old", ends: "failed", why: "cut off before anything was changed" },
    { step: "switched c.yaml", leaves: "between", ends: "rolled-back", why: "cut off in the middle of the switch" },
    { step: "switched a.yaml", leaves: "between", ends: "rolled-back", why: "cut off in the middle of the switch" },
    { step: "switched b.yaml", leaves: "new", ends: "confirmed" },
    { step: "written", leaves: "new", ends: "confirmed" },
    { step: "reloaded", leaves: "new", ends: "confirmed" },
  ])("after $step: leaves the $leaves files, ends $ends", async ({ step, leaves, ends, why }) => {
    at = deployPlace(OLD);
    const id = await killAt(at, step, "good");
    expect(left(at.files())).toBe(leaves);
    expect((await at.deployments.list())[0]).toMatchObject({ id, state: "interrupted" });
    await expectSettled(at, id, ends, why);
    expect(left(at.files())).toBe(ends === "confirmed" ? "new" : "old");
  });

  test("after the end: nothing is left to do", async () => {
    at = deployPlace(OLD);
    await killAt(at, "confirmed", "good");
    expect(await at.deployments.recover()).toEqual([]);
    expect(left(at.files())).toBe("new");
  });
});

describe("killed while it takes the new files back", () => {
  test.each<{ step: string; leaves: Left }>([
    { step: "rolling-back", leaves: "new" },
    { step: "staged back", leaves: "new" },
    { step: "switched back b.yaml", leaves: "between" },
    { step: "switched back a.yaml", leaves: "between" },
    { step: "switched back c.yaml", leaves: "old" },
    { step: "restored", leaves: "old" },
  ])("after $step: leaves the $leaves files, ends rolled-back", async ({ step, leaves }) => {
    at = deployPlace(OLD);
    const id = await killAt(at, step, "bad");
    expect(left(at.files())).toBe(leaves);
    await expectSettled(at, id, "rolled-back", "Falco is not healthy any more: ill");
    expect(left(at.files())).toBe("old");
  });
});

describe("what was cut off", () => {
  test("is settled before the next deployment, which then goes through", async () => {
    at = deployPlace(OLD);
    const id = await killAt(at, "switched a.yaml", "good");
    const stale = at.plan(REQUEST);
    const plan = await stale;
    await expect(at.deployments.deploy(plan.id, await at.approve(plan))).rejects.toMatchObject({
      code: "DEPLOY_CHANGED",
    });
    expect(left(at.files())).toBe("old");
    expect((await at.deployments.list()).find((entry) => entry.id === id)?.state).toBe("rolled-back");
    expect((await at.deploy(REQUEST)).state).toBe("confirmed");
  });

  test("with a journal whose last line was cut, too, goes by the lines before it", async () => {
    at = deployPlace(OLD);
    const id = await killAt(at, "switched c.yaml", "good");
    const path = join(at.home, id, "journal.jsonl");
    writeFileSync(path, `${readFileSync(path, "utf8")}\n{"at":"2026-11-25T03:00:00.000Z","step":"writ`);
    await expectSettled(at, id, "rolled-back", "cut off in the middle of the switch");
    expect(left(at.files())).toBe("old");
    const [entry] = await at.deployments.list();
    expect(entry?.journal.slice(-3).map((line) => line.step)).toEqual(["rolling-back", "restored", "rolled-back"]);
  });

  test("is taken back when Falco is not well with it", async () => {
    at = deployPlace(OLD);
    const id = await killAt(at, "reloaded", "good");
    at.falco.answer = ({ reloads }) => (reloads < 2 ? { healthy: false, problem: "ill" } : {});
    await expectSettled(at, id, "rolled-back", "ill");
    expect(left(at.files())).toBe("old");
  });
});

async function expectSettled(place: DeployPlace, id: string, ends: string, why?: string): Promise<void> {
  const [outcome, ...others] = await place.deployments.recover();
  expect(others).toEqual([]);
  expect(outcome).toMatchObject({ id, state: ends });
  if (why !== undefined) expect(outcome?.why).toContain(why);
  expect(place.names()).toEqual(Object.keys(place.files()));
  expect(place.records.at(-1)).toMatchObject({ deployment: id, step: ends });
  expect(await place.deployments.recover()).toEqual([]);
}
