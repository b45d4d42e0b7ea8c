import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openRunFolder, sweepRunFolders } from "../../../src/falco/binary/run-folder.ts";
import { temporaryFolder } from "../../support/fake-falco/under-test.ts";

const DAY_MS = 86_400_000;

/** A process that has ended, by its number. */
async function deadPid(): Promise<number> {
  const child = spawn("true");
  await new Promise((resolve) => child.once("exit", resolve));
  return child.pid ?? 0;
}

function plant(runs: string, name: string, owner: unknown, ageMs = 0): string {
  const path = join(runs, name);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (owner !== undefined)
    writeFileSync(join(path, "owner.json"), typeof owner === "string" ? owner : JSON.stringify(owner));
  const then = (Date.now() - ageMs) / 1000;
  utimesSync(path, then, then);
  return path;
}

test("a folder holds what it was given and is gone with all of it", async () => {
  const runs = join(temporaryFolder(), "runs");
  const folder = await openRunFolder(runs, "one");
  await folder.write("a.yaml", "x");
  await folder.link("capture.scap", "/no/such/file");
  expect(readdirSync(folder.path).sort()).toEqual(["a.yaml", "capture.scap", "owner.json"]);
  await folder.remove();
  expect(readdirSync(runs)).toEqual([]);
});

test("a name is never written over, inside a folder or as one", async () => {
  const runs = join(temporaryFolder(), "runs");
  const folder = await openRunFolder(runs, "one");
  await folder.write("a.yaml", "x");
  await expect(folder.write("a.yaml", "y")).rejects.toMatchObject({ code: "HOME_NOT_WRITABLE" });
  await expect(openRunFolder(runs, "one")).rejects.toMatchObject({ code: "HOME_NOT_WRITABLE" });
});

test.each<[string, (runs: string) => void]>([
  ["open to others", (runs) => mkdirSync(runs, { mode: 0o755 })],
  ["a symbolic link", (runs) => symlinkSync(temporaryFolder(), runs)],
  ["a file", (runs) => writeFileSync(runs, "")],
  ["below a file", (runs) => writeFileSync(join(runs, ".."), "")],
])("a folder of runs that is %s is refused", async (_, prepare) => {
  const runs = join(temporaryFolder(), "place", "runs");
  if (prepare.toString().includes('".."')) prepare(runs);
  else {
    mkdirSync(join(runs, ".."));
    prepare(runs);
  }
  await expect(openRunFolder(runs, "one")).rejects.toMatchObject({ code: "HOME_NOT_WRITABLE" });
});

test("the sweep removes what dead processes left and keeps the rest", async () => {
  const runs = join(temporaryFolder(), "runs");
  const mine = await openRunFolder(runs, "mine");
  plant(runs, "dead", { pid: await deadPid(), started: "1" });
  plant(runs, "reused", { pid: process.pid, started: "1" });
  plant(runs, "young-unknown", undefined);
  plant(runs, "old-unknown", undefined, 2 * DAY_MS);
  plant(runs, "old-garbled", "{", 2 * DAY_MS);
  plant(runs, "old-lying", { pid: "1; rm", started: 3 }, 2 * DAY_MS);
  writeFileSync(join(runs, "a-file"), "");
  expect(await sweepRunFolders(runs, Date.now())).toBe(5);
  expect(readdirSync(runs).sort()).toEqual(["a-file", "mine", "young-unknown"]);
  await mine.remove();
});

test("the sweep ends a process that outlived its server, and no other of that number", async () => {
  const runs = join(temporaryFolder(), "runs");
  const pid = await deadPid();
  const orphaned = plant(runs, "orphaned", { pid, started: "1" });
  const foreign = plant(runs, "foreign", { pid, started: "1" });
  const orphan = spawn("sleep", ["600"], { cwd: orphaned, detached: true });
  const bystander = spawn("sleep", ["600"], { cwd: "/", detached: true });
  const ended = new Promise((resolve) => orphan.once("exit", (_, signal) => resolve(signal)));
  writeFileSync(join(orphaned, "leader"), String(orphan.pid));
  writeFileSync(join(foreign, "leader"), String(bystander.pid));
  try {
    expect(await sweepRunFolders(runs, Date.now())).toBe(2);
    expect(await ended).toBe("SIGKILL");
    expect(bystander.exitCode).toBeNull();
    expect(existsSync(`/proc/${bystander.pid}`)).toBe(true);
  } finally {
    bystander.kill("SIGKILL");
  }
});

test("a folder of runs that is not there has nothing to sweep", async () => {
  expect(await sweepRunFolders(join(temporaryFolder(), "absent"), Date.now())).toBe(0);
});
