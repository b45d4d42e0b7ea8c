import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { navigatorLayer } from "../rules/attack/navigator-layer.ts";
import { coverageOf } from "../rules/attack/rule-coverage.ts";
import { diffRuleSets, type RuleDiff } from "../rules/diff/diff-rule-sets.ts";
import { explainRule } from "../rules/explain/explain-rule.ts";
import { openRuleLibrary } from "../rules/library/open-rule-library.ts";
import { readRuleFiles, type SkippedFile } from "../rules/library/read-rule-files.ts";
import type { RuleLibrary } from "../rules/library/rule-library.ts";
import { LINT_CODES, LINTS, type LintCode } from "../rules/lint/lint-codes.ts";
import { findLint, lintRuleSet, skippedFile } from "../rules/lint/lint-rule-set.ts";
import { type Finding, toSarif } from "../rules/lint/to-sarif.ts";
import { type LoadOptions, loadRules, type RuleFile, type RuleSetLoad } from "../rules/load-rules.ts";
import type { Rule, RuleSet } from "../rules/rule-set.ts";
import { nearestNames } from "../text/nearest-names.ts";
import { visible, visibleLines } from "../text/visible.ts";
import { colors, printJson, printLine, printTable } from "./print.ts";
import { homeFolder } from "./settings.ts";
import { packageVersion } from "./version.ts";

export interface RulesFlags {
  readonly home?: string;
  readonly engine?: string;
  readonly format?: "text" | "json" | "sarif";
  readonly strict?: boolean;
  readonly off?: readonly string[];
  readonly codes?: boolean;
  readonly full?: boolean;
  readonly layer?: string;
  readonly failOnLoss?: boolean;
}

interface Loaded extends RuleSetLoad {
  readonly files: readonly RuleFile[];
  readonly skipped: readonly SkippedFile[];
  readonly options: LoadOptions;
}

export async function validateRules(paths: readonly string[], flags: RulesFlags): Promise<void> {
  const loaded = await load(paths, flags);
  report([...loaded.skipped.map(skippedFile), ...loaded.diagnostics], loaded, flags);
}

export async function lintRules(paths: readonly string[], flags: RulesFlags): Promise<void> {
  if (flags.codes === true) return listLints(flags);
  if (paths.length === 0) {
    throw new FalcoSkillsError("INVALID_ARGUMENT", "no rule file is named", {
      fix: "Name rule files or folders, or pass --codes.",
    });
  }
  const loaded = await load(paths, flags);
  const off = (flags.off ?? []).map(lintNamed);
  const { findings, suppressed, leftOut } = lintRuleSet(loaded.ruleSet, loaded.files, { off, load: loaded.options });
  const skipped = off.includes("LINT_FILE_SKIPPED") ? [] : loaded.skipped.map(skippedFile);
  // The lint says what to write instead; Falco's own warning at the same place would only repeat it.
  const told = new Set(
    findings.flatMap(({ code, file, line }) => (code === "LINT_DEPRECATED_FIELD" ? [`${file}:${line}`] : [])),
  );
  const problems = loaded.diagnostics.filter(
    ({ code, file, line }) => code !== "LOAD_DEPRECATED_ITEM" || !told.has(`${file}:${line}`),
  );
  report([...skipped, ...problems, ...findings], loaded, flags);
  if (flags.format !== "text") return;
  if (suppressed > 0) printLine(colors.dim(`${suppressed} switched off by comments`));
  for (const line of leftOut) printLine(colors.dim(line));
}

export async function listRules(paths: readonly string[], flags: RulesFlags): Promise<void> {
  if (paths.length === 0) return listSets(flags);
  const { ruleSet } = await load(paths, flags);
  const rows = ruleSet.rules.map(({ name, priority, source, active, tags, history }) => {
    const at = history[0]?.at;
    return { name, priority, source, active, tags, at: at === undefined ? "" : `${at.file}:${at.line}` };
  });
  if (flags.format === "json") return printJson({ digest: ruleSet.digest, rules: rows });
  printTable(
    ["priority", "source", "runs", "rule"],
    rows.map(({ name, priority, source, active }) => [priority, source, active ? "yes" : "no", name]),
  );
}

export async function explainOneRule(name: string, paths: readonly string[], flags: RulesFlags): Promise<void> {
  const { rule, ruleSet } =
    paths.length === 0 ? await ruleFromHome(name, flags) : ruleNamed(name, (await load(paths, flags)).ruleSet);
  const explained = explainRule(rule, ruleSet, { detail: flags.full === true ? "full" : "concise" });
  if (flags.format === "json") {
    const { macros, lists, shadow, ...rest } = explained;
    return printJson({
      rule: rule.name,
      ...rest,
      macros: macros.map((macro) => ({ name: macro.name, condition: macro.condition })),
      lists: lists.map((list) => ({ name: list.name, items: list.expandedItems })),
      ...(shadow === undefined ? {} : { shadowed_by: shadow.by.name }),
    });
  }
  printLine(colors.bold(visible(rule.name)));
  printLine(visibleLines(rule.description.trim()));
  printLine();
  for (const sentence of explained.summary) printLine(visible(sentence));
  printLine();
  for (const { depth, text, file, line } of explained.clauses) {
    const where = file === undefined ? "" : colors.dim(`  ${visible(file)}:${line}`);
    printLine(`${"  ".repeat(depth)}- ${visible(text)}${where}`);
  }
  if (explained.clausesCut) printLine(colors.dim("… more clauses: pass --full"));
  printLine();
  printLine(`output: ${visible(rule.output)}`);
}

export async function showCoverage(paths: readonly string[], flags: RulesFlags): Promise<void> {
  const { ruleSet } = await load(paths, flags);
  const coverage = coverageOf(ruleSet);
  if (flags.layer !== undefined) {
    await writeFile(flags.layer, `${JSON.stringify(navigatorLayer("Falco rules", coverage), null, 2)}\n`);
  }
  if (flags.format === "json") return printJson(coverage);
  printTable(
    ["tactic", "covered", "rules", "techniques named"],
    coverage.tactics.map(({ tactic, techniques, covered, rules }) => [
      tactic.name,
      `${covered} of ${techniques}`,
      String(rules),
      coverage.techniques
        .filter((entry) => entry.rules.length > 0 && entry.technique.tactics.includes(tactic.shortName))
        .map(({ technique }) => technique.id)
        .join(" "),
    ]),
  );
  printLine();
  printLine(
    `${coverage.active} of ${coverage.rules} rules run; ${coverage.untagged.length} of these have no ATT&CK tag`,
  );
  printLine(
    `most watched events: ${coverage.events
      .slice(0, 12)
      .map(({ name, rules }) => `${name} ${rules}`)
      .join(", ")}`,
  );
  for (const { rule, fault } of coverage.faults) {
    printLine(
      `${colors.yellow("tag")} ${visible(`${fault.tag} ${fault.message}`)} ${colors.dim(`in ${visible(rule)}`)}`,
    );
  }
}

export async function diffRuleFiles(before: string, after: string, flags: RulesFlags): Promise<void> {
  const [old, now] = [await load(before.split(","), flags), await load(after.split(","), flags)];
  const diff = diffRuleSets(old.ruleSet, now.ruleSet);
  const lossy = diff.rules.filter(
    ({ change }) => change === "removed" || change === "weakened" || change === "changed",
  );
  if (flags.failOnLoss === true && lossy.length > 0) process.exitCode = 1;
  if (flags.format === "json") return printJson(diff);
  for (const row of diff.rules) printDiff(row);
  if (diff.moved.length > 0)
    printLine(`order of evaluation changed for ${diff.moved.map((name) => visible(name)).join(", ")}`);
  printLine(`${counted(diff.rules.length, "rule")} changed, ${diff.unchanged} unchanged`);
}

const CHANGE_COLORS = {
  added: colors.green,
  removed: colors.red,
  weakened: colors.red,
  strengthened: colors.green,
  changed: colors.yellow,
  cosmetic: colors.dim,
} as const;

function printDiff({ rule, change, details, lost, gained }: RuleDiff): void {
  printLine(`${CHANGE_COLORS[change](change)} ${visible(rule)}`);
  for (const detail of details) printLine(`  ${visible(detail)}`);
  if (lost.length > 0) printLine(`  no longer caught, for example: ${visible(lost.join(", "))}`);
  if (gained.length > 0) printLine(`  caught now, for example: ${visible(gained.join(", "))}`);
}

function report(findings: readonly Finding[], loaded: Loaded, flags: RulesFlags): void {
  const count = (severity: Finding["severity"]) => findings.filter((finding) => finding.severity === severity).length;
  const [errors, warnings, notes] = [count("error"), count("warning"), count("note")];
  if (errors > 0 || (flags.strict === true && warnings > 0)) process.exitCode = 1;
  if (flags.format === "sarif") {
    const texts = new Map(loaded.files.map(({ name, text }) => [name, text]));
    printJson(toSarif(findings, packageVersion(), (file) => texts.get(file) ?? ""));
  } else if (flags.format === "json") {
    const { rules, digest } = loaded.ruleSet;
    printJson({ ok: loaded.ok, errors, warnings, notes, rules: rules.length, digest, findings });
  } else {
    for (const finding of findings) printFinding(finding);
    const noted = notes > 0 ? `, ${counted(notes, "note")}` : "";
    const where = `${counted(loaded.ruleSet.rules.length, "rule")} of ${counted(loaded.files.length, "file")}`;
    const totals = `${counted(errors, "error")}, ${counted(warnings, "warning")}${noted} in ${where}`;
    printLine(errors > 0 ? colors.red(totals) : warnings > 0 ? colors.yellow(totals) : colors.green(totals));
  }
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

const SEVERITY_COLORS = { error: colors.red, warning: colors.yellow, note: colors.cyan } as const;

function printFinding({ code, severity, message, file, line, column, frame, within, fix }: Finding): void {
  printLine(`${SEVERITY_COLORS[severity](severity)} ${colors.bold(code)}: ${visible(message)}`);
  const items = within.length === 0 ? "" : ` in ${visible(within.join(", "))}`;
  printLine(`${visible(file)}:${line}:${column}${colors.dim(items)}`);
  if (frame !== "") printLine(frame);
  printLine(`${visible(fix)}\n`);
}

function listLints(flags: RulesFlags): void {
  if (flags.format === "json") printJson(LINTS);
  else for (const code of LINT_CODES) printLint(code);
}

function printLint(code: LintCode): void {
  const { severity, reason, example, mended } = LINTS[code];
  printLine(`${colors.bold(code)} (${SEVERITY_COLORS[severity](severity)})\n${reason}`);
  printLine(`${colors.dim("instead of")}\n${indented(example)}\n${colors.dim("write")}\n${indented(mended)}\n`);
}

const indented = (text: string): string => text.replaceAll(/^/gm, "  ");

async function listSets(flags: RulesFlags): Promise<void> {
  const { sets, faults } = await library(flags).list();
  if (flags.format === "json") return printJson({ sets, faults });
  printTable(
    ["set", "digest", "rules", "loads", "loaded at"],
    sets.map(({ name, digest, rules, ok, loadedAtMs }) => [
      name,
      digest.slice(0, 12),
      String(rules),
      ok ? "yes" : "no",
      new Date(loadedAtMs).toISOString(),
    ]),
  );
  for (const fault of faults) printLine(`${colors.red("fault")}: ${visible(fault)}`);
}

/** The rules of paths, or of a set in home where the only path is set:NAME. */
async function load(paths: readonly string[], flags: RulesFlags): Promise<Loaded> {
  const [first = ""] = paths;
  const options: LoadOptions = flags.engine === undefined ? {} : { engineVersion: flags.engine };
  if (paths.length === 1 && first.startsWith("set:")) {
    const [name = "", digest] = first.slice("set:".length).split("@");
    const { files, options: stored } = await library(flags).get(name, digest);
    const merged = { ...stored, ...options };
    return { ...loadRules(files, merged), files, skipped: [], options: merged };
  }
  const { files, skipped } = await readRuleFiles(paths);
  return { ...loadRules(files, options), files, skipped, options };
}

function library(flags: RulesFlags): RuleLibrary {
  const folder = join(homeFolder(flags.home, process.env), "rules");
  return openRuleLibrary({ folder, nowMs: () => Date.now(), newId: () => randomUUID().slice(0, 8) });
}

async function ruleFromHome(name: string, flags: RulesFlags): Promise<{ rule: Rule; ruleSet: RuleSet }> {
  const rules = library(flags);
  const [found] = await rules.findRule(name);
  if (found !== undefined) return { rule: found.rule, ruleSet: found.set.ruleSet };
  throw new FalcoSkillsError("RULE_NOT_FOUND", `no rule set in home has a rule called ${JSON.stringify(name)}`, {
    fix: "Name the rule files behind the rule's name.",
  });
}

function ruleNamed(name: string, ruleSet: RuleSet): { rule: Rule; ruleSet: RuleSet } {
  const rule = ruleSet.rules.find((candidate) => candidate.name === name);
  if (rule !== undefined) return { rule, ruleSet };
  const near = nearestNames(
    name,
    ruleSet.rules.map((candidate) => candidate.name),
    3,
  ).map((other) => JSON.stringify(other));
  throw new FalcoSkillsError("RULE_NOT_FOUND", `no rule is called ${JSON.stringify(name)}`, {
    fix: near.length === 0 ? "Name files that hold rules." : `Write one of ${near.join(", ")}.`,
  });
}

function lintNamed(name: string): LintCode {
  const code = findLint(name);
  if (code !== undefined) return code;
  throw new FalcoSkillsError("INVALID_ARGUMENT", `--off ${JSON.stringify(name)} names no lint`, {
    fix: `Write one of ${nearestNames(name, LINT_CODES, 3).join(", ")}, or see rules lint --codes.`,
  });
}
