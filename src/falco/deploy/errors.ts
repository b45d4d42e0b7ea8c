import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { visible } from "../../text/visible.ts";

const quote = (text: string): string => JSON.stringify(visible(text.slice(0, 200)));
const errno = (cause: unknown): string => String((cause as { code?: unknown } | null)?.code ?? "unexpected failure");

const PLAN_AGAIN = "Make a new plan and have that one approved.";

export function notFound(id: string): FalcoSkillsError {
  return new FalcoSkillsError("DEPLOY_NOT_FOUND", `no deployment has the id ${quote(id)}`, {
    fix: "Run falco-skills rules deployments to see those that are kept.",
  });
}

export function damaged(id: string, why: string, cause?: unknown): FalcoSkillsError {
  return new FalcoSkillsError("DEPLOY_DAMAGED", `the deployment ${quote(id)} cannot be used: ${why}`, {
    fix: PLAN_AGAIN,
    cause,
  });
}

export function folderUnsafe(folder: string, why: string): FalcoSkillsError {
  return new FalcoSkillsError("DEPLOY_FOLDER_UNSAFE", `rules are not written into ${quote(folder)}: ${why}`, {
    fix: "Name the real path of a folder that belongs to root or to the user who deploys, and that others cannot write.",
    where: folder,
  });
}

export function folderMissing(folder: string): FalcoSkillsError {
  return new FalcoSkillsError("FILE_NOT_FOUND", `the rules folder ${quote(folder)} does not exist`, {
    fix: "Make the folder, or name the one in rules_files of falco.yaml.",
    where: folder,
  });
}

/** What a failed write into the rules folder means. */
export function folderNotWritten(folder: string, cause: unknown): FalcoSkillsError {
  const code = errno(cause);
  if (code === "ENOSPC" || code === "EDQUOT") return diskFull(folder, cause);
  return new FalcoSkillsError("DEPLOY_FOLDER_NOT_WRITABLE", `${quote(folder)} cannot be written (${code})`, {
    fix: "Deploy as a user who may write the rules folder, or mount it writable.",
    where: folder,
    cause,
  });
}

/** What a failed write below home means. */
export function homeNotWritten(path: string, cause: unknown): FalcoSkillsError {
  const code = errno(cause);
  if (code === "ENOSPC" || code === "EDQUOT") return diskFull(path, cause);
  return new FalcoSkillsError("HOME_NOT_WRITABLE", `${quote(path)} cannot be written (${code})`, {
    fix: "Give the user that runs falco-skills write permission for home.",
    where: path,
    cause,
  });
}

function diskFull(path: string, cause: unknown): FalcoSkillsError {
  return new FalcoSkillsError("DISK_FULL", `the disk that holds ${quote(path)} has no room`, {
    fix: "Free space on that disk, then make a new plan.",
    where: path,
    cause,
  });
}

export function fileName(name: string, why: string): FalcoSkillsError {
  return new FalcoSkillsError("DEPLOY_FILE_NAME", `${quote(name)} is not deployed: ${why}`, {
    fix: "Name plain files directly in the rules folder, of a-z, 0-9, dot, dash and underscore, ending in .yaml or .yml.",
  });
}

export function argument(what: string): FalcoSkillsError {
  return new FalcoSkillsError("INVALID_ARGUMENT", what, { fix: "Correct the argument and plan again." });
}

export function notLoaded(names: readonly string[], rulesFiles: readonly string[]): FalcoSkillsError {
  const loads = rulesFiles.map(quote).join(", ");
  return new FalcoSkillsError(
    "DEPLOY_NOT_LOADED",
    `Falco would not load ${names.map(quote).join(", ")}: it loads ${loads}`,
    {
      fix: "Name a file that rules_files of falco.yaml lists, or add the folder there.",
    },
  );
}

export function noFile(): FalcoSkillsError {
  return new FalcoSkillsError("INVALID_ARGUMENT", "no file is named", {
    fix: "Name rule files to write, or files of the folder to remove.",
  });
}

export function nothingToDo(folder: string, missing?: string): FalcoSkillsError {
  const why = missing === undefined ? "" : `; ${missing}`;
  return new FalcoSkillsError("DEPLOY_NOTHING_TO_DO", `${quote(folder)} holds exactly that already${why}`, {
    fix: "Run falco-skills falco status to see whether the running Falco has loaded it.",
    where: folder,
  });
}

export function rulesBroken(engine: string, errors: readonly string[]): FalcoSkillsError {
  const first = errors.slice(0, 3).map((error) => visible(error.slice(0, 300)));
  return new FalcoSkillsError("DEPLOY_RULES_BROKEN", `${engine} refuses the new rule set: ${first.join("; ")}`, {
    fix: "Mend the rules, run falco-skills rules validate over them, and plan again.",
  });
}

export function changed(folder: string, what: string): FalcoSkillsError {
  return new FalcoSkillsError("DEPLOY_CHANGED", `the rules are not those that were planned with any more: ${what}`, {
    fix: PLAN_AGAIN,
    where: folder,
  });
}

export function busy(folder: string): FalcoSkillsError {
  return new FalcoSkillsError("DEPLOY_BUSY", `another deployment into ${quote(folder)} is under way`, {
    fix: "Wait until it has ended, then try again.",
    where: folder,
  });
}

export function done(id: string, state: string): FalcoSkillsError {
  return new FalcoSkillsError("DEPLOY_DONE", `the deployment ${quote(id)} is ${state} already`, { fix: PLAN_AGAIN });
}

export function unsupported(platform: string): FalcoSkillsError {
  return new FalcoSkillsError("DEPLOY_UNSUPPORTED", `rules cannot be deployed on ${quote(platform)}`, {
    fix: "Deploy on the Linux host that runs Falco.",
  });
}

export function noProcess(): FalcoSkillsError {
  return new FalcoSkillsError("DEPLOY_NO_FALCO", "no Falco runs on this host that could be told to load its rules", {
    fix: "Start Falco, and run falco-skills falco status to see how it does.",
  });
}

export function notSignalled(pid: number, cause: unknown): FalcoSkillsError {
  return new FalcoSkillsError("DEPLOY_NO_FALCO", `process ${pid} cannot be told to load its rules (${errno(cause)})`, {
    fix: "Deploy as a user who may signal Falco, or set watch_config_files: true in falco.yaml.",
    cause,
  });
}
