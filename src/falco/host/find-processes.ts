import { open, readdir, readlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { noProcessTable } from "./file-errors.ts";
import { readArguments } from "./read-arguments.ts";
import type { FalcoProcess } from "./running-falco.ts";

/** A process with what is not for showing. */
export interface FoundProcess {
  readonly shown: FalcoProcess;
  readonly folder: string;
  /** Its working directory, as it sees it. */
  readonly cwd: string;
  /** It has another network than we: its loopback is not ours. */
  readonly ownNetwork: boolean;
  /** Its sources of events by --enable-source and --disable-source. */
  readonly withoutSyscalls: boolean;
}

const MOST_FOUND = 50;
const TICKS_PER_SECOND = 100;

/**
 * The processes of this host whose program or main thread is called falco, sensors first, then by age; at most 50. What
 * a process says of itself is not believed further than that. Fails with FALCO_PROCESSES_UNREADABLE.
 */
export async function findProcesses(procFolder = "/proc"): Promise<readonly FoundProcess[]> {
  const names = await readdir(procFolder).catch((error: unknown) => Promise.reject(noProcessTable(procFolder, error)));
  const pids = names.filter((name) => /^\d{1,10}$/.test(name));
  if (pids.length === 0) throw noProcessTable(procFolder, undefined);
  const bootMs = await bootTime(procFolder);
  const found: FoundProcess[] = [];
  for (const pid of pids) {
    if (found.length >= MOST_FOUND) break;
    const process = await look(procFolder, pid, bootMs);
    if (process !== undefined) found.push(process);
  }
  const rank = { sensor: 0, once: 1, named: 2 };
  return found.sort(
    ({ shown: a }, { shown: b }) =>
      rank[a.kind] - rank[b.kind] || (a.startedMs ?? 0) - (b.startedMs ?? 0) || a.pid - b.pid,
  );
}

async function look(procFolder: string, pid: string, bootMs: number | undefined): Promise<FoundProcess | undefined> {
  const folder = join(procFolder, pid);
  const name = (await readSmall(join(folder, "comm"), 64))?.trimEnd();
  if (name === undefined) return undefined;
  const link = await readlink(join(folder, "exe")).catch(() => undefined);
  const program = link?.replace(/ \(deleted\)$/, "");
  const isFalco = program === undefined ? name === "falco" : basename(program) === "falco";
  if (!isFalco && name !== "falco") return undefined;
  const stat = readStat((await readSmall(join(folder, "stat"), 4_096)) ?? "");
  if (stat.state === "Z") return undefined;
  const words = ((await readSmall(join(folder, "cmdline"), 131_072)) ?? "").split("\0").slice(0, -1);
  // One that is ending has lost its arguments and its program, and would pass for a sensor started without any.
  if (words.length === 0 && (await readlink(join(folder, "exe")).catch(() => undefined)) === undefined)
    return undefined;
  const cwd = (await readlink(join(folder, "cwd")).catch(() => undefined)) ?? "/";
  const said = readArguments(words.slice(1), cwd);
  const uid = /^Uid:\s+(\d+)/m.exec((await readSmall(join(folder, "status"), 8_192)) ?? "")?.[1];
  const group = (await readSmall(join(folder, "cgroup"), 16_384)) ?? "";
  const container = /[/-]([0-9a-f]{64})(?:\.scope)?(?:$|\/)/m.exec(group)?.[1]?.slice(0, 12);
  const unit = /([\w@.\\:-]+\.service)$/m.exec(group)?.[1];
  const startedMs = bootMs === undefined || stat.ticks === undefined ? undefined : startOf(bootMs, stat.ticks);
  return {
    folder,
    cwd,
    ownNetwork: await isApart(procFolder, folder, "net", container),
    withoutSyscalls:
      said.disabledSources.includes("syscall") ||
      (said.enabledSources.length > 0 && !said.enabledSources.includes("syscall")),
    shown: {
      pid: Number(pid),
      name,
      ...(program === undefined ? {} : { program }),
      replaced: link !== undefined && link !== program,
      kind: !isFalco ? "named" : said.once ? "once" : "sensor",
      arguments: words,
      configPath: said.configPath,
      rulePaths: said.rulePaths,
      options: said.options,
      ...(startedMs === undefined ? {} : { startedMs }),
      ...(uid === undefined ? {} : { uid: Number(uid) }),
      ...(container === undefined ? {} : { container }),
      ...(unit === undefined ? {} : { systemdUnit: unit }),
      ownFiles: (await isApart(procFolder, folder, "mnt", container)) || (await isJailed(folder)),
    },
  };
}

/** Whether the process has a namespace of its own; where we may not look, whether it is in a container. */
async function isApart(
  procFolder: string,
  folder: string,
  kind: string,
  container: string | undefined,
): Promise<boolean> {
  const [theirs, ours] = await Promise.all(
    [folder, join(procFolder, "self")].map((of) => readlink(join(of, "ns", kind)).catch(() => undefined)),
  );
  return theirs === undefined || ours === undefined ? container !== undefined : theirs !== ours;
}

async function isJailed(folder: string): Promise<boolean> {
  const root = await readlink(join(folder, "root")).catch(() => "/");
  return root !== "/";
}

/** State and start of a process; its name, in brackets, may hold blanks and brackets itself. */
function readStat(text: string): { readonly state?: string; readonly ticks?: number } {
  const fields = text
    .slice(text.lastIndexOf(")") + 1)
    .trim()
    .split(" ");
  const [state] = fields;
  const ticks = Number(fields[19]);
  return { ...(state === undefined ? {} : { state }), ...(Number.isFinite(ticks) ? { ticks } : {}) };
}

const startOf = (bootMs: number, ticks: number): number => bootMs + (ticks * 1_000) / TICKS_PER_SECOND;

async function bootTime(procFolder: string): Promise<number | undefined> {
  const seconds = /^btime (\d+)$/m.exec((await readSmall(join(procFolder, "stat"), 4_194_304)) ?? "")?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}

/** The beginning of a file of /proc; undefined when the process is gone or not ours to see. */
export async function readSmall(path: string, maxBytes: number): Promise<string | undefined> {
  const handle = await open(path, "r").catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const parts: Buffer[] = [];
    let bytes = 0;
    while (bytes < maxBytes) {
      const part = Buffer.alloc(Math.min(65_536, maxBytes - bytes));
      const { bytesRead } = await handle.read(part, 0, part.length, null);
      if (bytesRead === 0) break;
      bytes += bytesRead;
      parts.push(part.subarray(0, bytesRead));
    }
    return Buffer.concat(parts).toString("utf8");
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}

/** The environment of a process, for ${NAME} in its configuration; undefined where we may not look. */
export async function environmentOf(folder: string): Promise<ReadonlyMap<string, string> | undefined> {
  const text = await readSmall(join(folder, "environ"), 1_048_576);
  if (text === undefined || text === "") return undefined;
  return new Map(
    text.split("\0").flatMap((entry) => {
      const equals = entry.indexOf("=");
      return equals <= 0 ? [] : [[entry.slice(0, equals), entry.slice(equals + 1)] as const];
    }),
  );
}
