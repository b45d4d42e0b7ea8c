/** Process groups that were started and may still have members: ended with this process, whatever ends it in order. */
const groups = new Set<number>();
let isWatching = false;

/** Ends the group, too, when this process ends before it. */
export function watchGroup(leader: number): void {
  groups.add(leader);
  if (isWatching) return;
  isWatching = true;
  process.on("exit", () => {
    for (const group of groups) signalGroup(group, "SIGKILL");
  });
}

export function forgetGroup(leader: number): void {
  groups.delete(leader);
}

/** Sends a signal to every process of the group; a group without members is no fault. */
export function signalGroup(leader: number, signal: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // ESRCH: all are gone. EPERM: what is left has changed its user, which no signal of ours reaches.
  }
}
