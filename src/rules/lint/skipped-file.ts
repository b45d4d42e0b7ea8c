import { LINTS } from "./lint-codes.ts";
import type { LintFinding } from "./lint-finding.ts";

/** The finding for a file that Falco passes over: it has no text to show. */
export function skippedFile({ path, reason }: { readonly path: string; readonly reason: string }): LintFinding {
  return {
    code: "LINT_FILE_SKIPPED",
    severity: LINTS.LINT_FILE_SKIPPED.severity,
    message: `Falco does not read ${JSON.stringify(path)}: ${reason}`,
    fix: "Rename the file to end in .yaml, name it itself, or take it out of the folder.",
    file: path,
    span: { start: 0, end: 0 },
    line: 1,
    column: 1,
    frame: "",
    within: [],
  };
}
