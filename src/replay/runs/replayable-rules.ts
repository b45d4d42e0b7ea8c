import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import {
  type LoadedPlugin,
  type LoadOptions,
  loadRules,
  type RuleFile,
  type RuleSetLoad,
} from "../../rules/load-rules.ts";
import type { RunInput } from "./run.ts";

/**
 * The plugins that are done without here, by the releases whose fields are read: what they bring is in json-sources and
 * in the state of captures. No release of them has another major version, so rules that ask for older ones load.
 */
const READ_WITHOUT_PLUGIN: readonly LoadedPlugin[] = [
  { name: "container", version: "0.7.1", sources: [] },
  { name: "json", version: "0.7.3", sources: [] },
  { name: "k8saudit", version: "0.18.0", sources: ["k8s_audit"] },
  { name: "cloudtrail", version: "0.14.0", sources: ["aws_cloudtrail"] },
  { name: "gcpaudit", version: "0.7.0", sources: ["gcp_auditlog"] },
  { name: "okta", version: "0.13.0", sources: ["okta"] },
  { name: "github", version: "0.9.0", sources: ["github"] },
];

const NEEDS_PLUGIN: ReadonlySet<string> = new Set(["LOAD_UNKNOWN_SOURCE", "RULES_PLUGIN_MISSING"]);

export interface LoadedFiles extends RuleSetLoad {
  readonly files: readonly RuleFile[];
  readonly options: LoadOptions;
}

/**
 * The rules as runs over these kinds of input use them: with those of plugin sources, which Falco loads only beside their
 * plugins and which need none here. The same set where no rule waits for a plugin, and for captures alone: they need no
 * rule of a plugin, and like Falco, which passes over such rules, a run stumbles over none of them.
 */
export function replayableRules(loaded: LoadedFiles, kinds: readonly RunInput["kind"][]): RuleSetLoad {
  if (loaded.ok && kinds.every((kind) => kind === "capture")) return loaded;
  if (!loaded.diagnostics.some(({ code }) => NEEDS_PLUGIN.has(code))) return loaded;
  const given = loaded.options.plugins ?? [];
  const added = READ_WITHOUT_PLUGIN.filter(({ name }) => !given.some((plugin) => plugin.name === name));
  return loadRules(loaded.files, { ...loaded.options, plugins: [...given, ...added] });
}

/** The set as runs use it. Fails with REPLAY_RULES_BROKEN for one that Falco would not start with. */
export function requireRunnable(
  set: LoadedFiles & { readonly name: string },
  kinds: readonly RunInput["kind"][],
): RuleSetLoad {
  const rules = replayableRules(set, kinds);
  if (rules.ok) return rules;
  const errors = rules.diagnostics.filter(({ severity }) => severity === "error").length;
  throw new FalcoSkillsError(
    "REPLAY_RULES_BROKEN",
    `rule set ${JSON.stringify(set.name)} has ${errors} ${errors === 1 ? "error" : "errors"}: Falco would not start`,
    { fix: "Call run_falco with mode validate to see them, correct them and load the rules again with load_rules." },
  );
}
