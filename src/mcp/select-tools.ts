import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { nearestNames } from "../text/nearest-names.ts";
import { TOOLSETS, type Tool } from "./tool.ts";

export interface ToolFlags {
  /** Only tools of these toolsets; undefined means all. */
  readonly toolsets: readonly string[] | undefined;
  readonly excludeTools: readonly string[];
  readonly readOnly: boolean;
  readonly allowChanges: boolean;
}

export interface Selection {
  readonly offered: readonly Tool[];
  readonly withheld: readonly { readonly tool: string; readonly by: string }[];
}

/**
 * The tools a server offers under its flags, and for each other tool the flag that withholds it. --read-only wins over
 * everything. Applied once at start: the list never changes while a server runs. Fails with INVALID_ARGUMENT on names
 * that do not exist, because a misspelt exclusion would silently offer the tool.
 */
export function selectTools(tools: readonly Tool[], flags: ToolFlags): Selection {
  checkNames("--toolsets", flags.toolsets ?? [], TOOLSETS);
  checkNames(
    "--exclude-tools",
    flags.excludeTools,
    tools.map(({ name }) => name),
  );
  const withheld: { tool: string; by: string }[] = [];
  const offered = tools.filter((tool) => {
    const by = withholder(tool, flags);
    if (by !== undefined) withheld.push({ tool: tool.name, by });
    return by === undefined;
  });
  return { offered, withheld };
}

function withholder({ name, effect, toolset }: Tool, flags: ToolFlags): string | undefined {
  if (flags.readOnly && effect !== "reads") return "--read-only";
  if (flags.excludeTools.includes(name)) return "--exclude-tools";
  if (flags.toolsets !== undefined && !flags.toolsets.includes(toolset)) return "--toolsets";
  if (effect === "changes" && !flags.allowChanges) return "no --allow-changes";
  return undefined;
}

function checkNames(flag: string, names: readonly string[], known: readonly string[]): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new FalcoSkillsError("INVALID_ARGUMENT", `${flag} names ${JSON.stringify(unknown)}, which does not exist`, {
    fix: `Use one of ${nearestNames(unknown, known, 3).join(", ")}; all of them: ${known.join(", ")}.`,
  });
}
