import { visible } from "../../text/visible.ts";
import { openLibrary } from "../named-rules.ts";
import { colors, printJson, printLine } from "../print.ts";
import { printTable } from "../print-table.ts";
import { load, type RulesFlags } from "./loaded-rules.ts";

export async function listRules(paths: readonly string[], flags: RulesFlags): Promise<void> {
  if (paths.length === 0) return listSets(flags);
  const { ruleSet } = await load(paths, flags);
  const rows = ruleSet.rules.map(({ name, priority, source, active, tags, history }) => {
    const at = history[0]?.at;
    return { name, priority, source, active, tags, at: at === undefined ? "" : `${at.file}:${at.line}` };
  });
  if (flags.format === "json") return printJson({ digest: ruleSet.digest, rules: rows });
  printTable(
    ["priority", "source", "runs", "rule"],
    rows.map(({ name, priority, source, active }) => [priority, source, active ? "yes" : "no", name]),
  );
}

async function listSets(flags: RulesFlags): Promise<void> {
  const { sets, faults } = await (await openLibrary(flags.home)).list();
  if (flags.format === "json") return printJson({ sets, faults });
  printTable(
    ["set", "digest", "rules", "loads", "loaded at"],
    sets.map(({ name, digest, rules, ok, loadedAtMs }) => [
      name,
      digest.slice(0, 12),
      String(rules),
      ok ? "yes" : "no",
      new Date(loadedAtMs).toISOString(),
    ]),
  );
  for (const fault of faults) printLine(`${colors.red("fault")}: ${visible(fault)}`);
}
