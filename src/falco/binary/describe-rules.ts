import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { RulesDescription } from "../../rules/describe.ts";
import { askFalco, checkFiles } from "./ask-falco.ts";
import type { FalcoAnswer, FalcoCall, FalcoRuleFile } from "./falco-binary.ts";
import { isObject, jsonIn } from "./read-document.ts";
import type { RunContext } from "./start-run.ts";

/**
 * `falco -L` over the files, or one rule of it; Falco's own shape is taken as it is once it has a list of rules. One rule
 * is picked here and not by `-l`, so that its name never is an argument of a program.
 */
export async function describeRules(
  context: RunContext,
  files: readonly FalcoRuleFile[],
  rule: string | undefined,
  call: FalcoCall,
): Promise<FalcoAnswer<RulesDescription>> {
  checkFiles(files);
  const answer = await askFalco(context, { ...call, action: "describe", files }, (text) => {
    const document = jsonIn(text);
    if (!Array.isArray(document?.rules)) return undefined;
    const empty = { required_engine_version: "0.0.0", required_plugin_versions: [], macros: [], lists: [] };
    return { ...empty, ...document } as unknown as RulesDescription;
  });
  if (rule === undefined || answer.failure !== undefined) return answer;
  const { value, warnings } = answer;
  const rules = value.rules.filter((described) => isObject(described?.info) && described.info.name === rule);
  if (rules.length > 0) return { value: { ...value, rules, macros: [], lists: [] }, warnings };
  const message = `falco loads no rule named ${JSON.stringify(rule)} from these files`;
  const fix = "Pass the name of a rule that search_rules lists for these files.";
  return { failure: new FalcoSkillsError("RULE_NOT_FOUND", message, { fix }), warnings };
}
