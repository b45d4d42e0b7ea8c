import type { Span } from "../../text/span.ts";
import type { LintCode } from "./lint-codes.ts";

/**
 * Something Falco loads without a word although it does not do what it says. error: the rule cannot work as written, or
 * brings Falco down; warning: it likely does something else than was meant; note: it could serve its readers better.
 */
export interface LintFinding {
  readonly code: LintCode;
  readonly severity: LintSeverity;
  /** Lower case, with what was seen. */
  readonly message: string;
  /** One imperative sentence. */
  readonly fix: string;
  readonly file: string;
  readonly span: Span;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  readonly frame: string;
  /** Outermost first: `rule "x"`, `macro "y"`. */
  readonly within: readonly string[];
}

export type LintSeverity = "error" | "warning" | "note";
