import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { type ProcessRequest, runProcess } from "../../../src/falco/binary/run-process.ts";
import { type FakeFalco, makeFakeFalco } from "../../support/fake-falco/fake-falco.ts";
import { temporaryFolder } from "../../support/fake-falco/under-test.ts";

const PATIENT = { startMs: 20_000, wholeMs: 20_000, graceMs: 400, outputBytes: 50_000_000, lineBytes: 1_000_000 };

/** Runs a program that misbehaves and gives its end, its lines and the process it had. */
async function run(fake: FakeFalco, request: Partial<ProcessRequest> = {}) {
  const folder = temporaryFolder();
  const lines: string[] = [];
  let pid = 0;
  const end = await runProcess({
    file: makeFakeFalco(folder, fake),
    args: [],
    folder,
    environment: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` },
    limits: PATIENT,
    nowMs: Date.now,
    onStart: (started) => {
      pid = started;
    },
    onLine: ({ bytes, bytesLeftOut, isEnded }) => {
      lines.push(
        `${bytes.toString("utf8").slice(0, 60)}${bytesLeftOut > 0 ? `+${bytesLeftOut}` : ""}${isEnded ? "" : "…"}`,
      );
      return true;
    },
    onErrorLine: ({ bytes }) => void lines.push(`stderr ${bytes.toString("utf8").slice(0, 60)}`),
    ...request,
  });
  return { end, lines, pid };
}

/** Dead, or a zombie that its new parent has not fetched yet. */
function isGone(pid: number): boolean {
  if (!existsSync(`/proc/${pid}`)) return true;
  return /^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}

const limits = (more: Partial<ProcessRequest["limits"]>) => ({ limits: { ...PATIENT, ...more } });

test.each<[string, FakeFalco, Partial<ProcessRequest>, object]>([
  ["says nothing", { mode: "hang" }, limits({ startMs: 300 }), { endedBy: "no_start", killedBy: "SIGTERM" }],
  ["falls silent", { mode: "hang-after-log" }, limits({ idleMs: 300 }), { endedBy: "silence", killedBy: "SIGTERM" }],
  ["never ends", { mode: "alert-then-hang" }, limits({ wholeMs: 1_500 }), { endedBy: "duration" }],
  ["ignores SIGTERM", { mode: "ignores-term" }, limits({ idleMs: 300 }), { endedBy: "silence", killedBy: "SIGKILL" }],
  ["floods", { mode: "flood" }, limits({ outputBytes: 3_000_000 }), { endedBy: "flood" }],
  ["crashes", { mode: "dies-mid-line" }, {}, { endedBy: "itself", killedBy: "SIGSEGV" }],
  ["ends well", { mode: "half-line" }, {}, { endedBy: "itself", exitCode: 0 }],
  ["is not there", {}, { file: "/no/such/falco" }, { endedBy: "not_started", cause: { code: "ENOENT" } }],
  ["is a folder", {}, { file: "/usr" }, { endedBy: "not_started", cause: { code: "EACCES" } }],
])("a process that %s has an end, and nothing of it stays", async (_, fake, request, expected) => {
  const { end, pid } = await run(fake, request);
  expect(end).toMatchObject(expected);
  if (pid !== 0) expect(isGone(pid)).toBe(true);
});

test("every line before a crash arrives, the cut one marked as cut", async () => {
  const { lines } = await run({ mode: "dies-mid-line" });
  expect(lines).toHaveLength(3);
  expect(lines[2]).toMatch(/^\{"hostname".*…$/);
});

test("a line over the limit is cut, counted, and the next one is whole", async () => {
  const { lines } = await run({ mode: "long-line" }, limits({ lineBytes: 1_000 }));
  expect(lines).toEqual([expect.stringMatching(/^y+\+2999000$/), expect.stringMatching(/^\{"hostname"/)]);
});

test.each(["grandchild", "leaves-grandchild"])("%s: the whole group is gone when the run is over", async (mode) => {
  const seen: string[] = [];
  const { lines } = await run({ mode }, limits({ idleMs: 600 }));
  seen.push(...lines);
  const grandchild = Number(/^child (\d+)$/.exec(seen[1] ?? "")?.[1]);
  expect(grandchild).toBeGreaterThan(1);
  await expect.poll(() => isGone(grandchild)).toBe(true);
});

test("a pipe that a process outside the group holds open does not keep the run waiting", async () => {
  const { end, lines } = await run({ mode: "stray-grandchild" });
  expect(end).toMatchObject({ endedBy: "itself", exitCode: 0 });
  process.kill(Number(/^child (\d+)$/.exec(lines[1] ?? "")?.[1]), "SIGKILL");
});

test("a taker that has enough ends the process; what comes after is not handed on", async () => {
  const lines: number[] = [];
  const { end, pid } = await run({ mode: "many-alerts" }, { onLine: ({ bytes }) => lines.push(bytes.length) < 3 });
  expect(end.endedBy).toBe("enough");
  expect(lines).toHaveLength(3);
  expect(isGone(pid)).toBe(true);
});

test("a slow taker is waited for, is no silence, and holds the process back", async () => {
  let taken = 0;
  const slowly = async (): Promise<boolean> => {
    taken += 1;
    if (taken <= 3) await new Promise((resolve) => setTimeout(resolve, 500));
    return true;
  };
  const { end } = await run({ mode: "many-alerts" }, { ...limits({ idleMs: 300 }), onLine: slowly });
  expect([end.endedBy, taken]).toEqual(["itself", 100_005]);
});

test("what a taker throws is thrown on, after the process is gone", async () => {
  let pid = 0;
  const failing = run(
    { mode: "alert-then-hang" },
    {
      onStart: (started) => {
        pid = started;
      },
      onLine: () => Promise.reject(new Error("the store is full")),
    },
  );
  await expect(failing).rejects.toThrow("the store is full");
  expect(isGone(pid)).toBe(true);
});

test("cancelling ends the process; cancelled before, it is not started", async () => {
  const cancel = new AbortController();
  const onLine = (): boolean => {
    cancel.abort();
    return true;
  };
  const running = await run({ mode: "alert-then-hang" }, { signal: cancel.signal, onLine });
  expect(running.end.endedBy).toBe("cancelled");
  const { end, pid } = await run({}, { signal: cancel.signal });
  expect([end.endedBy, pid]).toEqual(["cancelled", 0]);
});

test("a hundred runs leave no listener, timer or descriptor behind", async () => {
  const before = process.listenerCount("exit");
  const folder = temporaryFolder();
  const handles = (): number =>
    process.getActiveResourcesInfo().filter((name) => /Pipe|Process|Timeout/.test(name)).length;
  const start = handles();
  for (let index = 0; index < 100; index += 1) {
    await runProcess({
      file: "/bin/true",
      args: [],
      folder,
      environment: {},
      limits: PATIENT,
      nowMs: Date.now,
      onLine: () => true,
      onErrorLine: () => undefined,
    });
  }
  expect(process.listenerCount("exit")).toBeLessThanOrEqual(before + 1);
  await expect.poll(handles).toBeLessThanOrEqual(start + 1);
});
