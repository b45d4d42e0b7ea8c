import { join } from "node:path";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { replayableRules } from "../replay/runs/replayable-rules.ts";
import type { RunInput } from "../replay/runs/run.ts";
import { readRuleFiles, type SkippedFile } from "../rules/library/read-rule-files.ts";
import type { RuleLibrary } from "../rules/library/rule-library.ts";
import { type LoadOptions, loadRules, type RuleFile, type RuleSetLoad } from "../rules/load-rules.ts";
import type { RuleSet } from "../rules/rule-set.ts";
import { newId, nowMs } from "./ambient.ts";
import { homeFolder } from "./settings.ts";

/**
 * The rule set of these paths in load order, or of one set:NAME (or set:NAME@DIGEST) in home, for runs over these kinds of
 * input. Fails with REPLAY_RULES_BROKEN for rules that Falco would not start with, and as reading them does.
 */
export async function namedRules(
  paths: readonly string[],
  kinds: readonly RunInput["kind"][],
  homeFlag: string | undefined,
): Promise<RuleSet> {
  const { files, options, loaded } = await namedRuleFiles(paths, homeFlag);
  const { ok, ruleSet } = replayableRules({ ...(loaded ?? loadRules(files, options)), files, options }, kinds);
  return ok ? ruleSet : broken(paths.join(", "));
}

/** The files behind such paths, and how they load. */
export async function namedRuleFiles(paths: readonly string[], homeFlag: string | undefined): Promise<NamedFiles> {
  const [first = ""] = paths;
  if (paths.length !== 1 || !first.startsWith("set:")) {
    return { ...(await readRuleFiles(paths)), options: {}, loaded: undefined };
  }
  const library = await openLibrary(homeFlag);
  const [name = "", digest] = first.slice("set:".length).split("@");
  const set = await library.get(name, digest);
  return { files: set.files, skipped: [], options: set.options, loaded: set };
}

/** The rule sets of home. Only commands about them need the library, and it is not small. */
export async function openLibrary(homeFlag: string | undefined): Promise<RuleLibrary> {
  const { openRuleLibrary } = await import("../rules/library/open-rule-library.ts");
  return openRuleLibrary({ folder: join(homeFolder(homeFlag, process.env), "rules"), nowMs, newId });
}

interface NamedFiles {
  readonly files: readonly RuleFile[];
  /** What Falco would not read, and why. */
  readonly skipped: readonly SkippedFile[];
  readonly options: LoadOptions;
  /** Where they come from a set of home, which is loaded already. */
  readonly loaded: RuleSetLoad | undefined;
}

function broken(what: string): never {
  throw new FalcoSkillsError("REPLAY_RULES_BROKEN", `Falco would not start with ${JSON.stringify(what)}`, {
    fix: "Run falco-skills rules validate on them and correct what it shows.",
  });
}
