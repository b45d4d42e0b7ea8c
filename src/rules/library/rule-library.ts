import type { LoadOptions, RuleDiagnostic, RuleFile } from "../load-rules.ts";
import type { Rule, RuleSet } from "../rule-set.ts";
import type { RuleFilesRead } from "./read-rule-files.ts";

/** A rule set as home keeps it: the files byte for byte, under a name, found again by their digest. */
export interface StoredRuleSet {
  readonly name: string;
  /** SHA-256 (hex) over the names and bytes of its files, in load order. */
  readonly digest: string;
  readonly loadedAtMs: number;
  /** Where the files came from: paths, "inline" or "builtin". */
  readonly origin: readonly string[];
  readonly options: StoredOptions;
  /** True where Falco would start with these files. */
  readonly ok: boolean;
  readonly ruleSet: RuleSet;
  readonly diagnostics: readonly RuleDiagnostic[];
  readonly files: readonly RuleFile[];
}

/** What of the loading is kept, so that the set loads the same next time. */
export type StoredOptions = Pick<LoadOptions, "engineVersion" | "plugins">;

/** One line of a listing: nothing is loaded for it. */
export interface RuleSetEntry {
  readonly name: string;
  /** Of the version that is current. */
  readonly digest: string;
  readonly loadedAtMs: number;
  readonly origin: readonly string[];
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
  readonly rules: number;
  readonly ok: boolean;
  /** Digests of earlier versions that are still kept, newest first. */
  readonly earlier: readonly string[];
}

export interface FoundRule {
  readonly set: StoredRuleSet;
  readonly rule: Rule;
}

/** The rule sets of one home folder; several processes may use it at once. */
export interface RuleLibrary {
  /** The rule files at these paths, each path inside the roots that the library was opened with. */
  read(paths: readonly string[]): Promise<RuleFilesRead>;
  /** The rule files that the installed skills bring along. */
  builtin(): Promise<RuleFilesRead>;
  /** Loads the files, keeps them under the name and makes that version the current one, also when they have errors. */
  load(name: string, files: readonly RuleFile[], options?: LoadIntoLibrary): Promise<StoredRuleSet>;
  /** The current version, or that of a digest (or its first characters). Fails with RULES_SET_NOT_FOUND. */
  get(name: string, digest?: string): Promise<StoredRuleSet>;
  /** Sorted by name; damaged ones are left out and named in faults. */
  list(): Promise<{ readonly sets: readonly RuleSetEntry[]; readonly faults: readonly string[] }>;
  /** The rule of that exact name in every set that has it, the most recently loaded set first. */
  findRule(rule: string): Promise<readonly FoundRule[]>;
  /** The rule's items as they stand in the files of the most recently loaded set that has it. */
  ruleText(rule: string): Promise<RuleText | undefined>;
}

export interface LoadIntoLibrary extends StoredOptions {
  readonly origin?: readonly string[];
}

export interface RuleText {
  readonly set: string;
  readonly digest: string;
  readonly description: string;
  /** YAML, one item after the other in load order; at most 20,000 characters. */
  readonly text: string;
}
