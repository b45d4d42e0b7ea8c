import type { FalcoAbility } from "./falco-binary.ts";

/** Everything Falco is ever started for. */
export type FalcoAction =
  | "version"
  | "help"
  | "validate"
  | "describe"
  | "list_fields"
  | "list_field_names"
  | "list_events"
  | "list_plugins"
  | "dry_run"
  | "support"
  | "config_schema"
  | "rule_schema"
  | "replay"
  | "replay_by_option"
  | "live";

/** The name of the configuration file inside a run's folder. */
export const CONFIG_NAME = "falco.yaml";
export const CAPTURE_NAME = "capture.scap";

/**
 * The fixed arguments of every action. What is added to them is made here as well: names of files that we wrote into the
 * run's folder, and a number of seconds. No text from a caller ever is an argument.
 */
const FIXED: Readonly<Record<FalcoAction, readonly string[]>> = {
  version: ["--version"],
  help: ["--help"],
  validate: ["-c", CONFIG_NAME],
  describe: ["-c", CONFIG_NAME, "-L"],
  list_fields: ["-c", CONFIG_NAME, "--list", "--format", "json"],
  list_field_names: ["-c", CONFIG_NAME, "--list", "-N"],
  list_events: ["--list-events", "--format", "json"],
  list_plugins: ["-c", CONFIG_NAME, "--list-plugins"],
  dry_run: ["-c", CONFIG_NAME, "--dry-run"],
  support: ["-c", CONFIG_NAME, "--support"],
  config_schema: ["--config-schema"],
  rule_schema: ["--rule-schema"],
  replay: ["-c", CONFIG_NAME],
  // Before 0.37 the capture was named by an option.
  replay_by_option: ["-c", CONFIG_NAME, "-e", CAPTURE_NAME],
  live: ["-c", CONFIG_NAME],
};

export interface ArgumentParts {
  /** Rule files of a validation, by their names in the run's folder. */
  readonly ruleNames?: readonly string[];
  readonly seconds?: number;
}

export function argumentsOf(action: FalcoAction, { ruleNames = [], seconds }: ArgumentParts = {}): readonly string[] {
  return [
    ...FIXED[action],
    ...(action === "validate" ? ruleNames.flatMap((name) => ["-V", name]) : []),
    ...(action === "live" && seconds !== undefined ? ["-M", String(Math.trunc(seconds))] : []),
  ];
}

/** Options that `--help` must list for an ability to work. */
export const NEEDED_OPTIONS: Readonly<Record<FalcoAbility, readonly string[]>> = {
  validate: ["-V"],
  describe: ["-L"],
  list_fields: ["--list"],
  list_events: ["--list-events", "--format"],
  list_plugins: ["--list-plugins"],
  dry_run: ["--dry-run"],
  support: ["--support"],
  schemas: ["--config-schema", "--rule-schema"],
  replay: ["-c"],
  live: ["-M"],
};
