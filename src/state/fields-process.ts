import type { ScapEvent } from "../event/event.ts";
import { capabilityNames } from "../event/names.ts";
import { paramU64 } from "../event/read-param.ts";
import type { CaptureState } from "./capture-state.ts";
import { typeWord } from "./descriptor.ts";
import { exact, type FieldMaker, type FieldReader, type FieldTable, type FieldValue, indexOf } from "./field-reader.ts";
import { environmentOf, NO_ID, type Thread } from "./thread.ts";

type ThreadReader = (thread: Thread, event: ScapEvent) => FieldValue | undefined;

/** Ids that no kernel gives: what other recorders use where they do not know. */
function plausible(id: number): number | undefined {
  return id >= -1 && id <= NO_ID ? id : undefined;
}

const argsText = (thread: Thread) => thread.args.join(" ");
const envText = (thread: Thread) => environmentOf(thread).join(" ");

/** Fields of the thread that made the event, and of its process, ancestors, session and groups. */
export function processFields(state: CaptureState): FieldTable {
  const { threads } = state;
  const of = (read: ThreadReader): FieldReader => {
    return (event) => {
      const thread = state.threadOf(event);
      return thread && read(thread, event);
    };
  };
  const parent = (read: (thread: Thread) => FieldValue | undefined) =>
    of((thread) => {
      const found = threads.ancestor(thread, 1);
      return found && read(found);
    });
  const main = (thread: Thread) => thread.main;
  const readers = (fields: Record<string, ThreadReader>) =>
    Object.fromEntries(Object.entries(fields).map(([name, read]) => [name, of(read)]));
  return {
    plain: {
      ...readers(ownFields),
      ...readers(programFields),
      ...readers(memoryFields),
      ...readers(descriptorFields),
      ...readers({
        "proc.loginshellid": (thread) => loginShell(state, thread),
        "proc.ppid.duration": (thread, event) => parentDuration(state, thread, event),
        "proc.ppid.ts": (thread) => {
          const found = threads.find(thread.ptid);
          return found && exact(found.cloneNs);
        },
        "proc.pvpid": (thread) => threads.find(thread.ptid)?.vpid,
        "proc.fdlimit": (thread) => main(thread)?.fdLimit ?? 0,
        "proc.fdopencount": (thread) => main(thread)?.descriptors.size ?? 0,
        "proc.fdusage": (thread) => descriptorUsage(main(thread)),
        ...leaderFields(state, "proc.sid", "proc.sname", (thread) => thread.sid, true),
        ...leaderFields(state, "proc.vpgid", "proc.vpgid.name", (thread) => thread.vpgid, true),
        ...leaderFields(state, "proc.pgid", "proc.pgid.name", (thread) => thread.pgid, false),
      }),
      "thread.tid": (event) => plausible(event.tid),
      "proc.ppid": parent(({ pid }) => plausible(pid)),
      "proc.pname": parent(({ comm }) => comm),
      "proc.pexe": parent(({ exe }) => exe),
      "proc.pexepath": parent(({ exepath }) => exepath),
      "proc.pcmdline": parent(({ cmdline }) => cmdline),
    },
    made: {
      "proc.aname": ancestors(state, ({ comm }) => comm),
      "proc.aexe": ancestors(state, ({ exe }) => exe),
      "proc.aexepath": ancestors(state, ({ exepath }) => exepath),
      "proc.acmdline": ancestors(state, ({ cmdline }) => cmdline),
      "proc.apid": ancestors(state, ({ pid }) => plausible(pid)),
      "proc.aargs": ancestors(state, argsText, true),
      "proc.args": (argument) => {
        const index = indexOf(argument);
        return of(index === undefined || index < 0 ? argsText : (thread) => thread.args[index] ?? "");
      },
      "proc.env": (argument) => of(namesVariable(argument) ? (thread) => variable(thread, argument ?? "") : envText),
      "proc.aenv": (argument) => ancestorEnv(state, argument),
      "thread.cgroup": (argument) => of((thread) => cgroupOf(thread, argument ?? "")),
      ...cpuFields(state),
    },
  };
}

const ownFields: Record<string, ThreadReader> = {
  "proc.name": ({ comm }) => comm,
  "proc.exe": ({ exe }) => exe,
  "proc.exepath": ({ exepath }) => exepath,
  "proc.cmdline": ({ cmdline }) => cmdline,
  "proc.exeline": (thread) => `${thread.exe} ${argsText(thread)}`,
  "proc.cmdnargs": ({ args }) => args.length,
  "proc.cmdlenargs": ({ args }) => args.reduce((sum, arg) => sum + Buffer.byteLength(arg), 0),
  "proc.cwd": ({ workingFolder }) => workingFolder,
  "proc.tty": ({ tty }) => tty,
  "proc.pid": ({ pid }) => plausible(pid),
  "proc.vpid": ({ vpid }) => (vpid === -1 ? undefined : vpid),
  "proc.sid": ({ sid }) => sid,
  "proc.vpgid": ({ vpgid }) => vpgid,
  "proc.pgid": ({ pgid }) => pgid,
  "proc.is_sid_leader": ({ sid, vpid }) => sid === vpid,
  "proc.is_vpgid_leader": ({ vpgid, vpid }) => vpgid === vpid,
  "proc.is_pgid_leader": ({ pgid, pid }) => pgid === pid,
  "proc.duration": ({ cloneNs }, event) =>
    cloneNs === 0n ? undefined : exact(BigInt.asUintN(64, event.timeNs - cloneNs)),
  "proc.pid.ts": ({ cloneNs }) => (cloneNs === 0n ? undefined : exact(cloneNs)),
  "proc.pidns_init_start_ts": ({ pidNamespaceStartNs }) => nonZero(pidNamespaceStartNs),
  "proc.nthreads": ({ group }) => group?.alive ?? 0,
  "proc.nchilds": (thread) => otherThreads(thread),
  "thread.ismain": ({ isMain }) => isMain,
  "thread.vtid": ({ vtid }) => (vtid === -1 ? undefined : vtid),
  "thread.nametid": ({ comm }, event) => `${comm}${event.tid}`,
  "thread.cgroups": ({ cgroups }) =>
    cgroups && cgroups.entries.length > 0
      ? cgroups.entries.map(([controller, path]) => `${controller}=${path}`).join(" ")
      : undefined,
};

const programFields: Record<string, ThreadReader> = {
  "proc.is_exe_writable": ({ exeWritable }) => exeWritable,
  "proc.is_exe_upper_layer": ({ exeUpperLayer }) => exeUpperLayer,
  "proc.is_exe_lower_layer": ({ exeLowerLayer }) => exeLowerLayer,
  "proc.is_exe_from_memfd": ({ exeFromMemfd }) => exeFromMemfd,
  "proc.exe_ino": ({ exeInode }) => (exeInode === 0n ? undefined : exact(BigInt.asIntN(64, exeInode))),
  "proc.exe_ino.ctime": ({ exeCtimeNs }) => nonZero(exeCtimeNs),
  "proc.exe_ino.mtime": ({ exeMtimeNs }) => nonZero(exeMtimeNs),
  "proc.exe_ino.ctime_duration_proc_start": ({ exeCtimeToCloneNs }) => nonZero(exeCtimeToCloneNs),
  "proc.exe_ino.ctime_duration_pidns_start": (thread) => nonZero(thread.exeCtimeSincePidNamespaceNs),
  "thread.cap_permitted": ({ capPermitted }) => capabilityNames(capPermitted),
  "thread.cap_inheritable": ({ capInheritable }) => capabilityNames(capInheritable),
  "thread.cap_effective": ({ capEffective }) => capabilityNames(capEffective),
};

const KIB = 1024;

const memoryFields: Record<string, ThreadReader> = {
  "proc.vmsize": ({ vmSizeKb }) => vmSizeKb,
  "proc.vmrss": ({ vmRssKb }) => vmRssKb,
  "proc.vmswap": ({ vmSwapKb }) => vmSwapKb,
  "thread.vmsize": ({ isMain, vmSizeKb }) => (isMain ? vmSizeKb : 0),
  "thread.vmrss": ({ isMain, vmRssKb }) => (isMain ? vmRssKb : 0),
  "thread.vmsize.b": ({ isMain, vmSizeKb }) => (isMain ? vmSizeKb * KIB : 0),
  "thread.vmrss.b": ({ isMain, vmRssKb }) => (isMain ? vmRssKb * KIB : 0),
  "thread.pfmajor": ({ majorFaults }) => exact(majorFaults),
  "thread.pfminor": ({ minorFaults }) => exact(minorFaults),
};

const descriptorFields: Record<string, ThreadReader> = Object.fromEntries(
  ["stdin", "stdout", "stderr"].flatMap((name, fd): [string, ThreadReader][] => [
    [
      `proc.${name}.type`,
      ({ fds }) => {
        const descriptor = fds?.get(fd);
        return descriptor && typeWord(descriptor.type);
      },
    ],
    [`proc.${name}.name`, ({ fds }) => fds?.get(fd)?.name],
  ]),
);

function nonZero(value: bigint): number | bigint | undefined {
  return value === 0n ? undefined : exact(value);
}

function otherThreads(thread: Thread): number {
  const alive = thread.group?.alive ?? 0;
  const { main } = thread;
  return thread.group && main && !main.isDead ? alive - 1 : alive;
}

function descriptorUsage(main: Thread | undefined): number {
  if (!main || main.fdLimit <= 0) return 0;
  return main.descriptors.size <= main.fdLimit ? (main.descriptors.size * 100) / main.fdLimit : 100;
}

/** libs falls through to the number of open files where the parent's start is not known; so does this. */
function parentDuration({ threads }: CaptureState, thread: Thread, event: ScapEvent): number | bigint | undefined {
  const parent = threads.ancestor(thread, 1);
  if (!parent) return undefined;
  if (parent.cloneNs === 0n) return thread.main?.descriptors.size ?? 0;
  return exact(BigInt.asUintN(64, event.timeNs - parent.cloneNs));
}

/** The oldest shell in the line from the process up: what somebody logged in to. */
function loginShell({ threads }: CaptureState, thread: Thread): number | undefined {
  const { main } = thread;
  if (!main) return undefined;
  let shell = main.comm.endsWith("sh") ? main.pid : undefined;
  threads.eachAncestor(main, (ancestor) => {
    if (ancestor.comm.endsWith("sh")) shell = ancestor.pid;
    return true;
  });
  return shell;
}

/** Name, argv[0] and path of the leader of a session or process group; empty where it is not known. */
function leaderFields(
  { threads }: CaptureState,
  prefix: string,
  nameField: string,
  idOf: (thread: Thread) => number,
  isVirtual: boolean,
): Record<string, ThreadReader> {
  const leader = (thread: Thread) => threads.leader(thread, idOf, isVirtual);
  return {
    [nameField]: (thread) => leader(thread)?.comm ?? "",
    [`${prefix}.exe`]: (thread) => leader(thread)?.exe ?? "",
    [`${prefix}.exepath`]: (thread) => leader(thread)?.exepath ?? "",
  };
}

/**
 * A value of one ancestor (`[2]` is the grandparent, `[0]` the process itself), or without argument those of all, parent
 * first, `joined` to one text where a field is that.
 */
function ancestors(
  state: CaptureState,
  read: (thread: Thread) => string | number | undefined,
  joined = false,
): FieldMaker {
  const { threads } = state;
  return (argument) => {
    const index = indexOf(argument);
    if (index !== undefined && index !== -1) {
      return (event) => {
        const thread = state.threadOf(event);
        const found = thread && threads.ancestor(thread, Math.min(index, MAX_GENERATIONS));
        return found && read(found);
      };
    }
    return (event) => {
      const main = state.threadOf(event)?.main;
      if (!main) return undefined;
      const values: (string | number)[] = [];
      threads.eachAncestor(main, (ancestor) => {
        const value = read(ancestor);
        if (value !== undefined) values.push(value);
        return true;
      });
      if (!joined) return values.length > 0 ? values : undefined;
      // The blank stands between a text and the next, so none stands before the first that is not empty.
      const text = values.reduce((all: string, value) => (all === "" ? `${value}` : `${all} ${value}`), "");
      return text === "" ? undefined : text;
    };
  };
}

/** Generations that an index may ask for; lines of parents end long before. */
const MAX_GENERATIONS = 1_000;
/** Generations in which a variable is looked for. */
const ENV_GENERATIONS = 20;

/** True for an argument that is a variable's name and not an index. */
function namesVariable(argument: string | undefined): boolean {
  return argument !== undefined && argument !== "" && !/^\d+$/.test(argument);
}

/** Value of an environment variable without blanks around it; empty where it is not set. */
function variable(thread: Thread, name: string): string {
  const found = environmentOf(thread).find((text) => text.startsWith(`${name}=`) && text.length > name.length + 1);
  if (found === undefined) return "";
  let start = name.length + 1;
  let end = found.length;
  while (found[start] === " ") start += 1;
  while (end > start && found[end - 1] === " ") end -= 1;
  return found.slice(start, end);
}

function ancestorEnv(state: CaptureState, argument: string | undefined): FieldReader {
  const { threads } = state;
  if (argument === undefined) return ancestors(state, envText)(undefined) as FieldReader;
  const up = (thread: Thread) => threads.find(thread.ptid);
  return (event) => {
    const thread = state.threadOf(event);
    if (!thread) return undefined;
    if (!namesVariable(argument) && Number(argument) > 0) {
      let found: Thread | undefined = thread.main;
      if (found === undefined) return "";
      for (let i = 0; i < Math.min(Number(argument), MAX_GENERATIONS) && found; i++) found = up(found);
      return found && envText(found);
    }
    if (!namesVariable(argument)) return envText(thread);
    let found = thread.main && up(thread.main);
    for (let i = 0; i < ENV_GENERATIONS && found; i++) {
      const value = variable(found, argument);
      if (value !== "") return value;
      found = up(found);
    }
    return "";
  };
}

function cgroupOf({ cgroups }: Thread, controller: string): string | undefined {
  return cgroups?.entries.find(([name]) => name === controller)?.[1];
}

const SWITCH = 152;
const PROCINFO = 234;

/** Fields that add up over events; each reader counts for itself. */
function cpuFields(state: CaptureState): Record<string, FieldMaker> {
  const share =
    (user: boolean, system: boolean): FieldMaker =>
    () => {
      const before = new WeakMap<Thread, bigint>();
      return (event) => {
        const thread = state.threadOf(event);
        if (!thread || event.type !== PROCINFO) return undefined;
        const used = (user ? paramU64(event, 0) : 0n) + (system ? paramU64(event, 1) : 0n);
        const last = before.get(thread) ?? 0n;
        before.set(thread, used);
        return last === 0n ? 0 : Math.min(100, Number(BigInt.asUintN(64, used - last)));
      };
    };
  return {
    "thread.cpu": share(true, true),
    "thread.cpu.user": share(true, false),
    "thread.cpu.system": share(false, true),
    "thread.exectime": () => {
      const running = runningTime();
      return (event) => exact(running(event));
    },
    "thread.totexectime": () => {
      const running = runningTime();
      const totals = new WeakMap<Thread, bigint>();
      return (event) => {
        const time = running(event);
        const thread = state.threadOf(event);
        if (!thread) return undefined;
        const total = (totals.get(thread) ?? 0n) + time;
        totals.set(thread, total);
        return exact(total);
      };
    },
  };
}

/** How long the thread ran that a switch takes from its processor. */
function runningTime(): (event: ScapEvent) => bigint {
  const lastSwitch = new Map<number, bigint>();
  return (event) => {
    if (event.type !== SWITCH) return 0n;
    const last = lastSwitch.get(event.cpu);
    lastSwitch.set(event.cpu, event.timeNs);
    return last === undefined ? 0n : BigInt.asUintN(64, event.timeNs - last);
  };
}
