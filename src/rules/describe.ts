import { printCondition } from "../condition/print-condition.ts";
import type { CompiledRule } from "./compile.ts";
import type { FilesOutcome } from "./rule-files.ts";
import { formatVersion } from "./version.ts";

/** What `falco -L -o json_output=true` says of the loaded rules, macros and lists. */
export function describeRules({ collector, compilation }: FilesOutcome): object {
  return {
    required_engine_version: formatVersion(collector.requiredEngine),
    required_plugin_versions: collector.requiredPlugins.map(({ requirement }) => requirement),
    rules: compilation.rules.map(describeRule),
  };
}

function describeRule({ collected, analysis, output, tree }: CompiledRule): object {
  return {
    info: { name: collected.name },
    details: { condition_compiled: printCondition(tree), output_compiled: output, events: analysis.events().names },
  };
}
