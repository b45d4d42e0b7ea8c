import type { Priority } from "../../alert/alert.ts";
import type { HostPlugin } from "./host-config.ts";

export interface RunConfig {
  readonly engineKind: string;
  /** Names of rule files inside the run's folder. */
  readonly rulesFiles: readonly string[];
  /** Name of the capture inside the run's folder. */
  readonly capture?: string;
  readonly plugins: readonly HostPlugin[];
  /** Adds the fields that plugins suggest to every output, as Falco's stock configuration does. */
  readonly suggestedOutput: boolean;
  readonly matching?: "first" | "all";
  readonly minimumPriority?: Priority;
}

/**
 * The falco.yaml of one run, as JSON, which is YAML too: alerts as JSON on stdout, log on stderr, and nothing that leaves
 * the machine, starts a program, listens or watches files. The host's configuration folder is not read.
 */
export function runConfig(config: RunConfig): string {
  const { engineKind, rulesFiles, capture, plugins, suggestedOutput, matching, minimumPriority } = config;
  const off = { enabled: false };
  return `${JSON.stringify(
    {
      config_files: [],
      watch_config_files: false,
      rules_files: rulesFiles,
      engine: {
        kind: engineKind,
        ...(capture === undefined ? {} : { replay: { capture_file: capture } }),
      },
      load_plugins: plugins.map(({ name }) => name),
      plugins: plugins.map(({ name, libraryPath, initConfig, openParams }) => ({
        name,
        library_path: libraryPath,
        ...(initConfig === undefined ? {} : { init_config: initConfig }),
        ...(openParams === undefined ? {} : { open_params: openParams }),
      })),
      ...(suggestedOutput ? { append_output: [{ suggested_output: true }] } : {}),
      priority: (minimumPriority ?? "Debug").toLowerCase(),
      rule_matching: matching ?? "first",
      json_output: true,
      json_include_output_property: true,
      json_include_output_fields_property: true,
      json_include_tags_property: true,
      time_format_iso_8601: false,
      buffered_outputs: false,
      stdout_output: { enabled: true },
      syslog_output: off,
      file_output: off,
      http_output: off,
      // The schema wants the key, used or not.
      program_output: { ...off, program: "" },
      webserver: off,
      metrics: off,
      log_stderr: true,
      log_syslog: false,
      log_level: "info",
    },
    null,
    1,
  )}\n`;
}
