import { readFileSync, readlinkSync } from "node:fs";

/** What this process knows of itself, not what somebody claims. The /proc facts are absent where there is no /proc. */
export interface ProcessFacts {
  readonly pid: number;
  readonly ppid: number;
  readonly uid?: number;
  /** Clock ticks after boot at which the process started: tells a reused pid apart. */
  readonly startTicks?: string;
  readonly bootId?: string;
  /** Namespace links such as `net:[4026531840]`: processes see each other's lock only in one network namespace. */
  readonly netNamespace?: string;
  readonly pidNamespace?: string;
}

/** The facts of the process that calls. */
export function readProcessFacts(): ProcessFacts {
  const startTicks = startTicksOf(process.pid);
  const facts = {
    uid: process.getuid?.(),
    startTicks,
    bootId: quietly(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    netNamespace: quietly(() => readlinkSync("/proc/self/ns/net")),
    pidNamespace: quietly(() => readlinkSync("/proc/self/ns/pid")),
  };
  const known = Object.fromEntries(Object.entries(facts).filter(([, fact]) => fact !== undefined));
  return { pid: process.pid, ppid: process.ppid, ...known };
}

/** Start time of a process in clock ticks after boot; undefined when it is gone or there is no /proc. */
export function startTicksOf(pid: number): string | undefined {
  // The command in field 2 may hold spaces and parentheses: count from the last one. Start time is field 22.
  return quietly(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  });
}

function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
