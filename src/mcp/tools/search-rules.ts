import { createHash } from "node:crypto";
import { z } from "zod";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { RuleFilter } from "../../rules/library/rule-filter.ts";
import type { RuleLibrary, StoredRuleSet } from "../../rules/library/rule-library.ts";
import type { Rule } from "../../rules/rule-set.ts";
import { shorten } from "../answer.ts";
import { fitPage } from "../fit-page.ts";
import { defineTool } from "../tool.ts";
import { SET } from "./load-rules.ts";

const text = z.string().min(1).max(500);

const ROW = z.strictObject({
  set: z.string(),
  rule: z.string().describe("Pass to explain_rule"),
  priority: z.string(),
  source: z.string().optional().describe("Left out for syscall"),
  active: z.boolean().describe("Whether it runs"),
  description: z.string(),
  tags: z.array(z.string()),
  at: z.string().describe("Where it is defined: file:line"),
});

export const searchRules = defineTool({
  name: "search_rules",
  title: "Search rules",
  description:
    "Find rules of the loaded rule sets by words, tag, ATT&CK technique or tactic, priority, source, event type, field, or the macro or list they use; in order of evaluation. " +
    "Use it to learn which rule would see something, then explain_rule for one. Load sets with load_rules first.",
  effect: "reads",
  toolset: "rules",
  input: z.strictObject({
    set: SET.optional().describe("Only this rule set; all loaded ones by default"),
    text: text.optional().describe("Words that must all occur in name, description, condition or output, in any case"),
    tag: text.optional().describe("A tag the rule must have, exactly"),
    technique: z
      .string()
      .regex(/^T\d{4}(?:\.\d{3})?$/i)
      .optional()
      .describe("ATT&CK id; T1059 finds T1059.004 too"),
    tactic: text.optional().describe("ATT&CK tactic: TA0002, execution or Execution"),
    priority_at_least: text.optional().describe("This priority or more urgent"),
    source: text.optional().describe("Event source: syscall, k8s_audit, …"),
    event: text.optional().describe("Event type the rule can fire on, as execve or openat"),
    field: text.optional().describe("Field in the condition, as proc.pname; proc. finds all that begin so"),
    uses: text.optional().describe("Macro or list the rule uses, directly or through others"),
    active: z.boolean().optional().describe("Only rules that run, or only those that do not"),
    limit: z.int().min(1).max(200).default(30),
    cursor: z.string().max(100).optional().describe("next_cursor of the page before, with the same filters"),
  }),
  output: z.strictObject({
    rules: z.array(ROW),
    matched: z.int().describe("Rules that match all filters"),
    sets: z
      .array(z.strictObject({ name: z.string(), digest: z.string(), ok: z.boolean() }))
      .describe("What was searched"),
  }),
  cuttable: ["rules"],

  async run({ set, limit, cursor, ...filter }, { services, room }) {
    const rules = services.rules;
    const { sets, faults } = await setsToSearch(rules, set);
    const { ruleMatcher } = await import("../../rules/library/rule-filter.ts");
    const fits = ruleMatcher(filter);
    const all = sets.flatMap((stored) =>
      stored.ruleSet.rules.filter((rule) => fits(rule, stored.ruleSet)).map((rule) => rowOf(rule, stored)),
    );
    const mark = markOf(filter, sets);
    const start = cursor === undefined ? 0 : offsetOf(cursor, mark);
    const page = await fitPage(
      limit,
      room,
      async (count) => all.slice(start, start + count),
      (rows) => rows,
    );
    const end = start + page.length;
    return {
      data: {
        rules: page,
        matched: all.length,
        sets: sets.map(({ name, digest, ok }) => ({ name, digest, ok })),
      },
      source: { kind: "rule sets", looked_at: sets.reduce((sum, { ruleSet }) => sum + ruleSet.rules.length, 0) },
      warnings: [
        ...faults,
        ...(sets.length === 0 ? ["no rule set is loaded: use load_rules"] : []),
        ...sets.filter(({ ok }) => !ok).map(({ name }) => `set ${name} has errors: Falco would not start with it`),
      ],
      ...(end < all.length ? { nextCursor: `${end}.${mark}` } : {}),
      untrusted: ["rule", "description", "tags", "at", "source"].map((key) => `rules[].${key}`),
    };
  },
});

async function setsToSearch(
  rules: RuleLibrary,
  set: string | undefined,
): Promise<{ sets: StoredRuleSet[]; faults: readonly string[] }> {
  if (set !== undefined) return { sets: [await rules.get(set)], faults: [] };
  const { sets, faults } = await rules.list();
  const loaded: StoredRuleSet[] = [];
  for (const { name } of sets) loaded.push(await rules.get(name));
  return { sets: loaded, faults };
}

function rowOf(rule: Rule, set: StoredRuleSet): z.input<typeof ROW> {
  const at = rule.history[0]?.at;
  return {
    set: set.name,
    rule: rule.name,
    priority: rule.priority,
    ...(rule.source === "syscall" ? {} : { source: rule.source }),
    active: rule.active,
    description: shorten(rule.description.trim().replaceAll(/\s+/g, " "), 200),
    tags: [...rule.tags],
    at: at === undefined ? "" : `${at.file}:${at.line}`,
  };
}

function markOf(filter: RuleFilter, sets: readonly StoredRuleSet[]): string {
  const key = JSON.stringify([filter, sets.map(({ name, digest }) => [name, digest])]);
  return createHash("sha256").update(key).digest("hex").slice(0, 12);
}

function offsetOf(cursor: string, mark: string): number {
  const [, digits, given] = /^(\d{1,6})\.([0-9a-f]{12})$/.exec(cursor) ?? [];
  if (digits !== undefined && given === mark) return Number(digits);
  throw new FalcoSkillsError(
    "CURSOR_MISMATCH",
    "the cursor belongs to other filters, or the rule sets were loaded anew",
    {
      fix: "Leave cursor out to begin with the first page.",
    },
  );
}
