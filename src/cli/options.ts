import { Option } from "commander";

/** Options that many commands share, in one wording. */

export const home = (): Option =>
  new Option("--home <folder>", "data folder; default: the platform's place for program data").env("FALCO_SKILLS_HOME");

export const json = (): Option => new Option("--json", "print JSON");

/** The option can be set as FALCO_SKILLS_<NAME> too. */
export function fromEnvironment(flags: string, description: string): Option {
  const option = new Option(flags, description);
  return option.env(`FALCO_SKILLS_${option.name().toUpperCase().replaceAll("-", "_")}`);
}

/** Each use of a repeatable option adds one value. */
export const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** Each use of a repeatable option adds values that stand between commas. */
export const collectList = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...value
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== ""),
];
