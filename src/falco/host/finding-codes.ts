import type { HostSeverity } from "./host-finding.ts";

export interface FindingRow {
  readonly severity: HostSeverity;
  /** Why it matters: one or two sentences. */
  readonly reason: string;
}

/** Every finding about a Falco's set-up: one row a code. Codes stay; rows may gain words. */
export const HOST_FINDINGS = {
  // what runs
  HOST_SEVERAL_FALCOS: {
    severity: "note",
    reason: "Each Falco has its own configuration and rules; what is said here is about one of them.",
  },
  HOST_ANOTHER_IN_FALCOS_NAME: {
    severity: "warning",
    reason: "A process can call itself falco without being it, to pass for the sensor or to make it look alive.",
  },
  HOST_PROGRAM_REPLACED: {
    severity: "warning",
    reason: "The program on disk is no longer the one that runs: an upgrade takes effect with the next restart only.",
  },
  HOST_DRIVER_ABSENT: {
    severity: "error",
    reason: "Without a driver Falco sees no system call, and no rule of source syscall can fire.",
  },
  HOST_PLUGIN_MISSING: {
    severity: "error",
    reason: "Rules that need the plugin's source or fields do not load, or their fields stay empty.",
  },
  HOST_NOT_ANSWERING: {
    severity: "warning",
    reason: "Nobody can tell a Falco that hangs from one that works when its webserver does not answer.",
  },

  // what is loaded
  HOST_RULES_NOT_RELOADED: {
    severity: "error",
    reason:
      "The running Falco works with other rules than those on disk: it was not reloaded, or refused the new ones.",
  },
  HOST_CONFIG_NOT_RELOADED: {
    severity: "error",
    reason: "The running Falco works with another configuration than the one on disk: what is read here may not hold.",
  },
  HOST_RULES_FILE_NOT_LOADED: {
    severity: "warning",
    reason:
      "Falco loads only files that end in .yaml or .yml, directly in the folders that rules_files names, and says nothing of others.",
  },
  HOST_RULES_ENTRY_MISSING: {
    severity: "note",
    reason: "Falco passes over entries of rules_files that do not exist without a word.",
  },
  HOST_WATCH_OFF: {
    severity: "note",
    reason: "Changed rules and configuration take effect only after a signal or a restart.",
  },
  HOST_PRIORITY_HIDES: {
    severity: "warning",
    reason: "Rules less urgent than `priority` never fire, and Falco's own drop alert has priority debug.",
  },

  // what is lost
  HOST_EVENTS_DROPPED: {
    severity: "error",
    reason: "What the kernel could not hand over, no rule has seen: an attack in it leaves no alert.",
  },
  HOST_ALERTS_DROPPED: {
    severity: "error",
    reason: "A full outputs queue throws alerts away: they fired and reached nobody.",
  },
  HOST_DROPS_UNREPORTED: {
    severity: "warning",
    reason: "Falco says nothing when it loses events unless syscall_event_drops holds the action alert.",
  },
  HOST_QUEUE_BOUNDED: {
    severity: "warning",
    reason: "With a bounded queue a flood of alerts pushes out the ones that matter.",
  },
  HOST_OUTPUTS_BUFFERED: {
    severity: "warning",
    reason: "Buffered alerts arrive late, and those in the buffer are lost when Falco is killed.",
  },

  // what reaches us
  HOST_JSON_OFF: {
    severity: "error",
    reason: "Text alerts carry no fields, no date and no certain rule name: they cannot be searched or correlated.",
  },
  HOST_JSON_WITHOUT_FIELDS: {
    severity: "error",
    reason: "Without output_fields an alert says in prose only which process, file and container it is about.",
  },
  HOST_JSON_WITHOUT_PARTS: {
    severity: "note",
    reason: "Tags carry ATT&CK and compliance mappings, message the text without time and priority.",
  },
  HOST_OUTPUTS_OFF: {
    severity: "error",
    reason: "Falco does not start when no output is switched on.",
  },
  HOST_NO_OUTPUT_TO_US: {
    severity: "warning",
    reason: "Alerts that go neither to our webhook nor to a file that we follow are not in the store.",
  },
  HOST_ALERTS_IN_CLEAR: {
    severity: "warning",
    reason: "Whoever is on the way can read alerts and leave them out.",
  },
  HOST_PROGRAM_OUTPUT: {
    severity: "note",
    reason: "Falco pipes alerts, which hold text of attackers, into a shell command that runs with its own privileges.",
  },

  // what can be seen of Falco
  HOST_WEBSERVER_OFF: {
    severity: "warning",
    reason: "Without the webserver nobody sees health, versions, drops and the hashes of loaded files.",
  },
  HOST_WEBSERVER_OPEN: {
    severity: "warning",
    reason:
      "Everybody on the network can read which rules are loaded and which fire, without password and in the clear.",
  },
  HOST_METRICS_OFF: {
    severity: "warning",
    reason: "Without metrics, drops and the hashes of loaded files cannot be seen.",
  },
  HOST_METRICS_PARTIAL: {
    severity: "note",
    reason: "Counters that are switched off are missing when somebody asks what Falco did not see.",
  },
  HOST_CAPTURE_OFF: {
    severity: "note",
    reason: "Without captures there is only the alert; what the process did afterwards is not kept.",
  },
  HOST_CAPTURE_CATCHES_NOTHING: {
    severity: "warning",
    reason: "In mode rules only rules that say capture: true are recorded.",
  },

  // the text of falco.yaml
  CONFIG_MALFORMED: { severity: "error", reason: "Falco does not start with a configuration that is no YAML map." },
  CONFIG_UNKNOWN_KEY: {
    severity: "warning",
    reason: "Falco ignores keys it does not know, so the setting has no effect.",
  },
  CONFIG_REPEATED_KEY: {
    severity: "warning",
    reason: "Of a repeated key Falco takes the first and ignores the others.",
  },
  CONFIG_WRONG_TYPE: {
    severity: "warning",
    reason: "Falco falls back to its default, without a word, when a value cannot be read as its type.",
  },
  CONFIG_WRONG_VALUE: { severity: "error", reason: "Falco does not start with this value." },
  CONFIG_KEY_NOT_YET: { severity: "warning", reason: "This version of Falco does not know the key and ignores it." },
  CONFIG_KEY_GONE: { severity: "warning", reason: "The key was removed: newer versions ignore it or do not start." },
  CONFIG_INCLUDE_REFUSED: {
    severity: "error",
    reason: "Falco does not start when a file taken in by config_files has config_files itself.",
  },
} as const satisfies Record<string, FindingRow>;

export type HostFindingCode = keyof typeof HOST_FINDINGS;
