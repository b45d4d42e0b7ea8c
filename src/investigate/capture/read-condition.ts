import type { Node } from "../../condition/ast.ts";
import { checkCondition } from "../../condition/check-condition.ts";
import { parseCondition } from "../../condition/parse-condition.ts";
import { FalcoSkillsError } from "../../errors/falco-skills-error.ts";
import type { LoadOptions, RuleFile } from "../../rules/load-rules.ts";
import { codeFrame } from "../../text/code-frame.ts";

/** Rule files whose macros and lists a condition may use. */
export interface ConditionRules {
  readonly files: readonly RuleFile[];
  readonly options: LoadOptions;
}

const CONTEXT = { source: "syscall" } as const;
const FIX =
  "Correct the condition; it takes Falco's fields and operators, and macros and lists of a rule set that is named.";

/** The tree of a condition's text. Fails with CONDITION_NOT_COMPILED, the place marked. */
export async function readCondition(condition: string, rules: ConditionRules | undefined): Promise<Node> {
  if (rules !== undefined) return readWithRules(condition, rules);

  const { node, error } = parseCondition(condition);
  if (error) throw refused(error.message, codeFrame(condition, error.span));
  const fault = checkCondition(node, CONTEXT).find(({ severity }) => severity === "error");
  if (fault) throw refused(fault.message, codeFrame(condition, fault.span));
  return node;
}

const QUESTION = "question";

/** The condition as that of one more rule behind the others: so macros and lists mean exactly what they mean to rules. */
async function readWithRules(condition: string, { files, options }: ConditionRules): Promise<Node> {
  // The loader is not small, and most conditions do without.
  const { loadRules } = await import("../../rules/load-rules.ts");
  const text = `- rule: ${QUESTION}\n  desc: d\n  condition: ${JSON.stringify(condition)}\n  output: o\n  priority: INFO\n`;
  const { ruleSet, diagnostics } = loadRules([...files, { name: QUESTION, text }], options);
  const fault = diagnostics.find(({ file, severity }) => file === QUESTION && severity === "error");
  const rule = ruleSet.rules.find(({ name }) => name === QUESTION);
  if (fault === undefined && rule !== undefined) return rule.tree;
  throw refused(fault?.message ?? "the rule set does not load", condition);
}

function refused(message: string, frame: string): FalcoSkillsError {
  return new FalcoSkillsError("CONDITION_NOT_COMPILED", message, { fix: FIX, where: frame });
}
