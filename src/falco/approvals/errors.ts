import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { visible } from "../../text/visible.ts";

const quote = (text: string): string => JSON.stringify(visible(text.slice(0, 120)));

const ASK_AGAIN = "Make a new plan and have that one approved.";

export function notFound(id: string): FalcoSkillsError {
  return new FalcoSkillsError("APPROVAL_NOT_FOUND", `nothing waits for approval under the id ${quote(id)}`, {
    fix: "Run falco-skills approve without an id to see what waits.",
  });
}

export function damaged(id: string, why: string, cause?: unknown): FalcoSkillsError {
  return new FalcoSkillsError("APPROVAL_DAMAGED", `the approval ${quote(id)} cannot be used: ${why}`, {
    fix: ASK_AGAIN,
    cause,
  });
}

export function unsafe(folder: string, why: string): FalcoSkillsError {
  return new FalcoSkillsError("APPROVAL_UNSAFE", `approvals are not believed: ${quote(folder)} ${why}`, {
    fix: "Make the folder and home belong to the user who runs the server, with mode 0700.",
    where: folder,
  });
}

export function waiting(id: string): FalcoSkillsError {
  return new FalcoSkillsError("APPROVAL_WAITING", `nobody has approved ${quote(id)} yet`, {
    fix: `Have a person run falco-skills approve ${visible(id)} at a terminal.`,
  });
}

export function refused(id: string, by: string): FalcoSkillsError {
  return new FalcoSkillsError("APPROVAL_REFUSED", `${quote(by)} refused ${quote(id)}`, {
    fix: "Ask that person what should be different, then make another plan.",
  });
}

export function expired(id: string, at: string): FalcoSkillsError {
  return new FalcoSkillsError("APPROVAL_EXPIRED", `the approval ${quote(id)} was good until ${at}`, { fix: ASK_AGAIN });
}

export function used(id: string): FalcoSkillsError {
  return new FalcoSkillsError("APPROVAL_USED", `the approval ${quote(id)} was used before`, { fix: ASK_AGAIN });
}

export function mismatch(id: string, given: string): FalcoSkillsError {
  return new FalcoSkillsError(
    "APPROVAL_MISMATCH",
    `the approval ${quote(id)} is for something else than ${quote(given)}`,
    {
      fix: "Have exactly that approved that is to be done.",
    },
  );
}

export function decided(id: string, state: string): FalcoSkillsError {
  return new FalcoSkillsError("APPROVAL_DECIDED", `${quote(id)} is ${state} already`, {
    fix: "Make a new plan if the decision was wrong.",
  });
}

export function tooMany(limit: number): FalcoSkillsError {
  return new FalcoSkillsError("APPROVAL_TOO_MANY", `${limit} requests wait for approval already`, {
    fix: "Have a person run falco-skills approve and decide on those that wait.",
  });
}

export function unshowable(what: string): FalcoSkillsError {
  return new FalcoSkillsError("INVALID_ARGUMENT", `what is to be approved cannot be shown whole: ${what}`, {
    fix: "Ask for less at once.",
  });
}

/** What a failed write below home means. */
export function notKept(folder: string, cause: unknown): FalcoSkillsError {
  const code = String((cause as { code?: unknown } | null)?.code ?? "unexpected failure");
  const full = code === "ENOSPC" || code === "EDQUOT";
  return new FalcoSkillsError(
    full ? "DISK_FULL" : "HOME_NOT_WRITABLE",
    `${quote(folder)} cannot be written (${code})`,
    {
      fix: full
        ? "Free space on the disk that holds home."
        : "Give the user that runs falco-skills write permission for home.",
      where: folder,
      cause,
    },
  );
}
