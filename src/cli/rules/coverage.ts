import { writeFile } from "node:fs/promises";
import { navigatorLayer } from "../../rules/attack/navigator-layer.ts";
import { coverageOf } from "../../rules/attack/rule-coverage.ts";
import { visible } from "../../text/visible.ts";
import { colors, printJson, printLine } from "../print.ts";
import { printTable } from "../print-table.ts";
import { load, type RulesFlags } from "./loaded-rules.ts";

export async function showCoverage(paths: readonly string[], flags: RulesFlags): Promise<void> {
  const { ruleSet } = await load(paths, flags);
  const coverage = coverageOf(ruleSet);
  if (flags.layer !== undefined) {
    await writeFile(flags.layer, `${JSON.stringify(navigatorLayer("Falco rules", coverage), null, 2)}\n`);
  }
  if (flags.format === "json") return printJson(coverage);
  printTable(
    ["tactic", "covered", "rules", "techniques named"],
    coverage.tactics.map(({ tactic, techniques, covered, rules }) => [
      tactic.name,
      `${covered} of ${techniques}`,
      String(rules),
      coverage.techniques
        .filter((entry) => entry.rules.length > 0 && entry.technique.tactics.includes(tactic.shortName))
        .map(({ technique }) => technique.id)
        .join(" "),
    ]),
  );
  printLine();
  printLine(
    `${coverage.active} of ${coverage.rules} rules run; ${coverage.untagged.length} of these have no ATT&CK tag`,
  );
  printLine(
    `most watched events: ${coverage.events
      .slice(0, 12)
      .map(({ name, rules }) => `${name} ${rules}`)
      .join(", ")}`,
  );
  for (const { rule, fault } of coverage.faults) {
    printLine(
      `${colors.yellow("tag")} ${visible(`${fault.tag} ${fault.message}`)} ${colors.dim(`in ${visible(rule)}`)}`,
    );
  }
}
