import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { LINT_CODES, LINTS, type LintCode } from "../../rules/lint/lint-codes.ts";
import { findLint, lintRuleSet } from "../../rules/lint/lint-rule-set.ts";
import { skippedFile } from "../../rules/lint/skipped-file.ts";
import { nearestNames } from "../../text/nearest-names.ts";
import { colors, printJson, printLine } from "../print.ts";
import { load, type RulesFlags } from "./loaded-rules.ts";
import { report, SEVERITY_COLORS } from "./report.ts";

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

function lintNamed(name: string): LintCode {
  const code = findLint(name);
  if (code !== undefined) return code;
  throw new FalcoSkillsError("INVALID_ARGUMENT", `--off ${JSON.stringify(name)} names no lint`, {
    fix: `Write one of ${nearestNames(name, LINT_CODES, 3).join(", ")}, or see rules lint --codes.`,
  });
}
