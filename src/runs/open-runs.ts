import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import type { KeptRun, RunFacts, RunResult, Runs } from "./kept-run.ts";

export interface RunsHome {
  /** The `runs` folder of home; made with the first run. */
  readonly folder: string;
  readonly nowMs: () => number;
  /** Letters and digits, never the same twice. */
  readonly newId: () => string;
}

const RUN_ID = /^\d{8}T\d{9}-[0-9A-Za-z]{1,40}$/;

/**
 * The runs kept under a folder as `<id>.json`, readable by their owner alone. An id begins with the time of the start, so
 * names sort by age. Every write is one rename, so other processes see whole files.
 */
export function openRuns({ folder, nowMs, newId }: RunsHome): Runs {
  const now = (): string => new Date(nowMs()).toISOString();

  async function write(run: KeptRun): Promise<void> {
    const path = join(folder, `${run.id}.json`);
    const draft = `${path}.${newId()}.tmp`;
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(draft, `${JSON.stringify(run, null, 2)}\n`, { mode: 0o600 });
      await rename(draft, path);
    } catch (cause) {
      throw notWritable(path, cause as NodeJS.ErrnoException);
    }
  }

  async function read(id: string): Promise<KeptRun | undefined> {
    try {
      const run = JSON.parse(await readFile(join(folder, `${id}.json`), "utf8")) as unknown;
      return isRun(run, id) ? run : undefined;
    } catch {
      return undefined;
    }
  }

  return {
    async begin(facts: RunFacts) {
      const startedAt = now();
      const id = `${startedAt.slice(0, -1).replaceAll(/[-:.]/g, "")}-${newId()}`;
      const run: KeptRun = { id, startedAt, ...facts };
      await write(run);
      return run;
    },
    async end(run: KeptRun, result: RunResult) {
      const ended: KeptRun = { ...run, endedAt: now(), result };
      await write(ended);
      return ended;
    },
    get: async (id) => (RUN_ID.test(id) ? read(id) : undefined),
    async list(limit) {
      const names = await readdir(folder).catch(noFolder);
      const ids = names
        .filter((name) => name.endsWith(".json"))
        .map((name) => name.slice(0, -".json".length))
        .filter((id) => RUN_ID.test(id))
        .sort()
        .reverse();
      const found = await Promise.all(ids.slice(0, limit).map(read));
      const runs = found.filter((run) => run !== undefined);
      return { runs, total: ids.length, unreadable: found.length - runs.length };
    },
  };
}

function isRun(value: unknown, id: string): value is KeptRun {
  if (typeof value !== "object" || value === null) return false;
  const { id: own, mode, startedAt, rules } = value as Partial<Record<keyof KeptRun, unknown>>;
  return (
    own === id && typeof mode === "string" && typeof startedAt === "string" && typeof rules === "object" && !!rules
  );
}

function noFolder(error: NodeJS.ErrnoException): string[] {
  if (error.code === "ENOENT") return [];
  throw notWritable("the folder of runs", error);
}

function notWritable(path: string, cause: NodeJS.ErrnoException): FalcoSkillsError {
  if (cause.code === "ENOSPC" || cause.code === "EDQUOT") {
    return new FalcoSkillsError("DISK_FULL", `no room to write ${JSON.stringify(path)}`, {
      fix: "Free some space on the disk that holds home and try again.",
      where: path,
      cause,
    });
  }
  return new FalcoSkillsError("HOME_NOT_WRITABLE", `${JSON.stringify(path)} cannot be written (${cause.code})`, {
    fix: "Give the user that runs this the right to write there, or name another folder with --home.",
    where: path,
    cause,
  });
}
