import { formatTimeNs } from "../../alert/time.ts";
import { type Check, type CheckInputs, pass, unknown } from "./check.ts";

/** Silence of the whole store that is worth a word. */
const GAP_HOURS = 6;
const HOUR_NS = 3_600_000_000_000n;
const MOST_NAMED = 12;

/**
 * What Falco could not see in the window, in words: lost events, rules that are off, sources without an alert, stretches
 * without any alert, and what is not known about all this. Part of every checklist, whatever its tests found.
 */
export async function blindSpots(inputs: CheckInputs): Promise<string[]> {
  const { drops, ruleSets, snapshots, window } = inputs;
  return [
    ...(drops.matched > 0
      ? [`lost events: Falco reported drops ${drops.matched} times; what was lost is in no alert`]
      : []),
    ...snapshots.flatMap(({ host, engine }) =>
      engine === "nodriver" ? [`system calls of ${host}: its Falco runs without a driver`] : [],
    ),
    ...(snapshots.length === 0
      ? ["whether the sensors were running and losing events: no metrics snapshot is stored"]
      : []),
    ...(ruleSets === undefined || ruleSets.length === 0
      ? ["which rules were on: no rule set is loaded here"]
      : [...disabledRules(inputs), ...silentSources(inputs)]),
    ...(window === undefined ? ["a window: none was fixed, so gaps in time were not looked for"] : await gaps(inputs)),
  ].map((line) => line.slice(0, 1_000));
}

function disabledRules({ ruleSets = [] }: CheckInputs): string[] {
  return ruleSets.flatMap(({ name, ruleSet }) => {
    const off = ruleSet.rules.filter(({ active }) => !active).map((rule) => rule.name);
    if (off.length === 0) return [];
    const more = off.length > MOST_NAMED ? ` and ${off.length - MOST_NAMED} more` : "";
    return [`rules of ${name} that are off: ${off.slice(0, MOST_NAMED).join(", ")}${more}`];
  });
}

function silentSources({ ruleSets = [], store }: CheckInputs): string[] {
  const seen = new Set(store.sources.map(({ source }) => source));
  const wanted = new Set(ruleSets.flatMap(({ ruleSet }) => ruleSet.rules.map(({ source }) => source)));
  return [...wanted]
    .filter((source) => !seen.has(source))
    .map((source) => `source ${source}: rules are loaded for it and no alert of it is stored`);
}

async function gaps({ alerts, filter, window }: CheckInputs): Promise<string[]> {
  if (window === undefined) return [];
  const { fromNs, toNs } = window;
  const hours = (toNs - fromNs) / HOUR_NS;
  if (hours < BigInt(GAP_HOURS) || hours > 5_000n) return [];
  const { buckets = [] } = await alerts.summarize({ filter, by: [], limit: 1, bucketNs: HOUR_NS });
  const edges = [fromNs, ...buckets.flatMap(({ fromNs: at }) => [at, at + HOUR_NS]), toNs];
  const lines: string[] = [];
  for (let at = 0; at + 1 < edges.length; at += 2) {
    const [start, end] = [edges[at] ?? 0n, edges[at + 1] ?? 0n];
    if (end - start >= BigInt(GAP_HOURS) * HOUR_NS) {
      lines.push(`${formatTimeNs(start)} to ${formatTimeNs(end)}: no alert at all; quiet and blind look alike`);
    }
  }
  return lines.length > MOST_NAMED
    ? [...lines.slice(0, MOST_NAMED), `and ${lines.length - MOST_NAMED} more stretches`]
    : lines;
}

/** Passes when what is needed to know the blind spots is known; there being some is no failure. */
export const blindSpotsStated: Check = async (inputs) => {
  const spots = await blindSpots(inputs);
  const known = inputs.window !== undefined && (inputs.ruleSets?.length ?? 0) > 0 && inputs.snapshots.length > 0;
  const said =
    spots.length === 0 ? "nothing was found" : `${spots.length} are listed: ${spots.join("; ")}`.slice(0, 3_000);
  return known ? pass(said) : unknown(`not all could be determined; ${said}`);
};
