import { hostname } from "node:os";
import { describeError } from "../../src/errors/describe-error.ts";
import { compareVerdicts } from "../../src/falco/binary/compare-engines.ts";
import type { Matching } from "../../src/replay/match-rules.ts";
import type { RunOutcome } from "../../src/replay/runs/run.ts";
import type { StoredOptions, StoredRuleSet } from "../../src/rules/library/rule-library.ts";
import { loadRules, type RuleFile } from "../../src/rules/load-rules.ts";
import { compareWithEmbedded, gatherAlerts } from "../../src/runs/compare-replays.ts";
import { embeddedEngine } from "../../src/runs/embedded-engine.ts";
import type { Engine, EngineVerdict } from "../../src/runs/engine.ts";
import type { FalcoEngine } from "../../src/runs/falco-engine.ts";

export interface Difference {
  /** What differs: "ok", "errors", "alerts missing", … */
  readonly what: string;
  readonly falco: string;
  readonly embedded: string;
}

/** The files as the library would give them, without a library. */
export function storedSet(name: string, files: readonly RuleFile[], options: StoredOptions): StoredRuleSet {
  const { ok, ruleSet, diagnostics } = loadRules(files, options);
  return { name, digest: "", loadedAtMs: 0, origin: [], options, ok, ruleSet, diagnostics, files };
}

/** Where Falco and the embedded engine say different things of rule files, and where our loader for people does. */
export async function compareSets(
  falco: FalcoEngine,
  options: StoredOptions,
  id: string,
  files: readonly RuleFile[],
): Promise<Difference[]> {
  const loaded = await tried(async () => storedSet(id, files, options));
  const said = await tried(() => falco.validate({ files } as StoredRuleSet));
  if (typeof loaded === "string" || typeof said === "string") {
    return [{ what: "no verdict", falco: shown(said), embedded: shown(loaded) }];
  }
  const own = await embeddedEngine(falco.engineVersion, hostname()).validate(loaded);
  const { differences } = compareVerdicts(said, own, { examples: Number.POSITIVE_INFINITY });
  const found: Difference[] = differences.first.map(({ file, what, falco: left, embedded: right }) => ({
    what,
    falco: `${file}: ${left.join(" | ")}`,
    embedded: `${file}: ${right.join(" | ")}`,
  }));
  // Beyond what run_falco tells: snippets, descriptions, every place.
  if (found.length === 0 && wholeOf(said) !== wholeOf(own)) {
    found.push({ what: "details", falco: wholeOf(said), embedded: wholeOf(own) });
  }
  if (loaded.ok !== said.ok) found.push({ what: "load_rules", falco: String(said.ok), embedded: String(loaded.ok) });
  return found;
}

/** All that Falco prints of rule files, keys sorted. */
function wholeOf({ results, fatal }: EngineVerdict): string {
  const sorted = (_: string, value: unknown): unknown =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)))
      : value;
  return JSON.stringify({ results, fatal }, sorted);
}

async function tried<T>(work: () => Promise<T>): Promise<T | string> {
  try {
    return await work();
  } catch (thrown) {
    const { code, message } = describeError(thrown);
    return `${code}: ${message}`;
  }
}

const shown = (answer: unknown): string => (typeof answer === "string" ? answer : "a verdict");

/** Where the two give different alerts, or end differently, over a capture; and how many alerts are alike. */
export async function compareReplays(
  falco: FalcoEngine,
  set: StoredRuleSet,
  path: string,
  matching: Matching,
): Promise<{ readonly alike: number; readonly differences: readonly Difference[] }> {
  const input = { kind: "capture", path } as const;
  const gathered = gatherAlerts();
  const end = await falco.replay(set, input, gathered.take, { matching });
  const embedded = embeddedEngine(falco.engineVersion, hostname());
  let ownEnd: RunOutcome | undefined;
  const told: Engine = {
    ...embedded,
    async replay(...run) {
      ownEnd = await embedded.replay(...run);
      return ownEnd;
    },
  };
  const given = await tried(() => compareWithEmbedded(gathered.alerts, told, set, input, { matching }));
  if (typeof given === "string") {
    return { alike: 0, differences: [{ what: "no run", falco: endText(end), embedded: given }] };
  }
  const { missing, extra, changed, sameOrder } = given;
  const changes = changed.first.flatMap((alert) => alert.changes.map((change) => ({ at: placeOf(alert), ...change })));
  const ends = [end, ownEnd].map(endText);
  const differences = [
    ...(ends[0] === ends[1] ? [] : [{ what: "end", falco: ends[0] ?? "", embedded: ends[1] ?? "" }]),
    ...missing.first.map((alert) => ({ what: "alerts missing", falco: placeOf(alert), embedded: "" })),
    ...extra.first.map((alert) => ({ what: "alerts extra", falco: "", embedded: placeOf(alert) })),
    ...changes.map(({ at, what, ...sides }) => ({
      what: `alerts: ${what}`,
      falco: `${at}: ${JSON.stringify(sides.falco)}`,
      embedded: `${at}: ${JSON.stringify(sides.embedded)}`,
    })),
    ...[missing, extra, changed]
      .filter(({ count, first }) => count > first.length)
      .map(({ count, first }) => ({
        what: "alerts: more",
        falco: `${count - first.length} not looked at`,
        embedded: "",
      })),
    ...(sameOrder ? [] : [{ what: "order of alerts", falco: "", embedded: "" }]),
  ];
  return { alike: given.alike, differences };
}

const placeOf = ({ time, rule }: { readonly time: string; readonly rule: string }): string => `${time} ${rule}`;

function endText(outcome: RunOutcome | undefined): string {
  const { endedBy, fault, rulesRun, skippedCount } = outcome ?? {};
  const why = fault === undefined ? "" : ` ${fault.code}: ${fault.message}`;
  return `${endedBy}${why}, ${rulesRun} rules, ${skippedCount} lines passed over`;
}
