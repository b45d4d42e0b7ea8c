import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { nearestNames } from "../../text/nearest-names.ts";

export function setName(name: string): FalcoSkillsError {
  return new FalcoSkillsError("RULES_SET_NAME", `${JSON.stringify(name)} cannot name a rule set`, {
    fix: "Use 1 to 64 lower-case letters, digits, dots, dashes and underscores, beginning with a letter or digit.",
  });
}

export function setNotFound(name: string, known: readonly string[]): FalcoSkillsError {
  const near = nearestNames(name, known, 5);
  const named = near.length > 0 ? near : known.slice(0, 5);
  const there = named.length === 0 ? "none is loaded" : `loaded are ${named.join(", ")}`;
  return new FalcoSkillsError("RULES_SET_NOT_FOUND", `no rule set is called ${JSON.stringify(name)}: ${there}`, {
    fix: named.length === 0 ? "Call load_rules first." : "Pass one of these names, or call load_rules.",
  });
}

export function versionNotFound(name: string, digest: string, known: readonly string[]): FalcoSkillsError {
  const kept = known.slice(0, 5).map((other) => other.slice(0, 12));
  return new FalcoSkillsError(
    "RULES_SET_NOT_FOUND",
    `rule set ${JSON.stringify(name)} has no version ${JSON.stringify(digest)}; kept are ${kept.join(", ")}`,
    { fix: "Pass the beginning of one of these digests, or leave the digest out for the current version." },
  );
}

export function damaged(name: string, what: string, cause?: unknown): FalcoSkillsError {
  return new FalcoSkillsError("RULES_SET_DAMAGED", `rule set ${JSON.stringify(name)} is damaged: ${what}`, {
    fix: "Call load_rules again with the files it was made of.",
    cause,
  });
}

export function noFiles(paths: readonly string[], skipped: number): FalcoSkillsError {
  const seen = skipped === 0 ? "" : `; ${skipped} others were passed over`;
  const named = paths
    .slice(0, 3)
    .map((path) => JSON.stringify(path))
    .join(", ");
  return new FalcoSkillsError("RULES_NO_FILES", `${named} gives no file that ends in .yaml or .yml${seen}`, {
    fix: "Name rule files that end in .yaml or .yml, or a folder that holds some directly.",
  });
}

export function tooManyFiles(limit: number): FalcoSkillsError {
  return new FalcoSkillsError("RULES_TOO_MANY_FILES", `more than ${limit} rule files are named`, {
    fix: "Load them as several rule sets.",
  });
}

export function notRegular(path: string): FalcoSkillsError {
  return new FalcoSkillsError("FILE_NOT_REGULAR", `${JSON.stringify(path)} is no plain file`, {
    fix: "Name a file or a folder of rule files.",
    where: path,
  });
}

export function tooLarge(path: string, bytes: number, limit: number): FalcoSkillsError {
  return new FalcoSkillsError("FILE_TOO_LARGE", `the rule files have ${bytes} bytes; ${limit} are allowed`, {
    fix: "Split the file, or leave out what is no rule file.",
    where: path,
  });
}

export function notText(path: string): FalcoSkillsError {
  return new FalcoSkillsError("RULES_FILE_NOT_TEXT", `${JSON.stringify(path)} is not UTF-8 text`, {
    fix: "Save the file as UTF-8.",
    where: path,
  });
}

export function unreadable(path: string, cause: unknown): FalcoSkillsError {
  const code = (cause as NodeJS.ErrnoException).code ?? "unknown error";
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new FalcoSkillsError("FILE_NOT_FOUND", `no file or folder is at ${JSON.stringify(path)}`, {
      fix: "Check the spelling of the path.",
      cause,
    });
  }
  return new FalcoSkillsError("FILE_UNREADABLE", `${JSON.stringify(path)} cannot be read (${code})`, {
    fix: "Give the user that runs this program read permission for it, or name another file.",
    cause,
  });
}

/** What went wrong when home was written; anything that is no failure of the disk goes on as it is. */
export function notWritten(folder: string, cause: unknown): unknown {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new FalcoSkillsError("DISK_FULL", `no room to keep the rule set in ${JSON.stringify(folder)} (${code})`, {
      fix: "Free room on that disk, or start with another --home.",
      cause,
    });
  }
  if (!["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST"].includes(code)) return cause;
  return new FalcoSkillsError("HOME_NOT_WRITABLE", `${JSON.stringify(folder)} cannot be written (${code})`, {
    fix: "Give the user that runs this program write permission there, or start with another --home.",
    cause,
  });
}
