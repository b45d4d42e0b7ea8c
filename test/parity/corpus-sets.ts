import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RuleFile } from "../../src/rules/load-rules.ts";

/** One rule set of the corpus. */
export interface Named {
  readonly id: string;
  readonly files: readonly RuleFile[];
}

export function realSets(corpus: string): Named[] {
  const folder = join(corpus, "real");
  const cases = readdirSync(folder).filter((name) => existsSync(join(folder, name, "case.json")));
  return cases.map((name) => {
    const { id, files } = JSON.parse(readFileSync(join(folder, name, "case.json"), "utf8")) as {
      readonly id: string;
      readonly files: readonly { readonly name: string; readonly path: string }[];
    };
    return {
      id,
      files: files.map((file) => ({ name: file.name, text: readFileSync(join(folder, file.path), "utf8") })),
    };
  });
}

export const mutantSets = (corpus: string): Named[] => jsonLines(join(corpus, "mutants/mutants.jsonl"));

export function conditionSets(corpus: string): Named[] {
  const path = join(corpus, "conditions/conditions.jsonl");
  return jsonLines<{ readonly id: string; readonly condition: string }>(path).map(({ id, condition }) => ({
    id,
    files: [{ name: "condition.yaml", text: ruleWith(condition) }],
  }));
}

const ruleWith = (condition: string): string =>
  `- rule: test rule\n  desc: test\n  condition: ${JSON.stringify(condition)}\n  output: test\n  priority: INFO\n`;

function jsonLines<T>(path: string): T[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as T);
}

/** As many as were asked for, chosen by the seed and their ids alone. */
export function sampled(sets: readonly Named[], count: number, seed: string): readonly Named[] {
  const place = ({ id }: Named): string => createHash("sha256").update(`${seed} ${id}`).digest("hex");
  const placed = sets.map((set) => [place(set), set] as const).sort(([left], [right]) => (left < right ? -1 : 1));
  return placed.slice(0, count).map(([, set]) => set);
}
