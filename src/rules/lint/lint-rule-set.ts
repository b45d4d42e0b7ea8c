import { codeFrame } from "../../text/code-frame.ts";
import { createLineIndex, type LineIndex } from "../../text/line-index.ts";
import type { LoadOptions, RuleFile } from "../load-rules.ts";
import type { RuleSet } from "../rule-set.ts";
import { lintAppends } from "./append-lints.ts";
import { lintChecks } from "./check-lints.ts";
import { LINT_CODES, LINTS, type LintCode } from "./lint-codes.ts";
import type { LintFinding } from "./lint-finding.ts";
import { itemStarts, type LintDraft, type LintSubject, lintSubject } from "./lint-subject.ts";
import { lintLists } from "./list-lints.ts";
import { lintMatches } from "./match-lints.ts";
import { lintRedefinitions } from "./redefinition-lints.ts";
import { lintShadows } from "./shadow-lints.ts";
import { readSuppressions, type Suppressions } from "./suppressions.ts";
import { lintDeprecatedFields, lintOutputs, lintTags } from "./text-lints.ts";

export interface LintOptions {
  /** Lints that are not wanted. */
  readonly off?: readonly LintCode[];
  /** What the set was loaded with: redefinitions are told by loading parts of it again. */
  readonly load?: LoadOptions;
}

export interface LintReport {
  /** In file order, then by place; each once. */
  readonly findings: readonly LintFinding[];
  /** How many were switched off by comments. */
  readonly suppressed: number;
  /** Questions that were not asked because the set is too large, in words. */
  readonly leftOut: readonly string[];
}

/**
 * What Falco loads without a word although it does not do what it says: see LINTS. `files` are the files the set was
 * loaded from; comments in them switch lints off (suppressions.ts).
 */
export function lintRuleSet(ruleSet: RuleSet, files: readonly RuleFile[], options: LintOptions = {}): LintReport {
  const subject = lintSubject(ruleSet, files);
  const shadows = lintShadows(subject);
  const drafts = [
    ...lintLists(subject),
    ...lintAppends(subject),
    ...lintChecks(subject),
    ...lintMatches(subject),
    ...shadows.drafts,
    ...lintRedefinitions(subject, options.load ?? {}),
    ...lintDeprecatedFields(subject),
    ...lintTags(subject),
    ...lintOutputs(subject),
  ];
  const off = new Set<string>(options.off ?? []);
  const shown = showDrafts(
    drafts.filter(({ code }) => !off.has(code)),
    subject,
  );
  const leftOut = shadows.leftOut > 0 ? [`${shadows.leftOut} pairs of rules were not looked at for LINT_SHADOWED`] : [];
  return { ...shown, leftOut };
}

/** The lint of that name in any case and with or without LINT_; undefined for every other word. */
export function findLint(name: string): LintCode | undefined {
  const wanted = name.toUpperCase().replaceAll("-", "_");
  return LINT_CODES.find((code) => code === wanted || code === `LINT_${wanted}`);
}

function showDrafts(drafts: readonly LintDraft[], subject: LintSubject): Pick<LintReport, "findings" | "suppressed"> {
  const orders = new Map(subject.files.map(({ name }, order) => [name, order]));
  const files = new Map<string, { text: string; lines: LineIndex; switches: Suppressions }>();
  const fileOf = (name: string) => {
    const text = subject.textOf(name);
    const known = files.get(name) ?? {
      text,
      lines: createLineIndex(text),
      switches: readSuppressions(text, itemStarts(subject, name)),
    };
    files.set(name, known);
    return known;
  };
  const seen = new Set<string>();
  const findings: LintFinding[] = [];
  let suppressed = 0;
  for (const { code, message, fix, place, within } of drafts) {
    const { text, lines, switches } = fileOf(place.file);
    const key = `${code} ${place.span.start} ${place.file} ${message}`;
    if (seen.has(key)) continue;
    seen.add(key);
    if (switches.isOff(code, place.span.start)) {
      suppressed += 1;
      continue;
    }
    const frame = codeFrame(text, place.span);
    const { severity } = LINTS[code];
    findings.push({ code, severity, message, fix, ...place, ...lines.placeAt(place.span.start), frame, within });
  }
  findings.sort((a, b) => (orders.get(a.file) ?? 0) - (orders.get(b.file) ?? 0) || a.span.start - b.span.start);
  return { findings, suppressed };
}
