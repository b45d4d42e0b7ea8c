import type { Priority } from "../alert/alert.ts";
import type { YamlDialect } from "./yaml/cursor.ts";

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
  readonly minimumPriority?: Priority;
  /** The YAML library that Falco was built with; the one in Falco's own packages by default. */
  readonly yamlDialect?: YamlDialect;
}
