import { EVENT_NAMES, EVENT_TYPES, eventTypesByName, GENERIC_TYPES, isEventName } from "../event/event-types.ts";
import { SYSCALL_NAMES } from "../event/syscall-names.ts";

/**
 * Sets of event types and of system calls as bit masks, with the engine's conversions between names, events and calls.
 * Source: libs userspace/libsinsp/events/*.cpp and userspace/libscap/linux/scap_ppm_sc.c @48dfd53c.
 */
export type Mask = bigint;

/** Event names whose system calls are called otherwise. */
const CALLS_OF_EVENTS: Readonly<Record<string, readonly string[]>> = {
  procexit: ["sched_process_exit"],
  llseek: ["_llseek"],
  pread: ["pread64"],
  pwrite: ["pwrite64"],
  getrlimit: ["getrlimit", "ugetrlimit"],
  prlimit: ["prlimit64"],
  switch: ["sched_switch"],
  fcntl: ["fcntl", "fcntl64"],
  sendfile: ["sendfile", "sendfile64"],
  setresuid: ["setresuid", "setresuid32"],
  setresgid: ["setresgid", "setresgid32"],
  setuid: ["setuid", "setuid32"],
  setgid: ["setgid", "setgid32"],
  getuid: ["getuid", "getuid32"],
  geteuid: ["geteuid", "geteuid32"],
  getgid: ["getgid", "getgid32"],
  getegid: ["getegid", "getegid32"],
  getresuid: ["getresuid", "getresuid32"],
  getresgid: ["getresgid", "getresgid32"],
  signaldeliver: ["signal_deliver"],
  page_fault: ["page_fault_user", "page_fault_kernel"],
};

/** Event types of the call accept4 that are named accept. */
const ACCEPT4_TYPES: readonly number[] = [56, 57, 248, 249];

const ASYNC_EVENT = EVENT_TYPES.findIndex(({ name }) => name === "asyncevent");

/** Codes of the system calls by name, but for the two that stand for none. */
const callCodes = new Map(
  [...SYSCALL_NAMES.entries()]
    .filter(([, name]) => name !== "" && name !== "unknown" && name !== "na_1")
    .map(([code, name]): [string, number] => [name, code]),
);

/** Whether evt.type may be compared with a name. */
export function isEventTypeValue(name: string): boolean {
  return name === "" || (name !== "na_1" && isEventName(name));
}

const bits: Mask[] = [];

function bit(index: number): Mask {
  bits[index] ??= 1n << BigInt(index);
  return bits[index];
}

/** Calls back for every member of a set, ascending. */
function forEachMember(mask: Mask, each: (index: number) => void): void {
  for (let rest = mask, from = 0; rest !== 0n; rest >>= 32n, from += 32) {
    for (let word = Number(rest & 0xffffffffn) | 0; word !== 0; word &= word - 1) {
      each(from + 31 - Math.clz32(word & -word));
    }
  }
}

function maskOf(indexes: Iterable<number>): Mask {
  let mask = 0n;
  for (const index of indexes) mask |= bit(index);
  return mask;
}

const GENERIC = maskOf(GENERIC_TYPES);

/** Masks of calls by event type; types that no call causes have none, and the generic types stand apart. */
const callsOfEvent: readonly Mask[] = EVENT_TYPES.map(({ id, name }) => {
  if (GENERIC_TYPES.includes(id)) return 0n;
  const names = ACCEPT4_TYPES.includes(id) ? ["accept4"] : (CALLS_OF_EVENTS[name] ?? [name]);
  return maskOf(names.flatMap((call) => callCodes.get(call) ?? []));
});

const callsWithEvents = callsOfEvent.reduce((all, calls) => all | calls, 0n);

export const ALL_EVENTS: Mask = (1n << BigInt(EVENT_TYPES.length)) - 1n;
export const ALL_CALLS: Mask = maskOf(callCodes.values());

/** Calls that only come as generic events. */
const genericCalls = ALL_CALLS & ~callsWithEvents;

const eventsByName = new Map<string, Mask>();
const callsByName = new Map<string, Mask>();

/**
 * Event types that a name given to evt.type stands for: its own, or the generic ones for a call without events; the empty
 * name counts as such a call, since the engine's table of calls has gaps.
 */
export function eventsNamed(name: string): Mask {
  const known = eventsByName.get(name);
  if (known !== undefined) return known;
  const types = name === "" ? GENERIC_TYPES : eventTypesByName(name);
  const mask = maskOf(types);
  if (types.length > 0) eventsByName.set(name, mask);
  return mask;
}

/** System calls that a name given to evt.type stands for. */
export function callsNamed(name: string): Mask {
  const known = callsByName.get(name);
  if (known !== undefined) return known;
  const events = eventsNamed(name);
  let calls = 0n;
  forEachMember(events & ~GENERIC, (id) => {
    calls |= callsOfEvent[id] ?? 0n;
  });
  const code = callCodes.get(name);
  if ((events & GENERIC) !== 0n && code !== undefined) calls |= bit(code) & genericCalls;
  if (events !== 0n) callsByName.set(name, calls);
  return calls;
}

/** How many members a set has. */
export function sizeOf(mask: Mask): number {
  let size = 0;
  for (let rest = mask; rest !== 0n; rest >>= 32n) {
    for (let word = Number(rest & 0xffffffffn) | 0; word !== 0; word &= word - 1) size += 1;
  }
  return size;
}

/** Numeric event types of a set, ascending. */
export function membersOf(mask: Mask): number[] {
  const members: number[] = [];
  forEachMember(mask, (id) => members.push(id));
  return members;
}

/** The set with the event that carries plugins' injected events: every rule sees it. */
export function withAsyncEvent(events: Mask): Mask {
  return events | bit(ASYNC_EVENT);
}

/** Names, sorted, of a rule's events as Falco describes them: of its event types together with those of its calls. */
export function namesOf(events: Mask, calls: Mask): readonly string[] {
  if (events === ALL_EVENTS && calls === ALL_CALLS) return EVENT_NAMES;
  const names = new Set<string>();
  forEachMember(events & ~GENERIC, (id) => names.add(EVENT_TYPES[id]?.name ?? ""));
  forEachMember(calls, (code) => {
    for (const name of namesByCall()[code] ?? []) names.add(name);
  });
  return [...names].sort();
}

let namesOfCalls: (readonly string[])[] | undefined;

/** By code: the names of the events that a call causes, or its own where it only comes as a generic event. */
function namesByCall(): readonly (readonly string[])[] {
  if (namesOfCalls !== undefined) return namesOfCalls;
  const byCall: string[][] = [];
  for (const [id, calls] of callsOfEvent.entries()) {
    const name = EVENT_TYPES[id]?.name ?? "";
    forEachMember(calls, (code) => {
      byCall[code] = [...(byCall[code] ?? []), name];
    });
  }
  for (const [name, code] of callCodes) byCall[code] ??= [name];
  namesOfCalls = byCall;
  return byCall;
}
