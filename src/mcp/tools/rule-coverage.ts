import { z } from "zod";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { RuleCoverage } from "../../rules/attack/rule-coverage.ts";
import type { RuleLibrary, StoredRuleSet } from "../../rules/library/rule-library.ts";
import { defineTool } from "../tool.ts";
import { SET } from "./load-rules.ts";

const technique = z.strictObject({ id: z.string(), name: z.string(), tactics: z.array(z.string()) });

export const ruleCoverageTool = defineTool({
  name: "rule_coverage",
  title: "Rule coverage",
  description:
    "Which ATT&CK techniques and tactics the active rules of a loaded set claim by their tags, which techniques for Linux and containers none claims, how many rules watch each event type and source, which PCI DSS and NIST controls are named, and which tags are wrong or outdated. " +
    "Counts what tags say, not what was tested. With layer it gives a file for the ATT&CK Navigator.",
  effect: "reads",
  toolset: "rules",
  input: z.strictObject({
    set: SET.optional().describe("Rule set; may be left out when only one is loaded"),
    platforms: z
      .array(z.enum(["linux", "containers", "cloud"]))
      .min(1)
      .max(3)
      .default(["linux", "containers"])
      .describe("Techniques of these platforms count as gaps when no rule names them"),
    gaps: z.boolean().default(true).describe("List the techniques that no active rule names"),
    sub_techniques: z.boolean().default(false).describe("List sub-techniques among the gaps too"),
    layer: z.boolean().default(false).describe("Add a layer file for the ATT&CK Navigator"),
  }),
  output: z.strictObject({
    set: z.string(),
    digest: z.string(),
    attack_version: z.string(),
    rules: z.int(),
    active: z.int(),
    tactics: z.array(
      z.strictObject({
        id: z.string(),
        name: z.string(),
        techniques: z.int().describe("Techniques of it for these platforms, without sub-techniques"),
        covered: z.int().describe("Of these, named by an active rule"),
        rules: z.int().describe("Active rules tagged with the tactic"),
      }),
    ),
    techniques: z.array(technique.extend({ rules: z.array(z.string()), inactive: z.array(z.string()).optional() })),
    gaps: z.array(technique).optional(),
    gaps_matched: z.int().describe("How many gaps there are in all"),
    events: z
      .array(z.strictObject({ name: z.string(), rules: z.int() }))
      .describe("Active rules by event type; * for rules on more than 100"),
    sources: z.array(z.strictObject({ name: z.string(), rules: z.int(), active: z.int() })),
    controls: z.array(z.strictObject({ framework: z.string(), control: z.string(), rules: z.array(z.string()) })),
    untagged: z.array(z.string()).describe("Active rules without any ATT&CK tag"),
    wrong_tags: z.array(
      z.strictObject({ rule: z.string(), tag: z.string(), problem: z.string(), instead: z.array(z.string()) }),
    ),
    layer: z.unknown().optional().describe("Save as .json and open in the ATT&CK Navigator"),
  }),
  cuttable: ["gaps", "untagged", "events", "wrong_tags", "techniques"],

  async run({ set, platforms, gaps, sub_techniques, layer }, { services }) {
    const stored = await chooseSet(services.rules, set);
    const { ATTACK_VERSION } = await import("../../rules/attack/attack-table.ts");
    const { coverageOf } = await import("../../rules/attack/rule-coverage.ts");
    const { navigatorLayer } = await import("../../rules/attack/navigator-layer.ts");
    const coverage = coverageOf(stored.ruleSet, platforms);
    const missing = coverage.gaps.filter(({ parent }) => sub_techniques || parent === undefined);
    return {
      data: {
        set: stored.name,
        digest: stored.digest,
        attack_version: ATTACK_VERSION,
        ...dataOf(coverage),
        ...(gaps ? { gaps: missing.map(({ id, name, tactics }) => ({ id, name, tactics: [...tactics] })) } : {}),
        gaps_matched: missing.length,
        ...(layer ? { layer: navigatorLayer(stored.name, coverage) } : {}),
      },
      source: { kind: "rule set", looked_at: coverage.rules },
      warnings: [
        ...(stored.ok ? [] : [`set ${stored.name} has errors: Falco would not start with it`]),
        "coverage is what tags claim; that a rule catches the technique has to be tested",
      ],
      untrusted: [
        ...["techniques[].rules", "techniques[].inactive", "sources[].name", "controls[].rules", "untagged", "layer"],
        ...["wrong_tags[].rule", "wrong_tags[].tag", "wrong_tags[].problem"],
      ],
    };
  },
});

async function chooseSet(rules: RuleLibrary, name: string | undefined): Promise<StoredRuleSet> {
  if (name !== undefined) return rules.get(name);
  const { sets } = await rules.list();
  const [only] = sets;
  if (only !== undefined && sets.length === 1) return rules.get(only.name);
  if (only === undefined) {
    throw new FalcoSkillsError("RULES_SET_NOT_FOUND", "no rule set is loaded", { fix: "Call load_rules first." });
  }
  const names = sets.map((entry) => entry.name).join(", ");
  throw new FalcoSkillsError("INVALID_ARGUMENT", `several rule sets are loaded: ${names}`, {
    fix: "Pass one of them as set.",
  });
}

function dataOf(coverage: RuleCoverage) {
  return {
    rules: coverage.rules,
    active: coverage.active,
    tactics: coverage.tactics.map(({ tactic, techniques, covered, rules }) => ({
      id: tactic.id,
      name: tactic.name,
      techniques,
      covered,
      rules,
    })),
    techniques: coverage.techniques.map(({ technique: { id, name, tactics }, rules, inactive }) => ({
      id,
      name,
      tactics: [...tactics],
      rules: [...rules],
      ...(inactive.length === 0 ? {} : { inactive: [...inactive] }),
    })),
    events: coverage.events.map(({ name, rules }) => ({ name, rules })),
    sources: coverage.sources.map(({ name, rules, active }) => ({ name, rules, active })),
    controls: coverage.controls.map(({ framework, control, rules }) => ({ framework, control, rules: [...rules] })),
    untagged: [...coverage.untagged],
    wrong_tags: coverage.faults.map(({ rule, fault: { tag, message, instead } }) => ({
      rule,
      tag,
      problem: message,
      instead: [...instead],
    })),
  };
}
