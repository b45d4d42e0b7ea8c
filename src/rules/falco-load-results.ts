import { buildRuleSet } from "./build-rule-set.ts";
import { FatalLoad } from "./compile.ts";
import { describeRules, type RulesDescription } from "./describe.ts";
import { type FalcoFinding, falcoFinding } from "./falco-finding.ts";
import type { LoadOptions, RuleFile } from "./load-options.ts";
import { loadSettings } from "./load-settings.ts";
import { missingPlugins } from "./missing-plugins.ts";
import { type FilesOutcome, loadFiles } from "./rule-files.ts";
import { checkSchema } from "./schema-check.ts";

/** What Falco says of one file: an element of `falco_load_results`. */
export interface FalcoLoadResult {
  readonly name: string;
  readonly successful: boolean;
  readonly schema_valid?: boolean;
  readonly schema_warnings?: readonly string[];
  readonly errors: readonly FalcoFinding[];
  readonly warnings: readonly FalcoFinding[];
}

/** Results a file, or the words with which Falco ends without any. */
export type FalcoVerdict =
  | {
      readonly results: readonly FalcoLoadResult[];
      /** What `-L` adds; undefined where a file has errors. */
      readonly describe: () => RulesDescription | undefined;
      readonly fatal?: never;
    }
  | { readonly results?: never; readonly describe?: never; readonly fatal: string };

/**
 * What `falco -V file… -o json_output=true` prints for these files: the first error of each, its warnings up to there,
 * places by Falco's own arithmetic. Fails with INVALID_ARGUMENT for an unknown engine version.
 */
export function falcoLoadResults(files: readonly RuleFile[], options: LoadOptions = {}): FalcoVerdict {
  const settings = loadSettings(options);
  try {
    const outcome = loadFiles(files, settings, true, (collector) => {
      const [missing] = missingPlugins(collector, settings.plugins);
      if (missing !== undefined) throw new FatalLoad(`Error: ${missing.message}`);
    });
    const results = outcome.files.map(fileResult);
    const successful = results.every((result) => result.successful);
    const describe = () => (successful ? describeRules(buildRuleSet(outcome, settings), settings.plugins) : undefined);
    return { results, describe };
  } catch (thrown) {
    if (thrown instanceof FatalLoad) return { fatal: thrown.message };
    throw thrown;
  }
}

function fileResult({ file, findings, documents, isYaml }: FilesOutcome["files"][number]): FalcoLoadResult {
  const errors = findings.filter(({ severity }) => severity === "error").map(falcoFinding);
  const warnings = findings.filter(({ severity }) => severity === "warning").map(falcoFinding);
  const successful = errors.length === 0;
  if (!isYaml) return { name: file.name, successful, errors, warnings };
  const { valid, warnings: schemaWarnings } = checkSchema(documents);
  // A file without any document is held against nothing.
  const schema = documents.length === 0 ? {} : { schema_valid: valid, schema_warnings: schemaWarnings };
  return { name: file.name, successful, ...schema, errors, warnings };
}
