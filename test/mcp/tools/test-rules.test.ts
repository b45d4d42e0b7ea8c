import { afterAll, beforeAll, expect, test } from "vitest";
import { testRulesTool } from "../../../src/mcp/tools/test-rules.ts";
import { type ReplayTools, replayTools } from "./replay-tools.ts";

let tools: ReplayTools;
beforeAll(async () => {
  tools = await replayTools();
});
afterAll(() => tools.close());

const SHELL = "Forensics shell spawned in container";

test("cases, with the alerts of those that fail", async () => {
  const data = await tools.answer(testRulesTool, {
    rules: "forensics",
    cases: [
      { name: "shells", capture: "web.scap", must_hit: [{ rule: SHELL, count: 13 }] },
      { name: "quiet", capture: "web.scap", must_not_hit: [{ rule: SHELL }] },
    ],
  });
  expect(data).toMatchObject({
    passed: 1,
    failed: 1,
    cases: [
      { name: "shells", ok: true, checks: [{ alerts: [] }] },
      { name: "quiet", ok: false, checks: [{ found: 13, message: "expected exactly 0, found 13" }] },
    ],
  });
});

test("a rule of a plugin source with a mistake stands in the way of events, not of captures", async () => {
  const must_hit = [{ rule: SHELL }];
  const over = (input: object) =>
    tools.answer(testRulesTool, { rules: "broken-audit", cases: [{ name: "shells", must_hit, ...input }] });
  expect(await over({ capture: "web.scap" })).toMatchObject({ passed: 1, failed: 0 });
  await expect(over({ events: "audit.jsonl" })).rejects.toMatchObject({ code: "REPLAY_RULES_BROKEN" });
});

test("events, and two sets compared", async () => {
  const data = await tools.answer(testRulesTool, {
    rules: "k8s",
    against: "forensics",
    cases: [
      {
        name: "secret",
        events: "audit.jsonl",
        must_hit: [{ rule: "Secret read", fields: { "ka.user.name": "eve" } }],
      },
    ],
  });
  expect(data).toMatchObject({
    passed: 1,
    compared: { same: 0, lost: 0, gained: 1 },
    gained: [{ rule: "Secret read", event: 1 }],
  });
});

test("why a rule did not fire", async () => {
  const data = await tools.answer(testRulesTool, {
    rules: "k8s",
    explain: { rule: "Secret read", event: 1, events: "audit.jsonl" },
  });
  expect(data).toMatchObject({
    explained: { rule: "Secret read", event: 1, event_type: "k8s_audit", holds: true },
    clauses: [
      "true: and",
      '  true: ka.verb = get | ka.verb="get"',
      expect.stringContaining('ka.target.resource="secrets"'),
    ],
  });
  const other = await tools.answer(testRulesTool, {
    rules: "forensics",
    explain: { rule: SHELL, event: 1999, capture: "web.scap" },
  });
  expect(other).toMatchObject({ explained: { holds: false, event_type: "openat" } });
  expect((other.clauses as string[]).join("\n")).toMatch(
    /false: evt\.type in .* \| evt\.type="openat"\n {2}true: macro cf_in_container/,
  );
});

test.each([
  [{ rules: "k8s" }, "INVALID_ARGUMENT"],
  [{ rules: "k8s", cases: [{ name: "c", capture: "web.scap" }] }, "INVALID_ARGUMENT"],
  [{ rules: "k8s", cases: [{ name: "c", must_hit: [{ rule: "r" }] }] }, "INVALID_ARGUMENT"],
  [{ rules: "broken", explain: { rule: "r", event: 1, capture: "web.scap" } }, "REPLAY_RULES_BROKEN"],
  [{ rules: "k8s", explain: { rule: "Secret reads", event: 1, events: "audit.jsonl" } }, "RULE_NOT_FOUND"],
  [{ rules: "k8s", explain: { rule: "Secret read", event: 2, events: "audit.jsonl" } }, "RULE_EVENT_NOT_FOUND"],
])("%j: %s", async (input, code) => {
  await expect(tools.answer(testRulesTool, input)).rejects.toMatchObject({ code });
});
