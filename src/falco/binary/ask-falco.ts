import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { FalcoAction } from "./arguments.ts";
import type { FalcoAnswer, FalcoCall, FalcoRuleFile, FalcoValidation } from "./falco-binary.ts";
import { jsonIn, textReader } from "./read-document.ts";
import { readLoadResults } from "./read-load-results.ts";
import { limitsOf, type RunContext, type RunReport, startRun } from "./start-run.ts";
import type { ProcessLimits } from "./supervise.ts";

const MAX_FILES = 1_000;
const DOCUMENT_BYTES = 64 * 1024 * 1024;
const ASK_LIMITS: ProcessLimits = {
  startMs: 15_000,
  idleMs: 30_000,
  wholeMs: 60_000,
  graceMs: 1_000,
  outputBytes: DOCUMENT_BYTES,
  lineBytes: DOCUMENT_BYTES,
};

interface AskRequest extends FalcoCall {
  readonly action: FalcoAction;
  readonly files?: readonly FalcoRuleFile[];
}

/** What Falco printed, and how it ended. */
async function ask(
  context: RunContext,
  { action, files, limits, signal }: AskRequest,
): Promise<RunReport & { readonly text: string }> {
  const { take, text } = textReader();
  const report = await startRun(context, {
    action,
    ...(files === undefined ? {} : { files }),
    limits: limitsOf(ASK_LIMITS, limits),
    signal,
    onLine: take,
  });
  return { ...report, text: text() };
}

/**
 * The answer of one call, read from its stdout by `read`; FALCO_NO_RESULT where Falco ended well and `read` finds nothing in
 * what it printed. Cancellation rejects with CANCELLED.
 */
export async function askFalco<T>(
  context: RunContext,
  request: AskRequest,
  read: (text: string, report: RunReport) => T | undefined,
): Promise<FalcoAnswer<T>> {
  const report = await ask(context, request);
  const warnings = report.errors.warnings();
  if (report.failure?.code === "CANCELLED") throw report.failure;
  if (report.failure !== undefined) return { failure: report.failure, warnings };
  const value = read(report.text, report);
  return value === undefined ? { failure: noResult(request.action), warnings } : { value, warnings };
}

/** `falco -V` over the files. Invalid rules are a verdict; a run that gives none has a failure. */
export async function validateRules(
  context: RunContext,
  files: readonly FalcoRuleFile[],
  call: FalcoCall,
): Promise<FalcoValidation> {
  checkFiles(files);
  const { text, errors, failure, lastWords, names } = await ask(context, { ...call, action: "validate", files });
  if (failure?.code === "CANCELLED") throw failure;
  const warnings = errors.warnings();
  const results = readLoadResults(jsonIn(text), names);
  const isAccepted = results?.every(({ successful }) => successful) ?? false;
  if (results !== undefined && !isAccepted) return { verdict: "invalid", ok: false, results, warnings };
  if (results !== undefined && failure === undefined) {
    const hasWarnings = results.some((result) => result.warnings.length > 0);
    return { verdict: hasWarnings ? "valid_with_warnings" : "valid", ok: true, results, warnings };
  }
  return {
    verdict: "no_result",
    ok: false,
    results: results ?? [],
    ...(lastWords === undefined ? {} : { fatal: lastWords }),
    failure: failure ?? noResult("validate"),
    warnings,
  };
}

export function checkFiles(files: readonly FalcoRuleFile[]): void {
  if (files.length > 0 && files.length <= MAX_FILES) return;
  throw new FalcoSkillsError("FALCO_ARGUMENT", `${files.length} rule files were passed`, {
    fix: `Pass 1 to ${MAX_FILES} rule files.`,
  });
}

function noResult(action: FalcoAction): FalcoSkillsError {
  return new FalcoSkillsError(
    "FALCO_NO_RESULT",
    `falco ended without printing what ${JSON.stringify(action)} asked for`,
    {
      fix: "Call falco_status to see which version is driven and what it can do.",
    },
  );
}
