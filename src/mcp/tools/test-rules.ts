import { z } from "zod";
import { formatTimeNs } from "../../alert/time.ts";
import type { ExplainedClause } from "../../condition/explain-condition.ts";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { Expectation, RuleTestCase, SeenAlert } from "../../replay/rule-tests/rule-test.ts";
import type { runRuleTests as RunRuleTests } from "../../replay/rule-tests/run-rule-tests.ts";
import type { RunInput } from "../../replay/runs/run.ts";
import type { RuleSet } from "../../rules/rule-set.ts";
import { nearestNames } from "../../text/nearest-names.ts";
import { shorten } from "../answer.ts";
import { defineTool, type ToolContext } from "../tool.ts";
import { SET } from "./load-rules.ts";

const INPUT = {
  capture: z.string().min(1).max(4_096).optional().describe("Capture inside the server's capture folders"),
  events: z.string().min(1).max(4_096).optional().describe("JSON or JSONL file of audit events, instead of a capture"),
  event_source: z.string().max(60).optional().describe("Source of the events; found out when left out"),
};

const FIELDS = z
  .record(z.string(), z.string().nullable())
  .optional()
  .describe("Output fields that an alert must have to count, with their values as text");

const MUST_HIT = z.strictObject({
  rule: z.string().min(1).max(500),
  count: z.int().min(0).optional().describe("Exactly so many alerts; at least one when no number is given"),
  at_least: z.int().min(0).optional(),
  at_most: z.int().min(0).optional(),
  fields: FIELDS,
});

const CASE = z.strictObject({
  name: z.string().min(1).max(200),
  ...INPUT,
  must_hit: z.array(MUST_HIT).max(200).default([]),
  must_not_hit: z
    .array(z.strictObject({ rule: z.string().min(1).max(500), fields: FIELDS }))
    .max(200)
    .default([]),
});

const SEEN = z.strictObject({ rule: z.string(), event: z.int(), output: z.string() });
const CHANGE = z.strictObject({ ...SEEN.shape, input: z.string() });

const FAULT = z.strictObject({ code: z.string(), message: z.string() });

export const testRulesTool = defineTool({
  name: "test_rules",
  title: "Test rules",
  description:
    "Check what a loaded rule set must and must not catch, over captures (.scap) or JSON audit events: cases with must_hit and must_not_hit, counts and field values. " +
    "against compares with another loaded set over the same inputs: alerts lost and gained. " +
    "explain says for one rule and one event, by its number, which clause of the condition holds, fails or lacks its field, with the values seen: why a rule did (not) fire. " +
    "Nothing is stored; use run_falco to keep the alerts.",
  effect: "records",
  idempotent: true,
  toolset: "captures",
  input: z.strictObject({
    rules: SET.describe("Name of a loaded rule set"),
    cases: z.array(CASE).max(100).default([]).describe("What must and must not be caught"),
    against: SET.optional().describe("Loaded rule set to compare alerts with, over the inputs of the cases"),
    matching: z.enum(["first", "all"]).default("all").describe("first lets earlier rules take an event, as Falco does"),
    explain: z
      .strictObject({ rule: z.string().min(1).max(500), event: z.int().min(1), ...INPUT })
      .optional()
      .describe("One rule and the number of one event"),
  }),
  output: z.strictObject({
    passed: z.int().optional(),
    failed: z.int().optional(),
    cases: z
      .array(
        z.strictObject({
          name: z.string(),
          ok: z.boolean(),
          events: z.int(),
          fault: FAULT.optional(),
          checks: z.array(
            z.strictObject({
              kind: z.string(),
              rule: z.string(),
              ok: z.boolean(),
              found: z.int(),
              message: z.string(),
              alerts: z.array(SEEN).describe("First alerts that counted; of failed checks only"),
            }),
          ),
        }),
      )
      .optional(),
    compared: z
      .strictObject({ same: z.int(), lost: z.int(), gained: z.int() })
      .optional()
      .describe("Alerts of rules against those of against"),
    lost: z.array(CHANGE).optional().describe("Alerts that only against gives"),
    gained: z.array(CHANGE).optional().describe("Alerts that only rules gives"),
    explained: z
      .strictObject({
        rule: z.string(),
        event: z.int(),
        event_type: z.string(),
        time: z.string(),
        holds: z.boolean(),
      })
      .optional(),
    clauses: z
      .array(z.string())
      .optional()
      .describe(
        "Of explain: the condition as a tree, a clause a line: outcome, clause, values; absent counts as false",
      ),
  }),
  cuttable: ["lost", "gained", "clauses", "cases"],

  async run({ rules, cases, against, matching, explain }, context) {
    if (cases.length === 0 && explain === undefined) {
      throw new FalcoSkillsError("INVALID_ARGUMENT", "nothing to test is named", { fix: "Pass cases or explain." });
    }
    const kinds = [...cases, ...(explain === undefined ? [] : [explain])].map(kindOf);
    const set = await runnable(rules, kinds, context);
    const other = against === undefined ? undefined : await runnable(against, kinds, context);
    const located = await Promise.all(cases.map((test) => locateCase(test, context)));
    const options = {
      matching,
      signal: context.signal,
      onProgress: ({ events }: { readonly events: number }) =>
        context.progress(events, undefined, `${events} events of an input read`),
    };
    // The engine is large: it is loaded when rules are first tested, not by the start of the server.
    const { compareAlerts, runRuleTests } = await import("../../replay/rule-tests/run-rule-tests.ts");
    const results = await runRuleTests(located, set, options);
    const inputs = [...new Map(located.map(({ input }) => [JSON.stringify(input), input])).values()];
    const compared = other === undefined ? undefined : await compareAlerts(inputs, other, set, options);
    const failed = results.filter(({ ok }) => !ok).length;
    const faulty = results.filter(({ fault }) => fault !== undefined).length;
    return {
      data: {
        ...(cases.length === 0 ? {} : { passed: results.length - failed, failed, cases: results.map(showCase) }),
        ...(compared === undefined
          ? {}
          : {
              compared: { same: compared.same, lost: compared.lostCount, gained: compared.gainedCount },
              lost: compared.lost.map((change) => ({ ...showAlert(change), input: change.input })),
              gained: compared.gained.map((change) => ({ ...showAlert(change), input: change.input })),
            }),
        ...(explain === undefined ? {} : await explained(set, explain, context)),
      },
      source: { kind: "replay", looked_at: results.reduce((sum, { events }) => sum + events, 0) },
      warnings: faulty === 0 ? [] : [`${faulty} cases failed because their input could not be read to its end`],
      untrusted: [
        "cases[].checks[].alerts[].output",
        "cases[].checks[].rule",
        "clauses",
        "explained.rule",
        ...["lost", "gained"].flatMap((list) => ["rule", "output", "input"].map((key) => `${list}[].${key}`)),
      ],
    };
  },
});

async function runnable(name: string, kinds: readonly RunInput["kind"][], { services }: ToolContext): Promise<RuleSet> {
  const { requireRunnable } = await import("../../replay/runs/replayable-rules.ts");
  return requireRunnable(await services.rules.get(name), kinds).ruleSet;
}

const kindOf = ({ events }: NamedInput): RunInput["kind"] => (events === undefined ? "capture" : "events");

interface NamedInput {
  readonly capture?: string | undefined;
  readonly events?: string | undefined;
  readonly event_source?: string | undefined;
}

async function locate({ capture, events, event_source: source }: NamedInput, context: ToolContext): Promise<RunInput> {
  const { captures } = context.services;
  if ((capture === undefined) === (events === undefined)) {
    throw new FalcoSkillsError("INVALID_ARGUMENT", "a case needs either capture or events", {
      fix: "Pass exactly one of capture and events.",
    });
  }
  if (capture !== undefined) return { kind: "capture", path: await captures.locate(capture) };
  const path = await captures.locate(events ?? "");
  return { kind: "events", path, ...(source === undefined ? {} : { source }) };
}

async function locateCase(test: z.output<typeof CASE>, context: ToolContext): Promise<RuleTestCase> {
  const { name, must_hit, must_not_hit } = test;
  if (must_hit.length + must_not_hit.length === 0) {
    throw new FalcoSkillsError("INVALID_ARGUMENT", `case ${JSON.stringify(name)} expects nothing`, {
      fix: "Add must_hit or must_not_hit to the case.",
    });
  }
  const input = await locate(test, context);
  return { name, input, mustHit: must_hit.map(expectationOf), mustNotHit: must_not_hit.map(expectationOf) };
}

function expectationOf(given: Partial<z.output<typeof MUST_HIT>> & { rule: string }): Expectation {
  const { rule, count, at_least: atLeast, at_most: atMost, fields } = given;
  return {
    rule,
    ...(count === undefined ? {} : { count }),
    ...(atLeast === undefined ? {} : { atLeast }),
    ...(atMost === undefined ? {} : { atMost }),
    ...(fields === undefined ? {} : { fields }),
  };
}

function showCase({ name, ok, checks, events, fault }: Awaited<ReturnType<typeof RunRuleTests>>[number]) {
  return {
    name,
    ok,
    events,
    ...(fault === undefined ? {} : { fault: { code: fault.code, message: fault.message } }),
    checks: checks.map((check) => ({
      kind: check.kind,
      rule: check.rule,
      ok: check.ok,
      found: check.found,
      message: check.message,
      alerts: check.ok ? [] : check.alerts.map(showAlert),
    })),
  };
}

const showAlert = ({ rule, eventNumber, output }: SeenAlert) => ({
  rule,
  event: eventNumber,
  output: shorten(output, 200),
});

async function explained(
  ruleSet: RuleSet,
  asked: NamedInput & { readonly rule: string; readonly event: number },
  context: ToolContext,
) {
  const rule = ruleSet.rules.find(({ name }) => name === asked.rule);
  if (rule === undefined) {
    const names = ruleSet.rules.map(({ name }) => name);
    throw new FalcoSkillsError("RULE_NOT_FOUND", `the set has no rule called ${JSON.stringify(asked.rule)}`, {
      fix: `Write one of ${nearestNames(asked.rule, names, 3)
        .map((name) => JSON.stringify(name))
        .join(", ")}, or look with search_rules.`,
    });
  }
  const { explainEvent } = await import("../../replay/rule-tests/explain-event.ts");
  const result = await explainEvent(await locate(asked, context), rule, asked.event, context.signal);
  return {
    explained: {
      rule: result.rule,
      event: result.eventNumber,
      event_type: result.eventType,
      time: formatTimeNs(result.timeNs),
      holds: result.holds,
    },
    clauses: clauseLines(result.condition),
  };
}

const MAX_CLAUSES = 400;

function clauseLines(top: ExplainedClause): string[] {
  const lines: string[] = [];
  const walk = (clause: ExplainedClause, depth: number): void => {
    if (lines.length >= MAX_CLAUSES) return;
    const { kind, text, outcome, fields = [], clauses = [] } = clause;
    const seen = fields.map((field) => `${field.field}=${showValue(field.value)}`).join(", ");
    const what = kind === "check" ? text : kind === "macro" ? `macro ${text}` : kind;
    lines.push(
      `${"  ".repeat(Math.min(depth, 20))}${outcome}: ${shorten(what, 300)}${seen === "" ? "" : ` | ${seen}`}`,
    );
    for (const inner of clauses) walk(inner, depth + 1);
  };
  walk(top, 0);
  return lines;
}

function showValue(value: unknown): string {
  if (value === undefined) return "<NA>";
  if (value instanceof Uint8Array) return `0x${Buffer.from(value.subarray(0, 64)).toString("hex")}`;
  if (Array.isArray(value)) return `(${value.slice(0, 20).map(showValue).join(", ")})`;
  return shorten(typeof value === "string" ? JSON.stringify(value) : String(value), 200);
}
