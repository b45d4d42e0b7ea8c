import type { z } from "zod";
import type { FalcoFinding } from "../rules/falco-finding.ts";
import type { FalcoLoadResult } from "../rules/falco-load-results.ts";
import { fixFor } from "../rules/fixes.ts";
import type { StoredRuleSet } from "../rules/library/rule-library.ts";
import type { EngineChoice, Engines } from "../runs/choose-engine.ts";
import type { Engine, EngineVerdict } from "../runs/engine.ts";
import { verdictsCompared } from "./compare-view.ts";
import { engineOf } from "./run-view.ts";
import type { ToolContext } from "./tool.ts";
import { type FINDING, findingPaths, showFinding } from "./tools/load-rules.ts";

type Problem = z.input<typeof FINDING>;

/** Whether Falco would start with the set, by the engine that was chosen; kept as a run. */
export async function validateSet(
  set: StoredRuleSet,
  { engine: choice, compare }: { readonly engine: EngineChoice; readonly compare: boolean },
  { services, caller, signal }: ToolContext,
) {
  const { ruleSet, digest } = set;
  const { chooseEngine } = await import("../runs/choose-engine.ts");
  const engines = await services.engines();
  const { engine, note } = chooseEngine(engines, compare ? "falco" : choice, ruleSet.engineVersion);
  const begun = await services.runs.begin({
    mode: "validate",
    engine: engine.name,
    caller,
    rules: { set: set.name, digest, engineVersion: engine.engineVersion },
    ...(engine.falcoVersion === undefined ? {} : { falcoVersion: engine.falcoVersion }),
  });
  const { ok, problems, warnings, verdict } = await verdictOf(engine, set, signal);
  const run = await services.runs.end(begun, { state: "finished", ok });
  const errors = problems.filter(({ severity }) => severity === "error").length;
  return {
    data: {
      run_id: run.id,
      engine: engineOf(run),
      state: "finished",
      ok,
      rules_digest: digest,
      rules_run: ruleSet.rules.filter(({ active }) => active).length,
      problems,
      ...(compare && verdict !== undefined ? { compared: await compared(verdict, engines, set) } : {}),
    },
    source: { kind: "rule set", looked_at: ruleSet.rules.length },
    warnings: [
      ...(ok ? [] : [`Falco would not start with this set: ${errors} ${errors === 1 ? "error" : "errors"}`]),
      ...(note === undefined ? [] : [note]),
      ...warnings,
    ],
    untrusted: [...findingPaths("problems"), "compared.differences"],
  };
}

/** The embedded engine tells all errors of all files, with fixes; Falco the first of each. */
async function verdictOf(engine: Engine, set: StoredRuleSet, signal: AbortSignal) {
  if (engine.name === "embedded") {
    const errorsFirst = [...set.diagnostics].sort((left, right) => rank(left.severity) - rank(right.severity));
    return { ok: set.ok, problems: errorsFirst.map(showFinding), warnings: [], verdict: undefined };
  }
  const verdict = await engine.validate(set, signal);
  return { ok: verdict.ok, problems: problemsOf(verdict), warnings: verdict.warnings, verdict };
}

/** Where the embedded engine says something else than Falco has said. */
async function compared(falco: EngineVerdict, engines: Engines, set: StoredRuleSet) {
  const { compareVerdicts } = await import("../falco/binary/compare-engines.ts");
  const embedded = engines.embedded(set.ruleSet.engineVersion);
  return verdictsCompared(compareVerdicts(falco, await embedded.validate(set)), `embedded ${embedded.engineVersion}`);
}

const rank = (severity: string): number => (severity === "error" ? 0 : 1);

function problemsOf({ results, fatal }: EngineVerdict): Problem[] {
  const said = fatal === undefined ? [] : [{ ...NOWHERE, code: "FALCO_ENDED", message: fatal }];
  const found = (severity: "error" | "warning", pick: (result: FalcoLoadResult) => readonly FalcoFinding[]) =>
    results.flatMap(pick).map((finding) => problemOf(severity, finding));
  return [...said, ...found("error", ({ errors }) => errors), ...found("warning", ({ warnings }) => warnings)];
}

const NOWHERE = {
  severity: "error" as const,
  at: "",
  fix: "Mend what Falco says here, then validate again.",
};

/** Falco counts lines and columns from 0, and places inside conditions are none of the file. */
function problemOf(severity: "error" | "warning", { code, message, context }: FalcoFinding): Problem {
  const inFile = context.locations.filter(({ item_type }) => item_type !== "condition expression");
  const place = inFile.at(-1)?.position;
  const within = inFile
    .filter(({ item_type, item_name }) => item_name !== "" && NAMED.has(item_type))
    .map(({ item_type, item_name }) => `${item_type} ${JSON.stringify(item_name)}`);
  return {
    code,
    severity,
    message,
    at: place === undefined ? "" : `${place.name}:${place.line + 1}:${place.column + 1}`,
    ...(context.snippet === "" ? {} : { frame: context.snippet.trimEnd().split("\n") }),
    ...(within.length === 0 ? {} : { within }),
    fix: fixFor({ code, message }),
  };
}

const NAMED = new Set(["list", "macro", "rule", "exception"]);
