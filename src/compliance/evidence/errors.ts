import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { visible } from "../../text/visible.ts";

const quote = (text: string): string => JSON.stringify(visible(text.slice(0, 120)));

export function evidenceNotFound(id: string): FalcoSkillsError {
  return new FalcoSkillsError("EVIDENCE_NOT_FOUND", `no evidence has the id ${quote(id)}`, {
    fix: "Pass an id that add_evidence returned.",
  });
}

export function evidenceDamaged(id: string, why: string): FalcoSkillsError {
  return new FalcoSkillsError("EVIDENCE_DAMAGED", `the evidence ${quote(id)} cannot be used: ${why}`, {
    fix: "Restore the evidence folder of home from a copy, or call add_evidence with the artefact again.",
  });
}

export function tooLarge(what: string, size: number, limit: number): FalcoSkillsError {
  return new FalcoSkillsError("EVIDENCE_TOO_LARGE", `${what} has ${size} bytes; evidence may have ${limit}`, {
    fix: "Narrow it to what matters, or keep it elsewhere and call add_evidence with a note of its hash and place.",
  });
}

export function tooManyAlerts(found: number, limit: number): FalcoSkillsError {
  return new FalcoSkillsError("EVIDENCE_TOO_LARGE", `${found} alerts match; evidence may hold ${limit}`, {
    fix: "Call add_evidence with a shorter window or a narrower filter.",
  });
}

export function notRegular(path: string): FalcoSkillsError {
  return new FalcoSkillsError("FILE_NOT_REGULAR", `${quote(path)} is no plain file`, {
    fix: "Call add_evidence with the path of a plain file.",
  });
}

export function argument(what: string): FalcoSkillsError {
  return new FalcoSkillsError("INVALID_ARGUMENT", what, { fix: "Correct the argument and call add_evidence again." });
}

export function recordNotFound(seq: number): FalcoSkillsError {
  return new FalcoSkillsError("INVALID_ARGUMENT", `the audit trail has no record ${seq}`, {
    fix: "Call search_audit and pass the seq of a record it shows.",
  });
}

export function unreadable(path: string, cause: unknown): never {
  const code = String((cause as { code?: unknown } | null)?.code ?? "unexpected failure");
  const missing = code === "ENOENT" || code === "ENOTDIR";
  throw new FalcoSkillsError(
    missing ? "FILE_NOT_FOUND" : "FILE_UNREADABLE",
    `${quote(path)} cannot be read (${code})`,
    {
      fix: missing ? "Check the spelling of the path." : "Give the user that runs falco-skills read permission for it.",
      cause,
    },
  );
}

/** Throws what a failed write means: the disk is full, or home may not be written. */
export function notKept(cause: unknown): never {
  const code = String((cause as { code?: unknown } | null)?.code ?? "unexpected failure");
  const full = code === "ENOSPC" || code === "EDQUOT";
  throw new FalcoSkillsError(full ? "DISK_FULL" : "HOME_NOT_WRITABLE", `keeping the evidence failed (${code})`, {
    fix: full
      ? "Free space on the disk that holds home, then call add_evidence again."
      : "Give the user that runs falco-skills write permission for home, or start it with another --home.",
    cause,
  });
}

/** Throws what a copy that failed means. */
export function notCopied(path: string, cause: unknown): never {
  const code = String((cause as { code?: unknown } | null)?.code ?? "unexpected failure");
  throw new FalcoSkillsError("FILE_UNREADABLE", `the copy ${quote(path)} could not be written (${code})`, {
    fix: "Name a file that does not exist yet, in a folder that you may write.",
    cause,
  });
}
