import { buildRuleSet } from "./build-rule-set.ts";
import { type LoadFinding, placeOf } from "./load-context.ts";
import type { LoadOptions, RuleFile } from "./load-options.ts";
import { loadSettings } from "./load-settings.ts";
import { missingPlugins } from "./missing-plugins.ts";
import { type RuleDiagnostic, ruleDiagnostic } from "./rule-diagnostic.ts";
import { type FilesOutcome, loadFiles } from "./rule-files.ts";
import type { RuleSet } from "./rule-set.ts";
import { createSuggestions } from "./suggestions.ts";

export type { LoadedPlugin, LoadOptions, RuleFile } from "./load-options.ts";
export type { RuleDiagnostic } from "./rule-diagnostic.ts";

export interface RuleSetLoad {
  /** True where Falco would start with these files. */
  readonly ok: boolean;
  /** All that could be loaded, even when some items could not. */
  readonly ruleSet: RuleSet;
  /** Of all files, in file order, then by place. */
  readonly diagnostics: readonly RuleDiagnostic[];
}

/**
 * The rule set of these files in load order with every error and warning in them, each at its real place. Falco stops at
 * the first error of a file; here every item and rule has its turn, so that one mistake does not hide the next.
 * Fails with INVALID_ARGUMENT for an unknown engine version; what is wrong with the files is in `diagnostics`.
 */
export function loadRules(files: readonly RuleFile[], options: LoadOptions = {}): RuleSetLoad {
  const settings = loadSettings(options);
  const outcome = loadFiles(files, settings, false);
  const findings = [...ownFindings(outcome), ...missingPlugins(outcome.collector, settings.plugins)];
  const suggest = createSuggestions(outcome.collector);
  const diagnostics = findings.map((finding) => ruleDiagnostic(finding, suggest));
  const orders = new Map(files.map(({ name }, order) => [name, order]));
  diagnostics.sort((a, b) => (orders.get(a.file) ?? 0) - (orders.get(b.file) ?? 0) || a.span.start - b.span.start);
  return {
    ok: diagnostics.every(({ severity }) => severity !== "error"),
    ruleSet: buildRuleSet(outcome, settings),
    diagnostics,
  };
}

const UNUSED = new Set<string>(["LOAD_UNUSED_MACRO", "LOAD_UNUSED_LIST"]);

/**
 * The findings that stand on their own: each once though every file compiles all before it again, what is unused only in
 * the end and when nothing failed that might use it, no macro called undefined that is there but broken.
 */
function ownFindings({ files }: FilesOutcome): LoadFinding[] {
  const last = files.at(-1);
  const failed = files.some(({ findings }) => findings.some(({ severity }) => severity === "error"));
  const seen = new Set<string>();
  return files.flatMap((outcome) =>
    outcome.findings.filter((finding, index) => {
      if (index < outcome.compileFrom) return true;
      if (UNUSED.has(finding.code) && (failed || outcome !== last)) return false;
      if (finding.follows) return false;
      const { file, span } = finding.place ?? placeOf(finding.context);
      const key = JSON.stringify([finding.code, finding.message, finding.deprecatedField, file.order, span.start]);
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    }),
  );
}
