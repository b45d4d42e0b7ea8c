import { codeFrame } from "../text/code-frame.ts";
import type { Span } from "../text/span.ts";
import { fixFor } from "./fixes.ts";
import { type LoadContext, type LoadFinding, placeOf } from "./load-context.ts";
import type { Suggest } from "./suggestions.ts";

/** Something a person should know about a rule file. */
export interface RuleDiagnostic {
  readonly severity: "error" | "warning";
  /** Falco's own code (LOAD_ERR_…, LOAD_…), or RULES_… for a limit of ours. */
  readonly code: string;
  /** Falco's own words. */
  readonly message: string;
  readonly file: string;
  /** In that file; from 1 when shown. */
  readonly span: Span;
  readonly line: number;
  readonly column: number;
  readonly frame: string;
  /** Outermost first: "rule \"x\"", "exception \"y\"", "macro \"z\"". */
  readonly within: readonly string[];
  /** One imperative sentence. */
  readonly fix: string;
}

/** A finding with its real place in its file, a frame and what to do about it. */
export function ruleDiagnostic(finding: LoadFinding, suggest: Suggest): RuleDiagnostic {
  const { severity, code, message, context, macros } = finding;
  const { file, span } = finding.place ?? placeOf(context);
  return {
    severity,
    code,
    message,
    file: file.name,
    span,
    ...file.lines().placeAt(span.start),
    frame: codeFrame(file.text, span),
    within: [...namedItems(context), ...(macros ?? []).map((name) => `macro ${JSON.stringify(name)}`)],
    fix: suggest(finding) ?? fixFor(finding),
  };
}

const NAMED = new Set(["list", "macro", "rule", "exception"]);

function namedItems(context: LoadContext): string[] {
  const items: string[] = [];
  for (let at: LoadContext | undefined = context; at !== undefined; at = at.parent) {
    if (NAMED.has(at.type) && at.name !== "") items.unshift(`${at.type} ${JSON.stringify(at.name)}`);
  }
  return items;
}
