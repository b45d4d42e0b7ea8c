import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { createGunzip } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FalcoSkillsError } from "../../../src/errors/falco-skills-error.ts";
import { explainEvent } from "../../../src/replay/rule-tests/explain-event.ts";
import { readRuleTests } from "../../../src/replay/rule-tests/read-rule-tests.ts";
import type { Expectation } from "../../../src/replay/rule-tests/rule-test.ts";
import { compareAlerts, runRuleTests } from "../../../src/replay/rule-tests/run-rule-tests.ts";
import { toJunit } from "../../../src/replay/rule-tests/to-junit.ts";
import { loadRules } from "../../../src/rules/load-rules.ts";

const CAPTURE = join(import.meta.dirname, "../../fixtures/captures/web-intrusion.scap");
const SKILL_RULES = join(
  import.meta.dirname,
  "../../../skills/performing-cloud-native-forensics-with-falco/rules/container-forensics.yaml",
);
const SHELL = "Forensics shell spawned in container";
const READ = "Forensics sensitive file read in container";
const MOUNT = "Forensics mount in container";

const rulesOf = (text: string) => loadRules([{ name: "r.yaml", text }]).ruleSet;
const skill = rulesOf(readFileSync(SKILL_RULES, "utf8"));
const input = { kind: "capture", path: CAPTURE } as const;
const OPTIONS = { matching: "all" } as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rule-tests-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("reading a file of tests", () => {
  test("all that it can say", () => {
    const text = `
rules: [rules.yaml, more]
matching: first
cases:
  - name: shells
    capture: a.scap
    must_hit:
      - Plain rule
      - {rule: Counted, count: 3}
      - rule: Bounded
        at_least: 1
        at_most: 4
        fields: {proc.name: sh, fd.name: null}
    must_not_hit: [Other]
  - events: audit.jsonl
    event_source: k8s_audit
    must_not_hit:
      - {rule: With fields, fields: {ka.verb: "get"}}
`;
    expect(readRuleTests(text, "t.yaml")).toEqual({
      rules: ["rules.yaml", "more"],
      matching: "first",
      cases: [
        {
          name: "shells",
          input: { kind: "capture", path: "a.scap" },
          mustHit: [
            { rule: "Plain rule" },
            { rule: "Counted", count: 3 },
            { rule: "Bounded", atLeast: 1, atMost: 4, fields: { "proc.name": "sh", "fd.name": null } },
          ],
          mustNotHit: [{ rule: "Other" }],
        },
        {
          name: "case 2",
          input: { kind: "events", path: "audit.jsonl", source: "k8s_audit" },
          mustHit: [],
          mustNotHit: [{ rule: "With fields", fields: { "ka.verb": "get" } }],
        },
      ],
    });
  });

  test.each([
    ["", "expected one YAML document", "t.yaml"],
    ["cases: [", "no YAML: ", "t.yaml:1:"],
    ["- a", "expected a mapping with rules, matching, cases", "t.yaml:1:1"],
    ["rules: a", 'key "cases" is missing', "t.yaml:1:1"],
    ["cases: 3", "cases is no list", "t.yaml:1:8"],
    ["cases: []\nmatching: some", "matching is neither all nor first", "t.yaml:2:11"],
    ["cases: []\ncases: []", 'key "cases" stands twice', "t.yaml:2:1"],
    ["cases:\n- {capture: a, must_hit: [r], hits: 1}", "unknown key; known are name, capture", "t.yaml:2:"],
    ["cases:\n- {capture: a}", "the case expects nothing", "t.yaml:2:3"],
    ["cases:\n- {must_hit: [r]}", "the case needs either capture, or events", "t.yaml:2:3"],
    ["cases:\n- {capture: a, events: b, must_hit: [r]}", "the case needs either capture, or events", "t.yaml:2:3"],
    ["cases:\n- {capture: a, must_hit: [{rule: r, count: many}]}", "count is no whole number", "t.yaml:2:"],
    ["cases:\n- {capture: a, must_not_hit: [{rule: r, count: 1}]}", "must_not_hit takes no count", "t.yaml:2:"],
    ["cases:\n- {capture: a, must_hit: [{count: 1}]}", 'key "rule" is missing', "t.yaml:2:"],
  ])("%j: %s", (text, message, where) => {
    try {
      readRuleTests(text, "t.yaml");
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(FalcoSkillsError);
      const { code, message: told, where: place } = error as FalcoSkillsError;
      expect(code).toBe("RULE_TESTS_MALFORMED");
      expect(told).toContain(message);
      expect(place).toContain(where);
    }
  });

  test("no text does anything but be read or be refused", () => {
    const words = fc.constantFrom(
      "cases",
      ":",
      " ",
      "\n",
      "- ",
      "{",
      "}",
      "[",
      "]",
      "rule",
      "capture",
      "must_hit",
      "&a ",
      "*a",
      '"',
      "x",
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 30 }), (parts) => {
        try {
          readRuleTests(parts.join(""), "t.yaml");
        } catch (error) {
          expect((error as FalcoSkillsError).code).toBe("RULE_TESTS_MALFORMED");
        }
      }),
    );
  });
});

describe("cases over the intrusion", () => {
  test.each<[string, Expectation, "hit" | "miss", boolean, string]>([
    ["at least one", { rule: SHELL }, "hit", true, "expected at least 1, found 13"],
    ["exactly", { rule: SHELL, count: 13 }, "hit", true, "expected exactly 13, found 13"],
    ["exactly, wrongly", { rule: SHELL, count: 12 }, "hit", false, "expected exactly 12, found 13"],
    ["at most", { rule: SHELL, atMost: 20 }, "hit", true, "expected 0 to 20, found 13"],
    ["between", { rule: READ, atLeast: 4, atMost: 5 }, "hit", false, "expected 4 to 5, found 3"],
    [
      "by fields",
      { rule: READ, fields: { "fd.name": "/etc/shadow" }, count: 1 },
      "hit",
      true,
      "expected exactly 1, found 1; 2 more with other field values",
    ],
    [
      "by absent field",
      { rule: READ, fields: { "k8s.pod.name": null }, count: 3 },
      "hit",
      true,
      "expected exactly 3, found 3",
    ],
    ["by a number", { rule: SHELL, fields: { "user.uid": "0" } }, "hit", true, "expected at least 1, found 13"],
    ["none", { rule: MOUNT }, "hit", false, "expected at least 1, found 0"],
    ["not at all", { rule: MOUNT }, "miss", true, "expected exactly 0, found 0"],
    ["not at all, wrongly", { rule: READ }, "miss", false, "expected exactly 0, found 3"],
    [
      "not for these fields",
      { rule: READ, fields: { "fd.name": "/etc/sudoers" } },
      "miss",
      true,
      "expected exactly 0, found 0; 3 more with other field values",
    ],
    [
      "an unknown rule",
      { rule: "Forensics mount in containers" },
      "miss",
      false,
      `the set has no such rule; near: "${MOUNT}"`,
    ],
    [
      "an unprinted field",
      { rule: SHELL, fields: { "fd.name": "x" } },
      "miss",
      false,
      "the rule's output does not have fd.name",
    ],
  ])("%s", async (name, expectation, kind, ok, message) => {
    const one = {
      name,
      input,
      mustHit: kind === "hit" ? [expectation] : [],
      mustNotHit: kind === "miss" ? [expectation] : [],
    };
    const [result] = await runRuleTests([one], skill, OPTIONS);
    expect(result).toMatchObject({ name, ok, events: 6747, checks: [{ ok, message }] });
    expect(result?.checks[0]?.alerts.length).toBe(Math.min(5, result?.checks[0]?.found ?? 0));
  });

  test("a faulty input fails its case even when all was found", async () => {
    const path = join(folder, "cut.scap");
    const bytes = await buffer(createReadStream(CAPTURE).pipe(createGunzip()));
    writeFileSync(path, bytes.subarray(0, 600_001));
    const cut = { name: "cut", input: { kind: "capture", path } as const, mustHit: [{ rule: SHELL }], mustNotHit: [] };
    const whole = { name: "whole", input, mustHit: [{ rule: SHELL }], mustNotHit: [] };
    const results = await runRuleTests([cut, whole, { ...cut, name: "again" }], skill, OPTIONS);
    expect(results.map(({ name, ok }) => [name, ok])).toEqual([
      ["cut", false],
      ["whole", true],
      ["again", false],
    ]);
    expect(results[0]).toMatchObject({ checks: [{ ok: true }], fault: { code: "CAPTURE_TRUNCATED" } });
  });

  test("a rule that is switched off, or of another source, proves nothing", async () => {
    const set = rulesOf(
      "- rule: off\n  desc: d\n  condition: evt.type = execve\n  output: x\n  priority: INFO\n  enabled: false\n",
    );
    const [result] = await runRuleTests(
      [{ name: "c", input, mustHit: [], mustNotHit: [{ rule: "off" }] }],
      set,
      OPTIONS,
    );
    expect(result?.checks[0]).toMatchObject({ ok: false, message: "the rule is switched off" });
  });

  test("results as JUnit", async () => {
    const cases = [
      { name: 'a <b> & "c"', input, mustHit: [{ rule: SHELL }], mustNotHit: [{ rule: READ }] },
      { name: "\u001b[31mred", input, mustHit: [{ rule: SHELL }], mustNotHit: [] },
    ];
    const xml = toJunit(await runRuleTests(cases, skill, OPTIONS));
    expect(xml).toContain('<testsuite name="a &lt;b&gt; &amp; &quot;c&quot;" tests="2" failures="1" errors="0">');
    expect(xml).toContain('<failure message="expected exactly 0, found 3">');
    expect(xml).toContain('<testsuite name="\\u{1b}[31mred" tests="1" failures="0" errors="0">');
    expect(xml).not.toMatch(/[\u0000-\u0008\u000b-\u001f]/);
  });
});

describe("comparing two sets", () => {
  const rule = (condition: string) =>
    `- rule: Shell\n  desc: d\n  condition: evt.type = execve and ${condition}\n  output: "%proc.cmdline"\n  priority: INFO\n`;

  test("tells what is lost and gained", async () => {
    const before = rulesOf(rule("proc.name in (sh, perl)"));
    const after = rulesOf(rule("proc.name in (sh, curl, wget)"));
    const result = await compareAlerts([input], before, after, OPTIONS);
    expect(result.same).toBeGreaterThan(10);
    const names = (changes: readonly { output: string }[]) =>
      new Set(changes.map(({ output }) => output.split(" ")[2]));
    expect(names(result.lost)).toEqual(new Set(["perl"]));
    expect(names(result.gained)).toEqual(new Set(["curl", "wget"]));
    expect([result.lostCount, result.gainedCount]).toEqual([result.lost.length, result.gained.length]);
  });

  test("a set loses and gains nothing against itself", async () => {
    expect(await compareAlerts([input], skill, skill, OPTIONS)).toMatchObject({ lost: [], gained: [], same: 19 });
  });
});

describe("why a rule did (not) fire", () => {
  const find = (name: string) => {
    const found = skill.rules.find((candidate) => candidate.name === name);
    if (found === undefined) throw new Error(name);
    return found;
  };

  test("a rule holds for the event of its alert, clause by clause with macros named", async () => {
    const result = await explainEvent(input, find(READ), 1999);
    expect(result).toMatchObject({ rule: READ, eventNumber: 1999, eventType: "openat", holds: true });
    const flat = JSON.stringify(result.condition);
    expect(flat).toContain('"kind":"macro","text":"cf_in_container","outcome":"true"');
    expect(flat).toContain('{"field":"fd.name","value":"/etc/shadow"}');
  });

  test("and not for another event, where clauses say which fields are absent", async () => {
    const result = await explainEvent(input, find(READ), 497);
    expect(result).toMatchObject({ eventType: "execve", holds: false, condition: { kind: "and", outcome: "false" } });
    const checks = result.condition.clauses ?? [];
    expect(checks[0]).toMatchObject({ outcome: "false", fields: [{ field: "evt.type", value: "execve" }] });
    expect(JSON.stringify(checks)).toContain('"outcome":"absent"');
  });

  test.each([
    [10_000_000, SHELL, "RULE_EVENT_NOT_FOUND"],
    [1, "ka", "INVALID_ARGUMENT"],
  ])("event %i of %s: %s", async (number, name, code) => {
    const other = { ...find(SHELL), source: "k8s_audit" };
    await expect(explainEvent(input, name === "ka" ? other : find(name), number)).rejects.toMatchObject({ code });
  });
});
