import { skippedFile } from "../../rules/lint/skipped-file.ts";
import { load, type RulesFlags } from "./loaded-rules.ts";
import { report } from "./report.ts";

export async function validateRules(paths: readonly string[], flags: RulesFlags): Promise<void> {
  const loaded = await load(paths, flags);
  report([...loaded.skipped.map(skippedFile), ...loaded.diagnostics], loaded, flags);
}
