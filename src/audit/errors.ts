import { FalcoSkillsError } from "../errors/falco-skills-error.ts";

export function unwritable(path: string, cause: unknown): FalcoSkillsError {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  const full = code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG";
  return new FalcoSkillsError("AUDIT_UNWRITABLE", `the audit trail could not be written: ${code || message}`, {
    fix: full
      ? "Make room on the disk that holds the audit folder, then call again."
      : "Make the audit folder writable for this user, then call again.",
    where: path,
    cause,
  });
}

export function busy(waitedMs: number, folder: string): FalcoSkillsError {
  return new FalcoSkillsError("AUDIT_BUSY", `another process held the audit trail for ${waitedMs} ms`, {
    fix: "End or resume the process that is stopped while it writes (its pid is in the owners folder), then call again.",
    where: folder,
  });
}

export function damaged(seen: string, where: string): FalcoSkillsError {
  return new FalcoSkillsError("AUDIT_DAMAGED", seen, {
    fix: "Run verify_audit, keep the audit folder as evidence and move it away to start a new trail.",
    where,
  });
}

export function foreignOwner(seen: string, where: string): FalcoSkillsError {
  return new FalcoSkillsError("AUDIT_FOREIGN_OWNER", `the audit trail is in use by ${seen}`, {
    fix: "Give each container or machine its own --home, or stop the other process and call again after a minute.",
    where,
  });
}

export function keyUnusable(seen: string, where: string): FalcoSkillsError {
  return new FalcoSkillsError("AUDIT_KEY_UNUSABLE", seen, {
    fix: "Restore the key file with mode 0600, or move the audit folder away to start a new trail.",
    where,
  });
}

export function closed(): FalcoSkillsError {
  return new FalcoSkillsError("AUDIT_CLOSED", "the audit trail was closed before this record", {
    fix: "Start the server again and repeat the call.",
  });
}

export function unreadableHead(seen: string): FalcoSkillsError {
  return new FalcoSkillsError("AUDIT_HEAD_UNREADABLE", `no known head is in ${seen}`, {
    fix: "Pass --known-head a checkpoint, a receipt or a line with the size and the root.",
  });
}
