import { readFileSync, writeFileSync } from "node:fs";
import { lstat, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { signalGroup } from "./process-group.ts";

/** A folder for one run, of this user alone, that is removed with all it holds. */
export interface RunFolder {
  readonly path: string;
  write(name: string, text: string): Promise<void>;
  /** A name inside the folder for a file elsewhere, so that no foreign path stands in a configuration. */
  link(name: string, target: string): Promise<void>;
  /** Notes the process that works in it, so that the next start can end one that outlived us. */
  noteLeader(pid: number): void;
  remove(): Promise<void>;
}

const OWNER = "owner.json";
const LEADER = "leader";
/** A folder whose owner cannot be asked (no /proc) is left alone for this long. */
const UNKNOWN_OWNER_MS = 24 * 3_600_000;

/**
 * Makes the folder `<runsFolder>/<id>`. Fails with HOME_NOT_WRITABLE or DISK_FULL, also where the folder of runs is a
 * symbolic link, belongs to somebody else or is open to others.
 */
export async function openRunFolder(runsFolder: string, id: string): Promise<RunFolder> {
  const path = join(runsFolder, id);
  const write = async (name: string, text: string): Promise<void> => {
    await writeFile(join(path, name), text, { flag: "wx", mode: 0o600 }).catch((cause) => notWritable(path, cause));
  };
  await mkdir(runsFolder, { recursive: true, mode: 0o700 }).catch((cause) => notWritable(runsFolder, cause));
  await checkPrivate(runsFolder);
  await mkdir(path, { mode: 0o700 }).catch((cause) => notWritable(path, cause));
  const remove = (): Promise<void> => rm(path, { recursive: true, force: true });
  try {
    await write(OWNER, JSON.stringify({ pid: process.pid, started: startOf(process.pid) ?? null }));
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    path,
    write,
    link: (name, target) => symlink(target, join(path, name)).catch((cause) => notWritable(path, cause)),
    noteLeader(pid) {
      try {
        writeFileSync(join(path, LEADER), String(pid), { mode: 0o600 });
      } catch {
        // Only a process that outlives a killed server would be missed; the run itself needs no note.
      }
    },
    remove,
  };
}

/**
 * Removes the folders of runs whose process is gone, and ends what still works in them: a killed server cleans up at the
 * next start. How many were removed.
 */
export async function sweepRunFolders(runsFolder: string, nowMs: number): Promise<number> {
  const names = await readdir(runsFolder).catch((): string[] => []);
  let removed = 0;
  for (const name of names) {
    const path = join(runsFolder, name);
    const stats = await lstat(path).catch(() => undefined);
    if (stats?.isDirectory() !== true || (await isOwned(path, nowMs - stats.mtimeMs))) continue;
    await endLeader(path);
    await rm(path, { recursive: true, force: true }).then(
      () => (removed += 1),
      () => undefined,
    );
  }
  return removed;
}

async function isOwned(path: string, ageMs: number): Promise<boolean> {
  try {
    const { pid, started } = JSON.parse(await readFile(join(path, OWNER), "utf8")) as Record<string, unknown>;
    if (typeof pid !== "number" || !Number.isInteger(pid) || pid < 1) return ageMs < UNKNOWN_OWNER_MS;
    if (!isAlive(pid)) return false;
    const now = startOf(pid);
    // The number may have been given to another process since: its start tells.
    if (now !== undefined && typeof started === "string") return now === started;
    return ageMs < UNKNOWN_OWNER_MS;
  } catch {
    // Being made right now, or made by something else.
    return ageMs < UNKNOWN_OWNER_MS;
  }
}

/** Ends the noted process and its group if it is the one that works in this folder, and no other of the same number. */
async function endLeader(path: string): Promise<void> {
  const pid = Number(await readFile(join(path, LEADER), "utf8").catch(() => ""));
  if (!Number.isInteger(pid) || pid < 2) return;
  const place = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
  if (place === path) signalGroup(pid, "SIGKILL");
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** When a process started, in the system's own count; undefined where /proc does not tell. */
function startOf(pid: number): string | undefined {
  try {
    // The name of the program, in brackets, may hold anything: count from its last bracket.
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

async function checkPrivate(folder: string): Promise<void> {
  const stats = await lstat(folder);
  const isOurs = process.getuid === undefined || stats.uid === process.getuid();
  const isClosed = process.platform === "win32" || (stats.mode & 0o077) === 0;
  if (stats.isDirectory() && isOurs && isClosed) return;
  throw new FalcoSkillsError(
    "HOME_NOT_WRITABLE",
    `${JSON.stringify(folder)} is no folder of this user alone, so no run is started in it`,
    { fix: "Remove it, or close it to others (chmod 700), or name another folder with --home.", where: folder },
  );
}

function notWritable(path: string, cause: NodeJS.ErrnoException): never {
  const isFull = cause.code === "ENOSPC" || cause.code === "EDQUOT";
  throw new FalcoSkillsError(
    isFull ? "DISK_FULL" : "HOME_NOT_WRITABLE",
    isFull ? `no room to write ${JSON.stringify(path)}` : `${JSON.stringify(path)} cannot be written (${cause.code})`,
    { fix: "Free some space or give this user the right to write there, or name another folder with --home.", cause },
  );
}
