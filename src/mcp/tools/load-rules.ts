import { z } from "zod";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { RuleFilesRead, SkippedFile } from "../../rules/library/read-rule-files.ts";
import type { RuleLibrary, StoredRuleSet } from "../../rules/library/rule-library.ts";
import { LINT_CODES } from "../../rules/lint/lint-codes.ts";
import type { Finding } from "../../rules/lint/to-sarif.ts";
import type { RuleFile } from "../../rules/load-rules.ts";
import { nearestNames } from "../../text/nearest-names.ts";
import { defineTool } from "../tool.ts";

/** A finding as tools show it. */
export const FINDING = z.strictObject({
  code: z.string().describe("Falco's own code (LOAD_…) or a lint's (LINT_…)"),
  severity: z.enum(["error", "warning", "note"]),
  message: z.string(),
  at: z.string().describe("file:line:column, from 1"),
  frame: z.array(z.string()).optional().describe("The line, and carets under the place"),
  within: z.array(z.string()).optional().describe("Rule, macro, list or exception it is about, outermost first"),
  fix: z.string().describe("What to do about it"),
});

export const SET = z.string().min(1).max(64).describe("Name of a loaded rule set");

export const loadRulesTool = defineTool({
  name: "load_rules",
  title: "Load rules",
  description:
    "Load Falco rule files, folders, inline YAML or the skills' own rules (builtin) under a name, and say what is wrong with them: every error and warning that Falco itself would raise, with place and fix, and lints for what Falco loads without a word (lists that are not expanded, checks that can never match, shadowed rules, wrong tags…). " +
    "Files load in the order given, as Falco loads them. The set is kept by name and digest, also when it has errors; loading the same name again says what changed. " +
    "Use search_rules, explain_rule and rule_coverage on it afterwards.",
  effect: "records",
  idempotent: true,
  toolset: "rules",
  input: z.strictObject({
    name: SET.describe("Name to keep the set under: lower-case letters, digits, dots, dashes, underscores"),
    paths: z
      .array(z.string().min(1).max(4_096))
      .max(100)
      .default([])
      .describe("Rule files or folders inside the server's rule folders, in load order"),
    text: z.string().max(1_000_000).optional().describe("Rules as YAML; loaded after the paths"),
    builtin: z
      .boolean()
      .default(false)
      .describe("Load the rules that the installed skills bring along, before all others"),
    engine: z
      .string()
      .regex(/^0\.\d{1,3}(?:\.\d{1,3})?$/)
      .optional()
      .describe("Falco engine version to check against, 0.57 to 0.63; the newest by default"),
    lints_off: z.array(z.string().max(60)).max(50).default([]).describe("Lints to leave out, as LINT_OUTPUT_LACKS"),
  }),
  output: z.strictObject({
    name: z.string(),
    digest: z.string().describe("SHA-256 over the files' names and bytes"),
    ok: z.boolean().describe("Whether Falco would start with these files"),
    engine: z.string(),
    rules: z.int(),
    active: z.int().describe("Rules that would run"),
    macros: z.int(),
    lists: z.int(),
    problems: z.array(FINDING).describe("Falco's own errors and warnings, errors first"),
    lints: z.array(FINDING).describe("What Falco does not say, the worst first"),
    changed_since: z
      .strictObject({
        digest: z.string().describe("The version that was current before"),
        added: z.int(),
        removed: z.int(),
        weakened: z.int(),
        strengthened: z.int(),
        changed: z.int(),
        cosmetic: z.int(),
      })
      .optional(),
    files: z.array(z.strictObject({ name: z.string(), bytes: z.int(), sha256: z.string() })),
    skipped: z
      .array(z.strictObject({ path: z.string(), reason: z.string() }))
      .describe("Files that Falco would not read"),
  }),
  cuttable: ["lints", "problems", "skipped", "files"],

  async run({ name, paths, text, builtin, engine, lints_off }, { services }) {
    const rules = services.rules;
    const { findLint, lintRuleSet } = await import("../../rules/lint/lint-rule-set.ts");
    const off = lints_off.map((lint) => findLint(lint) ?? unknownLint(lint));
    const { files, skipped } = await gather(rules, paths, text, builtin);
    const before = await rules.get(name).catch(notLoadedYet);
    const options = engine === undefined ? {} : { engineVersion: wholeVersion(engine) };
    const origin = [...(builtin ? ["builtin"] : []), ...paths, ...(text === undefined ? [] : ["inline"])];
    const set = await rules.load(name, files, { ...options, origin });
    const report = lintRuleSet(set.ruleSet, files, { off, load: set.options });
    const errors = set.diagnostics.filter(({ severity }) => severity === "error").length;
    return {
      data: {
        ...countsOf(set),
        problems: worstFirst(set.diagnostics).map(showFinding),
        lints: worstFirst(report.findings).map(showFinding),
        ...(before === undefined || before.digest === set.digest ? {} : { changed_since: await changes(before, set) }),
        files: set.ruleSet.files.map(({ name: file, bytes, sha256 }) => ({ name: file, bytes, sha256 })),
        skipped: skipped.map(({ path, reason }) => ({ path, reason })),
      },
      source: { kind: "rule files", looked_at: files.length },
      warnings: [
        ...(errors > 0
          ? [`Falco would not start with these files: ${errors} ${errors === 1 ? "error" : "errors"}`]
          : []),
        ...(skipped.length > 0 ? [`Falco would pass over ${skipped.length} of the named files: see skipped`] : []),
        ...(report.suppressed > 0 ? [`${report.suppressed} lints are switched off by comments in the files`] : []),
        ...report.leftOut,
      ],
      untrusted: ["files[].name", "skipped[].path", ...["problems", "lints"].flatMap(findingPaths)],
    };
  },
});

async function gather(
  rules: RuleLibrary,
  paths: readonly string[],
  text: string | undefined,
  builtin: boolean,
): Promise<RuleFilesRead> {
  if (paths.length === 0 && text === undefined && !builtin) {
    throw new FalcoSkillsError("INVALID_ARGUMENT", "nothing to load is named", {
      fix: "Pass paths, text or builtin: true.",
    });
  }
  const files: RuleFile[] = [];
  const skipped: SkippedFile[] = [];
  if (builtin) files.push(...(await rules.builtin()).files);
  if (paths.length > 0) {
    const read = await rules.read(paths);
    files.push(...read.files);
    skipped.push(...read.skipped);
  }
  if (text !== undefined) files.push({ name: "inline.yaml", text });
  return { files, skipped };
}

function unknownLint(name: string): never {
  throw new FalcoSkillsError("RULES_UNKNOWN_LINT", `no lint is called ${JSON.stringify(name)}`, {
    fix: `Write one of ${nearestNames(name, LINT_CODES, 3).join(", ")}.`,
  });
}

function notLoadedYet(error: unknown): undefined {
  const code = error instanceof FalcoSkillsError ? error.code : undefined;
  if (code === "RULES_SET_NOT_FOUND" || code === "RULES_SET_DAMAGED") return undefined;
  throw error;
}

/** "0.57" and "0.57.0" both mean 0.57.0. */
const wholeVersion = (text: string): string => (text.split(".").length === 2 ? `${text}.0` : text);

function countsOf({ name, digest, ok, ruleSet }: StoredRuleSet) {
  return {
    name,
    digest,
    ok,
    engine: ruleSet.engineVersion,
    rules: ruleSet.rules.length,
    active: ruleSet.rules.filter((rule) => rule.active).length,
    macros: ruleSet.macros.length,
    lists: ruleSet.lists.length,
  };
}

async function changes(before: StoredRuleSet, after: StoredRuleSet) {
  const { diffRuleSets } = await import("../../rules/diff/diff-rule-sets.ts");
  const { rules } = diffRuleSets(before.ruleSet, after.ruleSet);
  const count = (change: string) => rules.filter((rule) => rule.change === change).length;
  return {
    digest: before.digest,
    added: count("added"),
    removed: count("removed"),
    weakened: count("weakened"),
    strengthened: count("strengthened"),
    changed: count("changed"),
    cosmetic: count("cosmetic"),
  };
}

const RANKS = { error: 0, warning: 1, note: 2 } as const;

function worstFirst<Kind extends Finding>(findings: readonly Kind[]): Kind[] {
  return [...findings].sort((a, b) => RANKS[a.severity] - RANKS[b.severity]);
}

export function showFinding(finding: Finding): z.input<typeof FINDING> {
  const { code, severity, message, file, line, column, frame, within, fix } = finding;
  return {
    code,
    severity,
    message,
    at: `${file}:${line}:${column}`,
    ...(frame === "" ? {} : { frame: frame.split("\n") }),
    ...(within.length === 0 ? {} : { within: [...within] }),
    fix,
  };
}

/** What of findings comes from rule files. */
export function findingPaths(list: string): string[] {
  return ["message", "at", "frame", "within", "fix"].map((key) => `${list}[].${key}`);
}
