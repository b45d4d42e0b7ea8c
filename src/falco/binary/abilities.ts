import { NEEDED_OPTIONS } from "./arguments.ts";
import type { FalcoAbility, FalcoAbout, FalcoVersion } from "./falco-binary.ts";
import { compareVersions } from "./parse-version.ts";

interface Since {
  readonly falco: string;
  /** The same release by its engine, for builds whose own version is no release. */
  readonly engine: string;
  readonly what: string;
}

/** What came later than the oldest Falco one may meet. Source: Falco's change log and tags. */
const SINCE: Partial<Record<FalcoAbility, Since>> = {
  validate: { falco: "0.33.0", engine: "0.14.0", what: "results of a validation as JSON" },
  describe: { falco: "0.36.0", engine: "0.26.0", what: "rules described as JSON" },
  live: { falco: "0.37.0", engine: "0.31.0", what: "the engine's kind in the configuration" },
};

/** Since when a capture is named in the configuration. */
const REPLAY_IN_CONFIG: Since = { falco: "0.37.0", engine: "0.31.0", what: "the capture in the configuration" };
const ALL_MATCHES: Since = { falco: "0.36.0", engine: "0.26.0", what: "rule_matching: all" };
const SUGGESTED_OUTPUT: Since = { falco: "0.41.0", engine: "0.50.0", what: "output that plugins suggest" };
/** Before this release some calls do not work at all. */
export const OLDEST_WHOLE = "0.36.0";

const ABILITIES = Object.keys(NEEDED_OPTIONS) as FalcoAbility[];

/** What a version with these options can do through us, and why not. */
export function abilitiesOf(version: FalcoVersion, options: readonly string[]): FalcoAbout["abilities"] {
  const rows = ABILITIES.map((ability) => {
    const why = whyNot(ability, version, options);
    return [ability, why === undefined ? { works: true } : { works: false, why }] as const;
  });
  return Object.fromEntries(rows) as FalcoAbout["abilities"];
}

function whyNot(ability: FalcoAbility, version: FalcoVersion, options: readonly string[]): string | undefined {
  const since = SINCE[ability];
  if (since !== undefined && isBefore(version, since)) return tooOld(version, since);
  const missing = NEEDED_OPTIONS[ability].filter((option) => !options.includes(option));
  if (missing.length === 0) return undefined;
  return `falco ${version.falco} has no option ${missing.join(", ")}`;
}

/** True where the capture must be named by `-e`, as older versions want it. */
export function namesCaptureByOption(version: FalcoVersion, options: readonly string[]): boolean {
  return options.includes("-e") && isBefore(version, REPLAY_IN_CONFIG);
}

/** Why `rule_matching: all` does not work; undefined where it does. */
export function whyNotAllMatches(version: FalcoVersion): string | undefined {
  return isBefore(version, ALL_MATCHES) ? tooOld(version, ALL_MATCHES) : undefined;
}

/** True where plugins may suggest output, which the stock configuration of these versions takes. */
export function takesSuggestedOutput(version: FalcoVersion): boolean {
  return !isBefore(version, SUGGESTED_OUTPUT);
}

/** True where the version is older than the row; a version without numbers counts as new. */
function isBefore({ falco, engine }: FalcoVersion, since: Since): boolean {
  if (!falco.startsWith("0.0.0")) return compareVersions(falco, since.falco) === -1;
  return engine !== undefined && compareVersions(engine, since.engine) === -1;
}

function tooOld({ falco }: FalcoVersion, { falco: needed, what }: Since): string {
  return `falco ${falco} lacks ${what}, which came with ${needed}`;
}
