import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import { CAPTURE_PREFIX } from "./config-findings.ts";
import { CONFIG_KEYS, minorOf, NEWEST_FALCO } from "./config-keys.ts";
import { ALERTS_FILE } from "./output-findings.ts";

export interface ForensicConfigOptions {
  /** x.y.z of the Falco it is for, 0.34 or newer; the newest known by default. */
  readonly version?: string;
  /** URL of our webhook; alerts are posted there. */
  readonly webhook?: string;
  /** Absolute path; alerts are written there. The default where no webhook is named. */
  readonly file?: string;
  /** Which alerts are followed by a recording: those of rules that say capture: true (rules), or all (all_rules). */
  readonly captureMode?: "rules" | "all_rules";
}

const OLDEST = 34;

/** A line of the fragment: left out where the version does not know its key. */
type Line = readonly [key: string, value: string, comment?: string];

interface Section {
  readonly comment: readonly string[];
  /** A block's name, or nothing for keys of the top level. */
  readonly block?: string;
  readonly lines: readonly Line[];
}

/**
 * A falco.yaml fragment that makes a Falco of that version fit for forensics: whole top-level blocks, to be put into a
 * file of its own in a folder of config_files (Falco 0.38 and newer), or in place of the blocks of the same name. Which
 * rules, plugins and driver Falco uses is left as it is. Fails with INVALID_ARGUMENT for a version that is none or too
 * old, a webhook that is no URL, and a file that is no absolute path.
 */
export function forensicConfig(options: ForensicConfigOptions = {}): string {
  const version = options.version ?? NEWEST_FALCO;
  const minor = minorOf(version);
  if (minor === undefined || minor < OLDEST) throw unknownVersion(version);
  const sections = [
    jsonSection(),
    ...outputSections(options),
    captureSection(options),
    watchSection(),
    ...lossSections(minor),
  ];
  const place =
    minor >= 38
      ? [
          "# Put it into a file of its own in a folder that config_files names, as /etc/falco/config.d/zz-forensics.yaml.",
        ]
      : ["# Put it into falco.yaml in place of the keys and blocks of the same name."];
  return [
    `# Falco ${minorText(minor)} for forensics: alerts whole and in JSON, losses visible, state open to questions from this host.`,
    ...place,
    "",
    ...sections.flatMap((section) => render(section, minor)),
  ]
    .join("\n")
    .replace(/\n+$/, "\n");
}

function jsonSection(): Section {
  return {
    comment: ["Alerts as JSON with everything that is known of the event."],
    lines: [
      ["json_output", "true"],
      ["json_include_output_property", "true"],
      ["json_include_message_property", "true", "the text without time and priority"],
      ["json_include_output_fields_property", "true"],
      ["json_include_tags_property", "true", "ATT&CK and compliance tags"],
      ["priority", "debug", "every rule fires; Falco's drop alerts are of this priority"],
      ["buffered_outputs", "false", "an alert leaves at once, and survives a kill"],
    ],
  };
}

function outputSections({ webhook, file }: ForensicConfigOptions): Section[] {
  const sections: Section[] = [];
  if (webhook !== undefined) {
    if (!/^https?:$/.test(URL.canParse(webhook) ? new URL(webhook).protocol : "")) throw noWebhook(webhook);
    sections.push({
      comment: [
        "Alerts to falco-skills serve --listen. Falco tries once: what comes while nobody listens is lost,",
        "so keep a file as well where that matters.",
      ],
      block: "http_output",
      lines: [
        ["enabled", "true"],
        ["url", JSON.stringify(webhook)],
        ["keep_alive", "true", "one connection for many alerts"],
      ],
    });
  }
  if (file !== undefined || webhook === undefined) {
    const path = file ?? ALERTS_FILE;
    if (!path.startsWith("/") || /[\u0000-\u001f]/.test(path)) throw noPath(path);
    sections.push({
      comment: [
        "Alerts into a file that falco-skills serve --alerts follows: nothing is lost while nobody reads.",
        "Its folder must exist. Falco does not rotate it; logrotate may, no signal is needed.",
      ],
      block: "file_output",
      lines: [
        ["enabled", "true"],
        ["keep_alive", "false", "the file is opened for each alert, so that it can be rotated"],
        ["filename", JSON.stringify(path)],
      ],
    });
  }
  return sections;
}

function captureSection({ captureMode = "rules" }: ForensicConfigOptions): Section {
  const mode =
    captureMode === "rules"
      ? "only rules that say capture: true; capture_duration sets how long"
      : "every alert starts a recording: watch the disk";
  return {
    comment: [
      "System calls from an alert on, as .scap files. Falco never deletes them, and the folder must exist:",
      "make it for root alone, since captures hold what processes read and wrote.",
    ],
    block: "capture",
    lines: [
      ["enabled", "true"],
      ["path_prefix", CAPTURE_PREFIX, "not in /tmp, where others could prepare the name"],
      ["mode", captureMode, mode],
      ["default_duration", "10000", "milliseconds; another alert meanwhile makes it longer"],
      ["max_file_size_mb", "200"],
    ],
  };
}

function watchSection(): Section {
  return {
    comment: ["Changed rules and configuration take effect without a restart."],
    lines: [["watch_config_files", "true"]],
  };
}

function lossSections(minor: number): Section[] {
  return [
    {
      comment: ["A flood of alerts is kept in memory instead of being thrown away."],
      block: "outputs_queue",
      lines: [["capacity", "0", "no bound"]],
    },
    {
      comment: ["An alert whenever the kernel lost events: what was lost, no rule has seen."],
      block: "syscall_event_drops",
      lines: [
        ["threshold", "0", "any loss; the default tells only of a tenth and more"],
        ["actions", "[log, alert]"],
        ["rate", "0.03333", "one message in 30 seconds"],
        ["max_burst", "1"],
        ["simulate_drops", "false"],
      ],
    },
    {
      comment: ["Counters of losses and matches, and hashes of what is loaded."],
      block: "metrics",
      lines: [
        ["enabled", "true"],
        ["interval", "15m"],
        ["output_rule", "true", "a snapshot among the alerts, so that the record shows losses, too"],
        ["rules_counters_enabled", "true"],
        ["resource_utilization_enabled", "true"],
        ["state_counters_enabled", "true"],
        ["kernel_event_counters_enabled", "true"],
        ["kernel_event_counters_per_cpu_enabled", "false"],
        ["libbpf_stats_enabled", "true"],
        ["plugins_metrics_enabled", "true"],
        ["kernel_iter_event_counters_enabled", "true"],
        ["jemalloc_stats_enabled", "false"],
        ["convert_memory_to_mb", "true"],
        ["include_empty_values", "false"],
      ],
    },
    {
      comment: [
        minor >= 37
          ? "Health, versions and metrics for this host only: there is neither password nor TLS."
          : "Health and versions. This version listens at all addresses: close the port to other hosts.",
      ],
      block: "webserver",
      lines: [
        ["enabled", "true"],
        ["threadiness", "0"],
        ["listen_port", "8765"],
        ["listen_address", "127.0.0.1"],
        ["k8s_healthz_endpoint", "/healthz"],
        ["prometheus_metrics_enabled", "true"],
        ["ssl_enabled", "false"],
      ],
    },
  ];
}

function render({ comment, block, lines }: Section, minor: number): string[] {
  const known = lines.filter(([key]) => isKnown(block === undefined ? key : `${block}.${key}`, minor));
  if (known.length === 0 || (block !== undefined && !isKnown(block, minor))) return [];
  const indent = block === undefined ? "" : "  ";
  return [
    ...comment.map((text) => `# ${text}`),
    ...(block === undefined ? [] : [`${block}:`]),
    ...known.map(([key, value, note]) => `${indent}${key}: ${value}${note === undefined ? "" : `  # ${note}`}`),
    "",
  ];
}

function isKnown(path: string, minor: number): boolean {
  const row = CONFIG_KEYS[path];
  return row !== undefined && (row.since ?? 0) <= minor && minor < (row.gone ?? Number.POSITIVE_INFINITY);
}

const minorText = (minor: number): string => `0.${minor}`;

function unknownVersion(version: string): FalcoSkillsError {
  return new FalcoSkillsError(
    "INVALID_ARGUMENT",
    `${JSON.stringify(version.slice(0, 100))} is no version of Falco from 0.${OLDEST} on`,
    {
      fix: `Pass a version as ${NEWEST_FALCO}.`,
    },
  );
}

function noWebhook(webhook: string): FalcoSkillsError {
  return new FalcoSkillsError(
    "INVALID_ARGUMENT",
    `${JSON.stringify(webhook.slice(0, 200))} is no http or https address`,
    {
      fix: "Pass the address that falco-skills serve --listen shows, as http://127.0.0.1:2803/.",
    },
  );
}

function noPath(path: string): FalcoSkillsError {
  return new FalcoSkillsError("INVALID_ARGUMENT", `${JSON.stringify(path.slice(0, 200))} is no absolute path`, {
    fix: "Pass the file's whole path: Falco's working directory is not yours.",
  });
}
