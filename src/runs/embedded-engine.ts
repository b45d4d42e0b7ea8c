import { requireRunnable } from "../replay/runs/replayable-rules.ts";
import { runRules } from "../replay/runs/run-rules.ts";
import { falcoLoadResults } from "../rules/falco-load-results.ts";
import type { Engine } from "./engine.ts";

/** The engine of this package, for a set loaded for `engineVersion`. `hostname` goes into alerts as Falco puts its own. */
export function embeddedEngine(engineVersion: string, hostname: string): Engine {
  return {
    name: "embedded",
    engineVersion,
    cannotReplay: () => undefined,
    async validate(set) {
      const { results, fatal } = falcoLoadResults(set.files, set.options);
      if (results === undefined) return { ok: false, results: [], fatal, warnings: [] };
      return { ok: results.every(({ successful }) => successful), results, warnings: [] };
    },
    async replay(set, input, take, { onProgress, ...options }) {
      const { ruleSet } = requireRunnable(set, [input.kind]);
      return runRules(input, ruleSet, ({ line }) => take(line), {
        ...options,
        hostname,
        ...(onProgress === undefined
          ? {}
          : { onProgress: ({ bytes, events }) => onProgress(bytes, undefined, `${events} events read`) }),
      });
    },
  };
}
