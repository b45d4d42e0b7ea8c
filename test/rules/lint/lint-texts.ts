import { type LintOptions, lintRuleSet } from "../../../src/rules/lint/lint-rule-set.ts";
import { loadRules } from "../../../src/rules/load-rules.ts";

const OUTPUT = "%proc.cmdline %proc.pname %user.name %container.id %container.image.repository";

/** A rule around a condition, with an output and tags that no lint minds. */
export function rule(name: string, condition: string, more = ""): string {
  return `- rule: ${name}\n  desc: d\n  condition: ${condition}\n  output: "${OUTPUT}"\n  priority: INFO\n  tags: [mitre_execution, T1059]\n${more}`;
}

/** Lints of files that load: `code line: message`. */
export function lint(texts: readonly string[], options: LintOptions = {}) {
  const files = texts.map((text, at) => ({ name: `${at + 1}.yaml`, text }));
  const { ok, ruleSet, diagnostics } = loadRules(files);
  if (!ok) throw new Error(diagnostics.map(({ message, frame }) => `${message}\n${frame}`).join("\n"));
  return lintRuleSet(ruleSet, files, options);
}

/** Codes alone, for a condition of one rule. */
export function codesOf(...texts: string[]): string[] {
  return lint(texts).findings.map(({ code }) => code);
}
