import { createInterface } from "node:readline";
import { falcoLoadResults } from "../../src/rules/falco-load-results.ts";
import type { RuleFile } from "../../src/rules/load-rules.ts";

/** One question a line: rule files in load order. The answer is what `falco -V … -o json_output=true` would print. */
interface Question {
  readonly id: string;
  readonly files: readonly RuleFile[];
}

// The real Falco's answers were recorded with a build that reads YAML with yaml-cpp 0.7.
const OPTIONS = { yamlDialect: "0.7" } as const;

function answer({ id, files }: Question): object {
  const { results, describe, fatal } = falcoLoadResults(files, OPTIONS);
  if (fatal !== undefined) return { id, load_results: null, fatal };
  const description = describe();
  return { id, load_results: results, ...(description === undefined ? {} : { describe: description }) };
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
  if (line.trim() !== "") process.stdout.write(`${JSON.stringify(answer(JSON.parse(line) as Question))}\n`);
}
