import type { LintSeverity } from "./lint-finding.ts";

export interface LintRow {
  readonly severity: LintSeverity;
  /** What Falco does and why that hurts: one or two sentences. */
  readonly reason: string;
  /** The smallest text that has the fault. */
  readonly example: string;
  /** The same text mended. */
  readonly mended: string;
}

/** Every lint, grouped by what it looks at: one row a code. Codes stay; rows may gain words. */
export const LINTS = {
  // lists
  LINT_UNDEFINED_LIST: {
    severity: "warning",
    reason:
      "A list name that nothing defines stays in the condition as a plain word, so the check compares with that word and Falco says nothing.",
    example: "proc.name in (shell_binariez)",
    mended: "proc.name in (shell_binaries)",
  },
  LINT_LIST_NOT_EXPANDED: {
    severity: "warning",
    reason:
      "A list inside a list is replaced by its items only one level deep and only when it was defined earlier; otherwise its name is compared as a plain word.",
    example: "- list: all_shells\n  items: [shells]   # shells is defined further down, or holds another list",
    mended: "- list: shells\n  items: [bash, sh]\n- list: all_shells\n  items: [shells]",
  },
  LINT_LIST_REWRITES_TEXT: {
    severity: "warning",
    reason:
      "Falco replaces list names in the text of a condition before it parses it, inside quotes and on the right of = too, so a word that happens to be a list's name is lost.",
    example: '- list: curl\n  items: [curl, wget]\n  # condition: proc.cmdline contains "run curl now"',
    mended: "- list: download_tools\n  items: [curl, wget]",
  },
  LINT_LIST_ITEM_CORRUPTS: {
    severity: "warning",
    reason:
      "List items are pasted into conditions without escaping: a quote, comma, bracket or equals sign in an item ends up as syntax.",
    example: 'items: ["a,b"]',
    mended: "items: [a, b]",
  },

  // structure of a condition
  LINT_APPEND_PRECEDENCE: {
    severity: "warning",
    reason:
      "An appended condition is joined as text, and binds tighter than or: the addition narrows only the last alternative of what it was appended to.",
    example: "condition: a or b   # then, appended: and c   =>   a or (b and c)",
    mended: "condition: (a or b)",
  },
  LINT_NEVER_MATCHES: {
    severity: "error",
    reason:
      "No event can satisfy the condition: the event types it allows have none in common, or two of its clauses exclude each other.",
    example: "evt.type = execve and evt.type = open",
    mended: "evt.type in (execve, open)",
  },
  LINT_FIELD_NEVER_SET: {
    severity: "error",
    reason:
      "None of the event types that the condition allows carries this field; an absent field makes every check false, so the rule or this alternative of it can never match.",
    example: "evt.type = execve and fd.name startswith /etc",
    mended: "evt.type in (open, openat, openat2) and fd.name startswith /etc",
  },
  LINT_SHADOWED: {
    severity: "warning",
    reason:
      "With the default rule_matching: first only the first rule that matches an event raises an alert; an earlier rule matches everything that this one does.",
    example:
      "- rule: any shell       # condition: evt.type = execve\n- rule: shell in nginx  # condition: evt.type = execve and proc.name = nginx",
    mended: "put the narrower rule first, or set rule_matching: all",
  },

  // values that cannot be what was meant
  LINT_COMM_TOO_LONG: {
    severity: "error",
    reason: "The kernel keeps 15 bytes of a process name, so a longer name is never equal to it.",
    example: "proc.name = docker-entrypoint",
    mended: "proc.name = docker-entrypoi",
  },
  LINT_WILDCARD_LITERAL: {
    severity: "warning",
    reason: "=, in and startswith take * and ? as they are; only glob, iglob and pmatch know wildcards.",
    example: "fd.name = /etc/*",
    mended: "fd.name glob /etc/*",
  },
  LINT_ABSENT_NOT_EQUAL: {
    severity: "note",
    reason:
      "A field that is absent makes every check false, != too: the rule stays silent for events whose value is not known.",
    example: "container.image.repository != docker.io/nginx",
    mended: "not container.image.repository = docker.io/nginx",
  },
  LINT_ANCESTOR_NOT_EQUAL: {
    severity: "warning",
    reason:
      "An ancestor field without a number is compared with every ancestor and is true when any of them differs, which is nearly always.",
    example: "proc.aname != sshd",
    mended: "not proc.aname = sshd",
  },

  // defects of the engine
  LINT_OPERATOR_NEVER_MATCHES: {
    severity: "error",
    reason: "The engine accepts this field with this operator, but the comparison is always false.",
    example: "fd.ip in (10.0.0.1, 10.0.0.2)",
    mended: "(fd.ip = 10.0.0.1 or fd.ip = 10.0.0.2)",
  },
  LINT_OPERATOR_FIRST_VALUE_ONLY: {
    severity: "error",
    reason: "The engine accepts several values here, but compares with the first one alone.",
    example: "fd.net in (10.0.0.0/8, 192.168.0.0/16)",
    mended: "(fd.net = 10.0.0.0/8 or fd.net = 192.168.0.0/16)",
  },
  LINT_OPERATOR_STOPS_FALCO: {
    severity: "error",
    reason: "The rule loads, but Falco ends with an error at the first event that reaches this check.",
    example: "fd.port intersects (22, 2222)",
    mended: "fd.port in (22, 2222)",
  },

  // rule sets
  LINT_REDEFINED_MACRO: {
    severity: "warning",
    reason: "A later file gives a macro another meaning, and every rule that uses it changes with it.",
    example: "- macro: spawned_process   # also defined by the stock rules\n  condition: evt.type = execve",
    mended: "- macro: my_spawned_process\n  condition: evt.type = execve",
  },
  LINT_REDEFINED_LIST: {
    severity: "warning",
    reason: "A later file replaces the items of a list, and every rule that uses it changes with it.",
    example: "- list: shell_binaries   # also defined by the stock rules\n  items: [bash]",
    mended: "- list: shell_binaries\n  items: [bash]\n  override: {items: append}",
  },
  LINT_DEPRECATED_FIELD: {
    severity: "warning",
    reason: "The field is kept only so that old rules load; it will be removed.",
    example: "evt.type = execve and evt.dir = <",
    mended: "evt.type = execve",
  },
  LINT_FILE_SKIPPED: {
    severity: "warning",
    reason:
      "Falco reads only files whose names end in .yaml or .yml, and only those directly in a folder; it passes over all others without a word.",
    example: "rules.txt",
    mended: "rules.yaml",
  },

  // tags and output
  LINT_ATTACK_TAG: {
    severity: "warning",
    reason: "A tag that names no tactic or technique of ATT&CK, or one that was retired, is counted by nobody.",
    example: "tags: [mitre_execute, T1081]",
    mended: "tags: [mitre_execution, T1552.001]",
  },
  LINT_ATTACK_TACTIC: {
    severity: "note",
    reason:
      "The technique does not serve any of the tactics that the rule is tagged with, so coverage by tactic and by technique disagree.",
    example: "tags: [mitre_discovery, T1565]",
    mended: "tags: [mitre_impact, T1565]",
  },
  LINT_COMPLIANCE_TAG: {
    severity: "note",
    reason: "The tag names no control of the framework, or follows a numbering that was replaced.",
    example: "tags: [PCI_DSS_10.2.5]",
    mended: "tags: [PCI_DSS_10.2.1.5]",
  },
  LINT_OUTPUT_LACKS: {
    severity: "note",
    reason:
      "Whoever investigates the alert needs the process, its parent, the user and the container; what the output does not name is not in the alert.",
    example: 'output: "a shell was started"',
    mended:
      'output: "a shell was started | process=%proc.cmdline parent=%proc.pname user=%user.name container=%container.id image=%container.image.repository"',
  },
} as const satisfies Record<string, LintRow>;

export type LintCode = keyof typeof LINTS;

export const LINT_CODES: readonly LintCode[] = Object.keys(LINTS) as LintCode[];
