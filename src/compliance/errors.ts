import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { visible } from "../text/visible.ts";
import { LIMITS } from "./checklist-line.ts";

const LONGEST_SHOWN = 80;

/** Text of a caller as it may stand in a message. */
function quote(text: string): string {
  return JSON.stringify(visible(text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text));
}

export function checklistNotFound(id: string): FalcoSkillsError {
  return new FalcoSkillsError("CHECKLIST_NOT_FOUND", `no checklist has the id ${quote(id)}`, {
    fix: "Call create_checklist, or pass an id it returned before.",
  });
}

export function checklistDamaged(id: string, why: string): FalcoSkillsError {
  return new FalcoSkillsError("CHECKLIST_DAMAGED", `the file of checklist ${quote(id)} cannot be used: ${why}`, {
    fix: "Restore the file from a copy, or call create_checklist to start a new one.",
  });
}

export function checklistFull(id: string): FalcoSkillsError {
  const limit = `${LIMITS.fileBytes / 1024 / 1024} MiB`;
  return new FalcoSkillsError("CHECKLIST_FULL", `the file of checklist ${quote(id)} would grow past ${limit}`, {
    fix: "Call create_checklist to carry on in a new one.",
  });
}

export function itemUnknown(item: string, nearest: readonly string[]): FalcoSkillsError {
  const hint = nearest.length === 0 ? "" : `; nearest: ${nearest.join(", ")}`;
  return new FalcoSkillsError("CHECKLIST_ITEM_UNKNOWN", `the checklist has no item ${quote(item)}${hint}`, {
    fix: "Call update_checklist with an item id of the checklist.",
  });
}

export function itemAutomatic(item: string, test: string, state: string): FalcoSkillsError {
  const message = `item ${quote(item)} is decided by the test ${quote(test)} and cannot be set to ${quote(state)} by hand`;
  return new FalcoSkillsError("CHECKLIST_ITEM_AUTOMATIC", message, {
    fix: "Leave the item to its test, or set it to blocked or not-applicable with a reason.",
  });
}

export function reasonRequired(item: string, state: string): FalcoSkillsError {
  return new FalcoSkillsError(
    "CHECKLIST_REASON_REQUIRED",
    `item ${quote(item)} was set to ${quote(state)} without a reason`,
    {
      fix: "Call update_checklist again with a reason.",
    },
  );
}

export function attestAutomatic(item: string, test: string): FalcoSkillsError {
  const message = `item ${quote(item)} is decided by the test ${quote(test)}; nobody's word replaces it`;
  return new FalcoSkillsError("ATTEST_NOT_A_PERSON", message, {
    fix: "Call verify_checklist to run the test, or attest a manual or hybrid item.",
  });
}

export function argument(tool: string, what: string): FalcoSkillsError {
  return new FalcoSkillsError("INVALID_ARGUMENT", what, { fix: `Correct the argument and call ${tool} again.` });
}

/** Throws what a failed write means: the disk is full, or home may not be written. */
export function notWritten(cause: unknown): never {
  const code = String((cause as { code?: unknown } | null)?.code ?? "unexpected failure");
  if (code === "ENOSPC" || code === "EDQUOT") {
    throw new FalcoSkillsError("DISK_FULL", `writing the checklist failed (${code})`, {
      fix: "Free space on the disk that holds home, then make the change again.",
      cause,
    });
  }
  throw new FalcoSkillsError("HOME_NOT_WRITABLE", `writing the checklist failed (${code})`, {
    fix: "Give the user that runs falco-skills write permission for home, or start it with another --home.",
    cause,
  });
}
