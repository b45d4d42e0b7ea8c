import type { ErrorCode } from "./codes.ts";

export interface ErrorDetails {
  /** One imperative sentence that names a tool, command or option that exists. */
  readonly fix: string;
  /** Where it was seen: `file:line:column`, a path, or a byte offset in words. */
  readonly where?: string;
  readonly cause?: unknown;
}

/**
 * An expected failure: code for programs, message (what was seen, value quoted) and fix for people and agents.
 * Anything else that is thrown is a defect and reaches callers only as INTERNAL.
 */
export class FalcoSkillsError extends Error {
  override readonly name = "FalcoSkillsError";
  readonly code: ErrorCode;
  readonly fix: string;
  readonly where: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.fix = details.fix;
    this.where = details.where;
  }
}
