import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";

export function notFound(path: string, cause?: unknown): FalcoSkillsError {
  return new FalcoSkillsError("FILE_NOT_FOUND", `no file or folder is at ${JSON.stringify(path)}`, {
    fix: "Check the path in falco.yaml or in Falco's arguments.",
    cause,
  });
}

export function notRegular(path: string): FalcoSkillsError {
  return new FalcoSkillsError("FILE_NOT_REGULAR", `${JSON.stringify(path)} is no plain file`, {
    fix: "Name a plain file in falco.yaml.",
  });
}

export function tooLarge(path: string, maxBytes: number): FalcoSkillsError {
  return new FalcoSkillsError("FILE_TOO_LARGE", `${JSON.stringify(path)} has more than ${maxBytes} bytes`, {
    fix: "Check that it is the file that Falco should read.",
  });
}

export function tooManyLinks(path: string): FalcoSkillsError {
  return new FalcoSkillsError("FILE_UNREADABLE", `${JSON.stringify(path)} leads through too many links`, {
    fix: "Check the symbolic links on the way to it.",
  });
}

/** A failure of the file system in our words; our own errors go on as they are. */
export function unreadable(path: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || !("syscall" in cause)) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  if (code === "ENOENT" || code === "ENOTDIR" || code === "ESRCH") return notFound(path, cause);
  return new FalcoSkillsError("FILE_UNREADABLE", `${JSON.stringify(path)} cannot be read (${code})`, {
    fix: "Run this as a user that may read Falco's configuration, root as a rule.",
    cause,
  });
}

export function noProcessTable(folder: string, cause: unknown): FalcoSkillsError {
  return new FalcoSkillsError("FALCO_PROCESSES_UNREADABLE", `${JSON.stringify(folder)} tells no processes`, {
    fix: "Pass --falco-url to ask a Falco that runs elsewhere.",
    cause,
  });
}

export function configMalformed(path: string, line: number, message: string): FalcoSkillsError {
  return new FalcoSkillsError("FALCO_CONFIG_MALFORMED", `${JSON.stringify(path)} is no configuration: ${message}`, {
    fix: "Correct the YAML at this line: check indentation, quotes and the blank behind colons.",
    where: `${path}:${line}`,
  });
}
