import { ALL_CAPABILITIES } from "../event/names.ts";
import { hasParam, paramI64, paramU32, paramU64, returnValue } from "../event/read-param.ts";
import { ThreadFlag } from "./thread.ts";
import type { Update } from "./update-context.ts";

/** setuid and kin: `param` is the id that counts from now on. */
export function setUser(param: number): Update {
  return (state, event) => {
    const thread = state.threadOf(event);
    if (!thread || returnValue(event) !== 0 || !hasParam(event, param)) return;
    thread.uid = paramU32(event, param);
    state.users.meet(thread.containerId, thread.uid, thread.gid);
  };
}

/** setgid and kin */
export function setGroup(param: number): Update {
  return (state, event) => {
    const thread = state.threadOf(event);
    if (!thread || returnValue(event) !== 0 || !hasParam(event, param)) return;
    thread.gid = paramU32(event, param);
    state.users.meet(thread.containerId, thread.uid, thread.gid);
  };
}

export const setSession: Update = (state, event) => {
  const sid = returnValue(event);
  const thread = state.threadOf(event);
  if (thread && sid >= 0) thread.sid = sid;
};

export const setCapabilities: Update = ({ thread }, event) => {
  if (!thread || returnValue(event) < 0) return;
  thread.capInheritable = paramU64(event, 1);
  thread.capPermitted = paramU64(event, 2);
  thread.capEffective = paramU64(event, 3);
};

const UNSHARE = 285;

/** unshare and setns: a new user namespace gives all capabilities. */
export const changeNamespace: Update = ({ thread }, event) => {
  if (!thread || returnValue(event) < 0) return;
  const flags = paramU32(event, event.type === UNSHARE ? 1 : 2);
  if ((flags & ThreadFlag.NEW_USER_NAMESPACE) === 0) return;
  thread.capInheritable = ALL_CAPABILITIES;
  thread.capPermitted = ALL_CAPABILITIES;
  thread.capEffective = ALL_CAPABILITIES;
};

const SUBREAPER_OPTIONS = [36, 37];

/** prctl: a process may make itself the reaper of its descendants. */
export const controlProcess: Update = (state, event) => {
  const thread = state.threadOf(event);
  if (!thread?.group || thread.isInvalid || returnValue(event) < 0) return;
  if (SUBREAPER_OPTIONS.includes(paramU32(event, 1))) thread.group.isReaper = paramI64(event, 3) !== 0;
};

/** brk, mmap, munmap tell the memory of their process. */
export const noteMemory: Update = ({ thread }, event) => {
  if (!thread) return;
  if (hasParam(event, 1)) thread.vmSizeKb = paramU32(event, 1);
  if (!hasParam(event, 3)) return;
  thread.vmRssKb = paramU32(event, 2);
  thread.vmSwapKb = paramU32(event, 3);
};

/** A context switch tells the faults of the thread and the memory of its process. */
export const noteSwitch: Update = ({ thread }, event) => {
  if (!thread || !hasParam(event, 5)) return;
  thread.majorFaults = paramU64(event, 1);
  thread.minorFaults = paramU64(event, 2);
  const { main } = thread;
  if (!main) return;
  main.vmSizeKb = paramU32(event, 3);
  main.vmRssKb = paramU32(event, 4);
  main.vmSwapKb = paramU32(event, 5);
};
