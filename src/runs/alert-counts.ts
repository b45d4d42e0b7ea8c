import type { Alert, Priority } from "../alert/alert.ts";
import type { RunOutcome } from "../replay/runs/run.ts";

type Counts = Pick<RunOutcome, "alerts" | "alertsByRule" | "alertsByPriority" | "firstNs" | "lastNs">;

/** Counts alerts by rule and priority as they come, with the times of the first and the last. */
export function alertCounts(): { add(alert: Alert): void; result(): Counts } {
  const byRule = new Map<string, number>();
  const byPriority = new Map<Priority, number>();
  let alerts = 0;
  let firstNs: bigint | undefined;
  let lastNs: bigint | undefined;
  return {
    add({ rule, priority, timeNs }) {
      alerts += 1;
      byRule.set(rule, (byRule.get(rule) ?? 0) + 1);
      byPriority.set(priority, (byPriority.get(priority) ?? 0) + 1);
      if (firstNs === undefined || timeNs < firstNs) firstNs = timeNs;
      if (lastNs === undefined || timeNs > lastNs) lastNs = timeNs;
    },
    result: () => ({
      alerts,
      alertsByRule: Object.fromEntries(byRule),
      alertsByPriority: Object.fromEntries(byPriority),
      ...(firstNs === undefined ? {} : { firstNs }),
      ...(lastNs === undefined ? {} : { lastNs }),
    }),
  };
}
