import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { replayableRules } from "../replay/runs/replayable-rules.ts";
import { openRuleLibrary } from "../rules/library/open-rule-library.ts";
import { readRuleFiles } from "../rules/library/read-rule-files.ts";
import { loadRules } from "../rules/load-rules.ts";
import type { RuleSet } from "../rules/rule-set.ts";
import { homeFolder } from "./settings.ts";

/**
 * The rule set of these paths in load order, or of one set:NAME (or set:NAME@DIGEST) in home. Fails with
 * REPLAY_RULES_BROKEN for rules that Falco would not start with, and as reading them does.
 */
export async function namedRules(paths: readonly string[], homeFlag: string | undefined): Promise<RuleSet> {
  const [first = ""] = paths;
  if (paths.length === 1 && first.startsWith("set:")) {
    const folder = join(homeFolder(homeFlag, process.env), "rules");
    const library = openRuleLibrary({ folder, nowMs: () => Date.now(), newId: () => randomUUID().slice(0, 8) });
    const [name = "", digest] = first.slice("set:".length).split("@");
    const { ok, ruleSet } = replayableRules(await library.get(name, digest));
    return ok ? ruleSet : broken(first);
  }
  const { files } = await readRuleFiles(paths);
  const { ok, ruleSet } = replayableRules({ ...loadRules(files), files, options: {} });
  return ok ? ruleSet : broken(paths.join(", "));
}

function broken(what: string): never {
  throw new FalcoSkillsError("REPLAY_RULES_BROKEN", `Falco would not start with ${JSON.stringify(what)}`, {
    fix: "Run falco-skills rules validate on them and correct what it shows.",
  });
}
