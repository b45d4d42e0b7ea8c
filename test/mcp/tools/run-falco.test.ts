import { afterAll, beforeAll, expect, test } from "vitest";
import { runFalco } from "../../../src/mcp/tools/run-falco.ts";
import { type ReplayTools, replayTools } from "./replay-tools.ts";

let tools: ReplayTools;
beforeAll(async () => {
  tools = await replayTools();
});
afterAll(() => tools.close());

test("replay stores the alerts under the run's id and tells what it did", async () => {
  const data = await tools.answer(runFalco, { mode: "replay", rules: "forensics", capture: "web.scap", limit: 2 });
  expect(data).toMatchObject({
    engine: "embedded 0.63.0",
    state: "finished",
    event_source: "syscall",
    rules_run: 7,
    events: 6747,
    first_event: expect.stringMatching(/^2026-11-22T02:49:11\./),
    ended_by: "end of input",
    alerts: 19,
    added: 19,
    by_priority: { Warning: 16, Notice: 3 },
    first_alerts: [{ rule: "Forensics shell spawned in container", run_id: data.run_id }, {}],
    warnings: [],
    source: { kind: "replay", looked_at: 6747 },
  });
  expect((await tools.alerts.search({ runId: data.run_id }, { limit: 1, order: "newest" })).matched).toBe(19);
  const listed = await tools.answer(runFalco, { mode: "list" });
  expect(listed.runs).toMatchObject([
    { id: data.run_id, mode: "replay", state: "finished", client: "host 2", alerts: 19 },
  ]);
});

test("a cut capture gives what came before, and says so first", async () => {
  const data = await tools.answer(runFalco, { mode: "replay", rules: "forensics", capture: "cut.scap" });
  expect(data).toMatchObject({
    state: "faulty",
    ended_by: "fault",
    fault: { code: expect.stringMatching(/^CAPTURE_/) },
  });
  expect(data.alerts).toBeGreaterThan(0);
  expect(data.warnings[0]).toMatch(/^CAPTURE_\w+: the input could not be read to its end/);
});

test("audit events run without their plugin", async () => {
  const data = await tools.answer(runFalco, { mode: "replay", rules: "k8s", events: "audit.jsonl" });
  expect(data).toMatchObject({
    event_source: "k8s_audit",
    by_rule: { "Secret read": 1 },
    first_alerts: [{ source: "k8s_audit", output: "secret db by eve", user: "eve" }],
    warnings: ["1 part of the input was passed over, first: part 2 of the file is no JSON"],
  });
});

test("rules that cannot fire on the input are not passed off as silence", async () => {
  const data = await tools.answer(runFalco, { mode: "replay", rules: "k8s", capture: "web.scap" });
  expect(data.warnings).toEqual(["no active rule of the set is of source syscall, so nothing could fire"]);
});

test("a limit is told", async () => {
  const data = await tools.answer(runFalco, {
    mode: "replay",
    rules: "forensics",
    capture: "web.scap",
    limits: { alerts: 2 },
  });
  expect(data).toMatchObject({ alerts: 2, warnings: [expect.stringContaining("limit of alerts")] });
});

test("validate says whether Falco would start", async () => {
  expect(await tools.answer(runFalco, { mode: "validate", rules: "forensics" })).toMatchObject({
    ok: true,
    problems: [],
  });
  const data = await tools.answer(runFalco, { mode: "validate", rules: "broken" });
  expect(data).toMatchObject({ ok: false, warnings: [expect.stringContaining("Falco would not start")] });
  expect((data.problems as { severity: string }[])[0]?.severity).toBe("error");
});

test.each([
  [{ mode: "replay", rules: "forensics", capture: "web.scap", engine: "falco" }, "FALCO_NOT_FOUND"],
  [{ mode: "replay", rules: "forensics" }, "INVALID_ARGUMENT"],
  [{ mode: "replay", capture: "web.scap" }, "INVALID_ARGUMENT"],
  [{ mode: "replay", rules: "forensics", capture: "web.scap", events: "audit.jsonl" }, "INVALID_ARGUMENT"],
  [{ mode: "replay", rules: "forensics", capture: "../rules" }, "PATH_OUTSIDE_ROOTS"],
  [{ mode: "replay", rules: "forensics", capture: "gone.scap" }, "FILE_NOT_FOUND"],
  [{ mode: "replay", rules: "nothing", capture: "web.scap" }, "RULES_SET_NOT_FOUND"],
  [{ mode: "replay", rules: "broken", capture: "web.scap" }, "REPLAY_RULES_BROKEN"],
])("%j: %s", async (input, code) => {
  await expect(tools.answer(runFalco, input)).rejects.toMatchObject({ code });
});

test("a cancelled call ends as cancelled", async () => {
  const input = { mode: "replay", rules: "forensics", capture: "web.scap" };
  await expect(tools.answer(runFalco, input, AbortSignal.abort())).rejects.toMatchObject({ code: "CANCELLED" });
});
