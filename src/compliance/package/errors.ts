import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { visible } from "../../text/visible.ts";

const quote = (text: string): string => JSON.stringify(visible(text.slice(0, 200)));

export function empty(): FalcoSkillsError {
  return new FalcoSkillsError("EXPORT_EMPTY", "no record of the audit trail belongs to what is to be exported", {
    fix: "Call search_audit to see what is recorded, then export with a checklist, run or window that has records.",
  });
}

export function trailUnusable(): FalcoSkillsError {
  return new FalcoSkillsError(
    "EXPORT_TRAIL_UNUSABLE",
    "the records of the audit trail are not those that were signed",
    {
      fix: "Call verify_audit to see where the trail stops being what was signed.",
    },
  );
}

export function noHead(): FalcoSkillsError {
  return new FalcoSkillsError("EXPORT_TRAIL_UNUSABLE", "no signed head covers the records that are to be exported", {
    fix: "Call verify_audit, then export again.",
  });
}

export function trailTooLarge(bytes: number, limit: number): FalcoSkillsError {
  return new FalcoSkillsError(
    "EXPORT_TRAIL_UNUSABLE",
    `the audit trail has ${bytes} bytes; exports read up to ${limit}`,
    {
      fix: "Start a new home for new work, and keep this one as it is.",
    },
  );
}

export function outExists(path: string): FalcoSkillsError {
  return new FalcoSkillsError("EXPORT_OUT_EXISTS", `${quote(path)} exists already`, {
    fix: "Pass a --out that does not exist yet.",
  });
}

export function zipTooLarge(bytes: number, limit: number): FalcoSkillsError {
  return new FalcoSkillsError("EVIDENCE_TOO_LARGE", `the package has ${bytes} bytes; a zip may hold ${limit}`, {
    fix: "Export a folder: pass --out a name that does not end with .zip.",
  });
}

/** Throws what a failed write means. */
export function notWritten(path: string, cause: unknown): never {
  const code = String((cause as { code?: unknown } | null)?.code ?? "unexpected failure");
  const full = code === "ENOSPC" || code === "EDQUOT";
  throw new FalcoSkillsError(full ? "DISK_FULL" : "HOME_NOT_WRITABLE", `writing ${quote(path)} failed (${code})`, {
    fix: full
      ? "Free space on that disk, then export again."
      : "Give the user that runs falco-skills write permission there.",
    cause,
  });
}
