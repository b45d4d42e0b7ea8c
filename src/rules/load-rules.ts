import type { Span } from "../text/span.ts";
import type { RulePriority } from "./priority.ts";
import type { RuleSet } from "./rule-set.ts";

export interface RuleFile {
  /** As it is shown in messages: a path, or a name for inline text. */
  readonly name: string;
  readonly text: string;
}

export interface LoadedPlugin {
  readonly name: string;
  /** x.y.z */
  readonly version: string;
  /** Event sources the plugin gives; empty for one that only adds fields. */
  readonly sources: readonly string[];
}

/** `rules:` of falco.yaml: applied in order, a rule by name with `*` as wildcard, or a tag. */
export type RuleSelector =
  | { readonly action: "enable" | "disable"; readonly rule: string }
  | { readonly action: "enable" | "disable"; readonly tag: string };

/** `append_output` of falco.yaml: text added to the output of the rules that match all that is given. */
export interface AppendedOutput {
  readonly text: string;
  readonly source?: string;
  readonly tags?: readonly string[];
  readonly rule?: string;
}

export interface LoadOptions {
  /** Falco's engine version, "0.57.0" … "0.63.0"; the newest by default. */
  readonly engineVersion?: string;
  /** Container 0.7.1 by default. */
  readonly plugins?: readonly LoadedPlugin[];
  /** What Falco's stock configuration appends (container and Kubernetes fields) by default. */
  readonly appendOutput?: readonly AppendedOutput[];
  readonly selection?: readonly RuleSelector[];
  /** Rules less urgent than this are loaded but not active; Debug by default. */
  readonly minimumPriority?: RulePriority;
}

/** Something a person should know about a rule file. */
export interface RuleDiagnostic {
  readonly severity: "error" | "warning";
  /** Falco's own code (LOAD_ERR_…, LOAD_…), or RULES_… for a limit of ours. */
  readonly code: string;
  /** Falco's own words. */
  readonly message: string;
  readonly file: string;
  /** In that file; from 1 when shown. */
  readonly span: Span;
  readonly line: number;
  readonly column: number;
  readonly frame: string;
  /** Outermost first: "rule \"x\"", "exception \"y\"", "macro \"z\"". */
  readonly within: readonly string[];
  /** One imperative sentence. */
  readonly fix: string;
}

export interface RuleSetLoad {
  /** True where Falco would start with these files. */
  readonly ok: boolean;
  /** All that could be loaded, even when some items could not. */
  readonly ruleSet: RuleSet;
  /** Of all files, in file order, then by place. */
  readonly diagnostics: readonly RuleDiagnostic[];
}
