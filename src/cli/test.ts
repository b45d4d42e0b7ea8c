import { readFile, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { FalcoSkillsError } from "../errors/falco-skills-error.ts";
import { readRuleTests } from "../replay/rule-tests/read-rule-tests.ts";
import type { CaseResult, RuleTestCase } from "../replay/rule-tests/rule-test.ts";
import {
  type AlertChange,
  type AlertComparison,
  compareAlerts,
  runRuleTests,
} from "../replay/rule-tests/run-rule-tests.ts";
import { toJunit } from "../replay/rule-tests/to-junit.ts";
import type { RunInput } from "../replay/runs/run.ts";
import { visible } from "../text/visible.ts";
import { namedRules } from "./named-rules.ts";
import { colors, printJson, printLine } from "./print.ts";
import { progressLine } from "./progress-line.ts";

export interface TestFlags {
  readonly rules?: readonly string[];
  readonly against?: readonly string[];
  readonly json?: boolean;
  readonly junit?: string;
  readonly home?: string;
}

/** Runs the cases of a file and prints what holds and what does not; a case that fails ends with exit code 1. */
export async function testRules(file: string, flags: TestFlags): Promise<void> {
  const tests = readRuleTests(await readText(file), file);
  const folder = dirname(resolve(file));
  const paths = flags.rules ?? tests.rules.map((path) => (path.startsWith("set:") ? path : resolve(folder, path)));
  if (paths.length === 0) {
    throw new FalcoSkillsError("INVALID_ARGUMENT", `${JSON.stringify(file)} names no rules`, {
      fix: "Add rules to the file or pass --rules.",
    });
  }
  const cases = tests.cases.map((test): RuleTestCase => ({ ...test, input: beside(folder, test.input) }));
  const kinds = cases.map(({ input }) => input.kind);
  const ruleSet = await namedRules(paths, kinds, flags.home);
  const line = progressLine();
  const options = {
    matching: tests.matching,
    onProgress: ({ events }: { readonly events: number }) => line.show(`${events} events read`),
  };
  const results = await runRuleTests(cases, ruleSet, options);
  const compared =
    flags.against === undefined
      ? undefined
      : await compareAlerts(inputsOf(cases), await namedRules(flags.against, kinds, flags.home), ruleSet, options);
  line.clear();
  if (flags.junit !== undefined) await writeFile(flags.junit, toJunit(results));
  const failed = results.filter(({ ok }) => !ok).length;
  if (failed > 0) process.exitCode = 1;
  if (flags.json === true) {
    return printJson({ passed: results.length - failed, failed, cases: results, ...(compared && { compared }) });
  }
  for (const result of results) printCase(result);
  if (compared !== undefined) printComparison(compared);
  printLine((failed > 0 ? colors.red : colors.green)(`${results.length - failed} passed, ${failed} failed`));
}

const beside = (folder: string, input: RunInput): RunInput => ({ ...input, path: resolve(folder, input.path) });

function inputsOf(cases: readonly RuleTestCase[]): readonly RunInput[] {
  return [...new Map(cases.map(({ input }) => [JSON.stringify(input), input])).values()];
}

function printCase({ name, ok, checks, fault }: CaseResult): void {
  printLine(`${ok ? colors.green("pass") : colors.red("FAIL")} ${visible(name)}`);
  if (fault !== undefined) printLine(`  ${colors.red(fault.code)}: ${visible(fault.message)}`);
  for (const check of checks) {
    if (check.ok) continue;
    printLine(`  ${check.kind} ${visible(check.rule)}: ${visible(check.message)}`);
    for (const { eventNumber, output } of check.alerts)
      printLine(colors.dim(`    event ${eventNumber}: ${visible(output)}`));
  }
}

function printComparison({ lost, gained, lostCount, gainedCount, same }: AlertComparison): void {
  for (const change of lost) printChange(colors.red("lost  "), change);
  for (const change of gained) printChange(colors.green("gained"), change);
  printLine(`${same} alerts stay, ${lostCount} are lost, ${gainedCount} are gained`);
}

function printChange(sign: string, { rule, eventNumber, output, input }: AlertChange): void {
  printLine(`${sign} ${visible(rule)} ${colors.dim(`event ${eventNumber} of ${visible(input)}: ${visible(output)}`)}`);
}

async function readText(file: string): Promise<string> {
  return readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    const isMissing = cause.code === "ENOENT" || cause.code === "ENOTDIR";
    throw new FalcoSkillsError(
      isMissing ? "FILE_NOT_FOUND" : "FILE_UNREADABLE",
      `tests ${JSON.stringify(file)} ${isMissing ? "do not exist" : "cannot be read"}`,
      { fix: "Name a YAML file of rule tests; docs/rule-tests.md shows its form.", where: file, cause },
    );
  });
}
