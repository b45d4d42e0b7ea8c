import { FalcoSkillsError } from "./falco-skills-error.ts";

export interface ErrorDescription {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
  readonly where?: string;
}

/** What a caller may see of any thrown value: our own errors whole, everything else as INTERNAL without its text. */
export function describeError(thrown: unknown): ErrorDescription {
  if (thrown instanceof FalcoSkillsError) {
    return {
      code: thrown.code,
      message: thrown.message,
      fix: thrown.fix,
      ...(thrown.where === undefined ? {} : { where: thrown.where }),
    };
  }
  return {
    code: "INTERNAL",
    message: "something went wrong inside falco-skills",
    fix: "Read the server's stderr for the details and report them as a defect.",
  };
}

/** The lines a failed call shows: `CODE: message`, where it was seen, the fix. */
export function renderError({ code, message, fix, where }: ErrorDescription): string {
  return [`${code}: ${message}`, ...(where === undefined ? [] : [where]), fix].join("\n");
}
