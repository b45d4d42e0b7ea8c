import { spawnSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * `npm run parity`: holds the engine against the real Falco's recorded answers, where they lie beside this checkout, and
 * ends with 1 below a threshold. Without them it says so and ends with 0. docs/parity.md explains what differs and why.
 */
const BESIDE = resolve(import.meta.dirname, "../../../shared");
// A comparer that is started through a link believes that it was imported, and compares nothing.
const RECORDED = existsSync(BESIDE) ? realpathSync(BESIDE) : BESIDE;
const CAPTURES = join(RECORDED, "captures");

const TSX = fileURLToPath(import.meta.resolve("tsx/cli"));

const npm = (script: string): string[] => ["npm", "run", "-s", `parity:${script}`];

const captures = (options: string[], mode: string, ...rest: string[]): string[] => [
  join(CAPTURES, "compare.mjs"),
  ...options,
  mode,
  CAPTURES,
  ...rest,
];

const COMPARISONS: readonly (readonly [name: string, args: readonly string[]])[] = [
  [
    "rules and conditions, as the loader sees them",
    [
      join(RECORDED, "corpus/compare.mjs"),
      ...["verdict=99.5", "code=99", "message=97", "warnings=98", "events=99.5", "compiled=99"].map(
        (min) => `--min-${min}`,
      ),
      join(RECORDED, "corpus/open"),
      ...npm("rules"),
    ],
  ],
  // Falco 0.44 dies on the capture called lifecycle (signal 11), so there is nothing to match there.
  [
    "alerts",
    captures(["--min=100", "--only=^(?!lifecycle)"], "alerts", join(RECORDED, "rules-official"), ...npm("alerts")),
  ],
  ["conditions on captures", captures(["--min=99"], "conditions", ...npm("conditions"))],
  ["field values", [TSX, join(import.meta.dirname, "field-values.ts"), CAPTURES, "99.5"]],
  ["exported OSCAL against the official schema", [TSX, join(import.meta.dirname, "oscal.ts")]],
];

if (!existsSync(CAPTURES)) console.log("parity: skipped, the recorded answers are not beside this checkout");
else {
  for (const [name, args] of COMPARISONS) {
    console.log(`\n== ${name}`);
    const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
    if (status !== 0) process.exitCode = 1;
  }
}
