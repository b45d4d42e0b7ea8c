import { describe, expect, test } from "vitest";
import { type ExplainOptions, explainRule } from "../../../src/rules/explain/explain-rule.ts";
import { loadRules } from "../../../src/rules/load-rules.ts";

const TEXT = `
- list: shells
  items: [bash, sh]
- macro: spawned
  condition: (evt.type in (execve, execveat))
- macro: in_container
  condition: (container.id != host)
- macro: never
  condition: (evt.num=0)
- macro: allowed
  condition: (never)
- macro: from_server
  condition: >
    (proc.pname in (nginx, httpd) or
     proc.aname[2] startswith java or
     not proc.pname exists)
- rule: Shell from server
  desc: A server starts a shell.
  condition: >
    spawned and in_container and proc.name in (shells)
    and from_server and proc.tty != 0 and not allowed
    and not (user.name=root and proc.cmdline contains " -c ")
  output: shell %proc.cmdline
  priority: CRITICAL
  tags: [mitre_execution, T1059.004]
  exceptions:
    - name: known
      fields: [proc.name, proc.pname]
      comps: [=, =]
      values:
        - [sh, monit]
- rule: All shells
  desc: d
  condition: spawned and in_container
  output: x
  priority: INFO
- rule: Never seen
  desc: d
  condition: in_container and spawned and user.name=x
  output: x
  priority: INFO
`;
const TUNING = `
- rule: Shell from server
  condition: and not proc.name=dash
  override: {condition: append}
`;
const { ruleSet } = loadRules([
  { name: "base.yaml", text: TEXT },
  { name: "tuning.yaml", text: TUNING },
]);

function explain(name: string, options: ExplainOptions = { detail: "concise" }) {
  const rule = ruleSet.rules.find((candidate) => candidate.name === name);
  if (rule === undefined) throw new Error(name);
  return explainRule(rule, ruleSet, options);
}

const shown = (name: string, options?: ExplainOptions): string =>
  explain(name, options)
    .clauses.map(({ depth, text, file, line }) => `${"  ".repeat(depth)}${text} [${file}:${line}]`)
    .join("\n");

test("a rule reads as an engineer would say it, each clause with its place", () => {
  expect(`\n${shown("Shell from server")}`).toBe(`
the event is one of execve, execveat (spawned) [base.yaml:5]
it happens in a container (in_container) [base.yaml:7]
the process name is one of bash, sh [base.yaml:20]
any of (from_server): [base.yaml:14]
  the parent's name is one of nginx, httpd [base.yaml:14]
  the 2nd ancestor's name begins with java [base.yaml:15]
  the parent's name is not known [base.yaml:16]
a terminal is attached [base.yaml:21]
always: nothing is excluded here yet (never) (allowed) [base.yaml:9]
not all of: [base.yaml:22]
  the user is root [base.yaml:22]
  the command line contains " -c " [base.yaml:22]
the process name is not dash [tuning.yaml:3]
not all of: [base.yaml:28]
  the process name is sh [base.yaml:28]
  the parent's name is monit [base.yaml:28]`);
});

test("and in sentences", () => {
  expect(explain("Shell from server").summary).toEqual([
    "Raises a Critical alert on execve, execveat, when all of its clauses hold.",
    "It runs.",
    "It stays quiet for what its exceptions name: known.",
    "Tactic: Execution.",
    "Technique: T1059.004 Command and Scripting Interpreter: Unix Shell (https://attack.mitre.org/techniques/T1059/004/).",
    "After its definition it was changed: append of condition in tuning.yaml:2.",
  ]);
});

test("a rule that an earlier one shadows says so", () => {
  const { summary, shadow } = explain("Never seen");
  expect(shadow?.by.name).toBe("All shells");
  expect(summary.at(-1)).toBe(
    'Under rule_matching: first it never fires: the earlier rule "All shells" takes every event that matches.',
  );
});

test("what it is made of, and who controls what it reads", () => {
  const explained = explain("Shell from server");
  expect(explained.macros.map(({ name }) => name)).toEqual([
    "spawned",
    "in_container",
    "from_server",
    "allowed",
    "never",
  ]);
  expect(explained.lists.map(({ name }) => name)).toEqual(["shells"]);
  expect(explained.outputFields).toContain("proc.cmdline");
  expect(explained.fields.find(({ name }) => name === "proc.cmdline")).toMatchObject({ controller: "attacker" });
});

describe("long conditions", () => {
  const chain = (depth: number): string =>
    Array.from(
      { length: depth },
      (_, at) =>
        `- macro: m${at}\n  condition: ${at === 0 ? "(proc.name=a or proc.name=b)" : `(m${at - 1} or proc.pname=p${at})`}\n`,
    ).join("");
  const loaded = loadRules([
    {
      name: "r.yaml",
      text: `${chain(6)}- rule: deep\n  desc: d\n  condition: evt.type=open and m5\n  output: x\n  priority: INFO\n`,
    },
  ]);
  const [rule] = loaded.ruleSet.rules;

  test.each([
    ["concise", 2],
    ["full", 5],
  ] as const)("%s opens macros %i deep", (detail, depth) => {
    if (rule === undefined) throw new Error("not loaded");
    const { clauses } = explainRule(rule, loaded.ruleSet, { detail });
    expect(Math.max(...clauses.map((clause) => clause.depth))).toBeGreaterThanOrEqual(depth);
    expect(clauses.some(({ text }) => text.startsWith("m3 (m3)"))).toBe(detail === "concise");
  });
});
