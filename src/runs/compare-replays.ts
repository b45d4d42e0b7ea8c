import type { Alert } from "../alert/alert.ts";
import { readAlertLine } from "../alert/read-alert.ts";
import { type AlertComparison, compareAlerts } from "../falco/binary/compare-engines.ts";
import type { RunInput } from "../replay/runs/run.ts";
import type { StoredRuleSet } from "../rules/library/rule-library.ts";
import type { Engine, EngineOptions } from "./engine.ts";

/** Gathers the alerts of one engine's run, to be compared when it is over. */
export function gatherAlerts(): { take(line: string): void; readonly alerts: readonly Alert[] } {
  const alerts: Alert[] = [];
  return {
    alerts,
    take(line) {
      const read = readAlertLine(line);
      if (read.kind === "alert") alerts.push(read.alert);
    },
  };
}

/**
 * Where the embedded engine's alerts over the same input differ from those that Falco gave. Nothing of it is stored. A
 * fault of the input ends both at the same place and is told by Falco's own run.
 */
export async function compareWithEmbedded(
  falco: readonly Alert[],
  embedded: Engine,
  set: StoredRuleSet,
  input: RunInput,
  options: EngineOptions,
): Promise<AlertComparison> {
  const own = gatherAlerts();
  await embedded.replay(set, input, own.take, options);
  return compareAlerts(falco, own.alerts);
}
